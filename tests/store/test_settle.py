"""Settling debts: one behaviour, two engines."""

from typing import Any

import msgspec

from tests.store.conftest import Raw
from tests.store.factories import NOW, claimed, events_of, kept, publication, settlement
from tidings.core.delivery import Debt, State
from tidings.store.database import Database, LaneChange, Settlement


async def attempts(raw: Raw, columns: str = "state, is_final") -> list[tuple[Any, ...]]:
    return await raw(f"SELECT {columns} FROM attempt ORDER BY id")  # noqa: S608 - columns are ours


async def owed(raw: Raw) -> int:
    [(count,)] = await raw("SELECT count(*) FROM owed")
    return int(count)


async def test_a_delivered_debt_is_owed_no_more_and_its_attempt_is_kept(
    database: Database, owner: int, raw: Raw
) -> None:
    [id_] = await kept(database, publication(1))
    await claimed(database, 1, owner=owner)

    await database.settle([settlement(id_)], (), owner=owner)

    assert await owed(raw) == 0
    columns = "event, subscription, at, outcome, state, is_final, is_probe, status, error, address, answer, next_at"
    assert await attempts(raw, columns) == [
        (id_, 1, NOW, "ok", "delivered", 1, 0, 200, "", "127.0.0.1", b"\x00thanks", 0)
    ]
    [(headers, timings)] = await attempts(raw, "headers, timings")
    assert msgspec.json.decode(headers) == [["content-type", "text/plain"]]
    assert msgspec.json.decode(timings) == [0.1, 0.2, -1, 3.4, 5.6]


async def test_a_failed_attempt_postpones_the_debt_with_its_tries_and_first_attempt(
    database: Database, owner: int, raw: Raw
) -> None:
    [id_] = await kept(database, publication(1))
    [before] = await claimed(database, 1, owner=owner)

    await database.settle([settlement(id_, state=State.RETRYING, due=NOW + 10, tries=1)], (), owner=owner)

    assert await claimed(database, 1, owner=owner, now=NOW + 9) == []
    [after] = await claimed(database, 1, owner=owner, now=NOW + 10)
    assert after == Debt(event=before.event, subscription=1, due=NOW + 10, tries=1, first_at=NOW)
    assert await attempts(raw) == [("retrying", 0)]


async def test_a_delivery_that_is_given_up_is_owed_no_more(database: Database, owner: int, raw: Raw) -> None:
    [id_] = await kept(database, publication(1))
    await claimed(database, 1, owner=owner)

    await database.settle([settlement(id_, state=State.FAILED, tries=7)], (), owner=owner)

    assert await owed(raw) == 0
    assert await attempts(raw) == [("failed", 1)]


async def test_a_late_failure_changes_nothing_but_is_kept(database: Database, owner: int, raw: Raw) -> None:
    [id_] = await kept(database, publication(1))
    frozen = await database.enrol()
    await claimed(database, 1, owner=owner)

    await database.settle(
        [settlement(id_, state=State.RETRYING, due=NOW + 10, tries=1), settlement(id_, state=State.FAILED)],
        (),
        owner=frozen,
    )

    assert await raw("SELECT owner, tries FROM owed") == [(owner, 0)]
    assert await attempts(raw) == [("retrying", 0), ("failed", 0)]


async def test_a_late_success_settles_the_debt_whoever_has_it(database: Database, owner: int, raw: Raw) -> None:
    [id_] = await kept(database, publication(1))
    frozen = await database.enrol()
    await claimed(database, 1, owner=owner)

    await database.settle([settlement(id_)], (), owner=frozen)
    await database.settle([settlement(id_, state=State.RETRYING, due=NOW + 10, tries=1)], (), owner=owner)

    assert await owed(raw) == 0
    assert await attempts(raw) == [("delivered", 1), ("retrying", 0)]


async def test_a_late_success_overrules_a_failure(database: Database, owner: int, raw: Raw) -> None:
    first, second = await kept(database, publication(1), publication(1))
    await claimed(database, 1, owner=owner)
    await database.settle([settlement(first, state=State.FAILED)], (), owner=owner)

    await database.settle([settlement(first), settlement(second)], (), owner=owner)

    assert await attempts(raw) == [("failed", 0), ("delivered", 1), ("delivered", 1)]


async def test_a_delivery_that_was_made_twice_has_one_last_word(database: Database, owner: int, raw: Raw) -> None:
    first, second = await kept(database, publication(1), publication(1))
    await database.settle([settlement(first)], (), owner=owner)

    await database.settle([settlement(first), settlement(second), settlement(second)], (), owner=owner)

    assert await attempts(raw, "event, is_final") == [(first, 1), (first, 0), (second, 1), (second, 0)]


async def test_a_batch_settles_many_debts_of_many_lanes(database: Database, owner: int, raw: Raw) -> None:
    ids = await kept(database, *[publication(1, 2) for _ in range(300)])

    await database.settle([settlement(id_, to=lane) for id_ in ids for lane in (1, 2)], (), owner=owner)

    assert await owed(raw) == 0
    assert await attempts(raw) == [("delivered", 1)] * 600


async def test_counts_of_a_lane_are_added_and_its_instants_replaced(database: Database, owner: int, raw: Raw) -> None:
    changes = [
        LaneChange(subscription=1, delivered=2, succeeded_at=NOW, circuit='{"state":"open"}'),
        LaneChange(subscription=1, delivered=1, failed=1, refused_at=NOW + 1),
        LaneChange(subscription=2, failed=1),
    ]
    for change in changes:
        await database.settle((), [change], owner=owner)

    assert await raw(
        "SELECT subscription, delivered, failed, succeeded_at, refused_at, circuit FROM lane ORDER BY subscription"
    ) == [(1, 3, 1, NOW, NOW + 1, '{"state":"open"}'), (2, 0, 1, 0, 0, "")]


async def test_a_lane_keeps_its_pace_when_its_health_changes(database: Database, owner: int, raw: Raw) -> None:
    await database.settle((), [LaneChange(subscription=1, delivered=1)], owner=owner)

    assert await raw("SELECT tat FROM lane") == [(0.0,)]


async def test_nothing_to_settle_is_no_mistake(database: Database, owner: int, raw: Raw) -> None:
    await database.settle((), (), owner=owner)

    assert await attempts(raw) == []


async def test_a_debt_that_came_back_can_be_settled_by_whoever_claims_it_next(
    database: Database, owner: int, raw: Raw
) -> None:
    successor = await database.enrol()
    ids = await kept(database, publication(1, handed_over=True), owner=owner)
    await database.retire(owner)

    assert events_of(await claimed(database, 1, owner=successor)) == ids
    late: list[Settlement] = [settlement(ids[0], state=State.FAILED)]
    await database.settle(late, (), owner=owner)
    assert await owed(raw) == 1
    await database.settle([settlement(ids[0])], (), owner=successor)
    assert await attempts(raw) == [("failed", 0), ("delivered", 1)]
