"""How subscriptions fare, as the store remembers it: one behaviour, two engines."""

import msgspec

from tests.store.factories import NOW, kept, publication, settlement
from tidings.core.circuit import Circuit, CircuitState
from tidings.store.database import Database, LaneChange
from tidings.store.lanes import Health, Lanes

OPEN = Circuit(state=CircuitState.OPEN, failures=10, openings=1, opened_at=NOW, probe_at=NOW + 10)


def recorded(circuit: Circuit) -> str:
    return msgspec.json.encode(circuit).decode()


async def test_nothing_is_known_of_a_subscription_that_was_never_called(database: Database) -> None:
    assert await Lanes(database).health(1) == Health()
    assert await Lanes(database).open_circuits() == {}


async def test_counts_add_up_and_instants_are_the_last(database: Database, owner: int) -> None:
    [event] = await kept(database, publication(1), owner=owner)
    lanes = Lanes(database)
    await database.settle(
        [settlement(event)], [LaneChange(subscription=1, delivered=2, failed=1, succeeded_at=NOW)], owner=owner
    )

    await database.settle([], [LaneChange(subscription=1, delivered=3, refused_at=NOW + 5)], owner=owner)

    assert await lanes.health(1) == Health(delivered=5, failed=1, succeeded_at=NOW, refused_at=NOW + 5)


async def test_an_open_circuit_is_remembered_and_a_closed_one_forgotten(database: Database, owner: int) -> None:
    lanes = Lanes(database)
    changes = [
        LaneChange(subscription=1, circuit=recorded(OPEN)),
        LaneChange(subscription=2, circuit=recorded(OPEN)),
        LaneChange(subscription=3, delivered=1),
    ]
    await database.settle([], changes, owner=owner)
    assert await lanes.open_circuits() == {1: OPEN, 2: OPEN}
    assert (await lanes.health(1)).circuit == OPEN

    await database.settle([], [LaneChange(subscription=1, circuit=recorded(Circuit()))], owner=owner)

    assert await lanes.open_circuits() == {2: OPEN}
    assert (await lanes.health(1)).circuit == Circuit()
