"""What is owed again, skipped or cancelled by hand: one behaviour, two engines."""

import pytest

from tests.store.conftest import Raw
from tests.store.factories import NOW, claimed, event, events_of, kept, publication, settlement, subscribed
from tidings.core.clock import DAY
from tidings.core.delivery import State
from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.core.identifier import instant_of
from tidings.store.audit import Audit, audited
from tidings.store.database import Database, Statement, Wanted
from tidings.store.history import History


async def finish(database: Database, ids: list[int], number: int, *, state: State = State.FAILED) -> None:
    owner = await database.enrol()
    await claimed(database, number, owner=owner)
    await database.settle([settlement(id_, to=number, state=state) for id_ in ids], (), owner=owner)


async def test_what_failed_is_owed_again_oldest_first(
    database: Database, history: History, number: int, owner: int
) -> None:
    ids = await kept(database, *[publication(number) for _ in range(4)])
    await finish(database, ids[:3], number)
    await finish(database, ids[3:], number, state=State.DELIVERED)

    assert await history.replay(number, since=0, until=None) == 3
    assert await history.replay(number, since=0, until=None) == 0

    assert events_of(await claimed(database, number, owner=owner)) == ids[:3]
    found, _ = await history.deliveries(number, limit=10)
    assert [one.state for one in found] == [State.DELIVERED, State.PENDING, State.PENDING, State.PENDING]


async def test_a_replay_takes_what_was_asked_for(database: Database, history: History, number: int, owner: int) -> None:
    paid, _, refunded = ids = await kept(
        database, *[publication(number, of=event(type_=type_)) for type_ in ("order.paid", "b", "order.refunded")]
    )
    await finish(database, ids, number, state=State.DELIVERED)

    assert await history.replay(number, since=instant_of(refunded) + 1, until=None, states=[State.DELIVERED]) == 0
    assert await history.replay(number, since=0, until=instant_of(paid), states=[State.DELIVERED]) == 0
    assert await history.replay(number, since=0, until=None, states=[State.FAILED]) == 0
    assert await history.replay(number + 1, since=0, until=None, states=[State.DELIVERED]) == 0
    assert await history.replay(number, since=0, until=None, types=["order.*"], states=[State.DELIVERED]) == 2

    assert events_of(await claimed(database, number, owner=owner)) == [paid, refunded]


async def test_a_long_replay_goes_in_steps(
    database: Database, history: History, number: int, owner: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.store.history.LOOK", 20)
    monkeypatch.setattr("tidings.store.history.STEP", 7)
    ids = await kept(database, *[publication(number) for _ in range(50)])
    await finish(database, ids, number)

    assert await history.replay(number, since=0, until=None) == 50

    assert events_of(await claimed(database, number, owner=owner)) == ids


async def test_a_replay_keeps_the_order_that_the_subscription_wants(
    database: Database, history: History, owner: int
) -> None:
    number = await subscribed(database, order_key="data.customer")
    ids = await kept(
        database,
        *[publication(number, of=event(data=b'{"customer":"%s"}' % customer)) for customer in (b"a", b"a", b"b")],
        publication(number, of=event(data=b"{}")),
    )
    await finish(database, ids, number)

    await history.replay(number, since=0, until=None)

    lane = Wanted(subscription=number, most=10, is_ordered=True)
    assert events_of(await claimed(database, lane, owner=owner)) == [ids[0], ids[2], ids[3]]


async def test_a_replay_of_a_wrong_type_is_refused(history: History, number: int) -> None:
    with pytest.raises(Invalid, match="eventTypes"):
        await history.replay(number, since=0, until=None, types=["order.*.x"])


async def test_a_delivery_that_is_finished_is_owed_again_by_hand(
    database: Database, history: History, number: int, owner: int, raw: Raw
) -> None:
    [id_] = await kept(database, publication(number))
    await finish(database, [id_], number)

    await history.retry(id_, number, now=NOW)
    assert events_of(await claimed(database, number, owner=owner)) == [id_]
    await database.settle([settlement(id_, to=number)], (), owner=owner)

    assert await raw("SELECT state, is_final FROM attempt ORDER BY id") == [("failed", 0), ("delivered", 1)]


async def test_a_delivery_that_waits_for_its_retry_is_made_due_by_hand(
    database: Database, history: History, number: int, owner: int
) -> None:
    [id_] = await kept(database, publication(number, of=event(at=NOW + DAY)))

    await history.retry(id_, number, now=NOW)

    assert events_of(await claimed(database, number, owner=owner)) == [id_]
    await history.retry(id_, number, now=NOW)
    assert await claimed(database, number, owner=owner) == []


async def told(database: Database) -> list[str]:
    """What the audit has, oldest first."""
    return [entry.action for entry in reversed(await Audit(database).entries())]


def entry(action: str, *, at: int = NOW) -> list[Statement]:
    return [audited(actor="ada", action=action, about="hook", at=at)]


async def test_what_goes_with_a_replay_is_kept_once_and_only_if_anything_is_owed_again(
    database: Database, history: History, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.store.history.STEP", 2)
    ids = await kept(database, *[publication(number) for _ in range(5)])

    await history.replay(number, since=0, until=None, also=entry("nothing"))
    await finish(database, ids, number)
    await history.replay(number, since=0, until=None, types=["other"], also=entry("nothing"))
    await history.replay(number, since=0, until=None, also=entry("replayed"))

    assert await told(database) == ["replayed"]


async def test_what_goes_with_a_retry_or_a_skip_is_kept_if_anything_changes(
    database: Database, history: History, number: int, owner: int
) -> None:
    [id_] = await kept(database, publication(number))

    with pytest.raises(NotFound):
        await history.retry(id_ + 1, number, now=NOW, also=entry("nothing"))
    await history.retry(id_, number, now=NOW, also=entry("hastened", at=NOW + 1))
    await claimed(database, number, owner=owner)
    await history.retry(id_, number, now=NOW, also=entry("nothing"))
    with pytest.raises(Conflict):
        await history.skip(id_, number, at=NOW, also=entry("nothing"))
    await database.settle([settlement(id_, to=number, state=State.FAILED)], (), owner=owner)
    await history.retry(id_, number, now=NOW, also=entry("owed again", at=NOW + 2))
    await history.skip(id_, number, at=NOW, also=entry("skipped", at=NOW + 3))

    assert await told(database) == ["hastened", "owed again", "skipped"]


async def test_a_delivery_is_not_skipped_if_what_goes_with_that_cannot_be(
    database: Database, history: History, number: int
) -> None:
    [id_] = await kept(database, publication(number))
    impossible = Statement("setting_forgotten", {"name": "none"}, Conflict("nothing to forget"))

    with pytest.raises(Conflict, match="nothing to forget"):
        await history.skip(id_, number, at=NOW, also=(*entry("nothing"), impossible))

    found = await history.delivery(id_, number)
    assert found
    assert found.state is State.PENDING
    assert await told(database) == []


async def test_a_delivery_that_there_is_not_cannot_be_tried_again_or_skipped(history: History, number: int) -> None:
    with pytest.raises(NotFound):
        await history.retry(1, number, now=NOW)
    with pytest.raises(NotFound):
        await history.skip(1, number, at=NOW)


async def test_a_delivery_that_is_skipped_lets_those_behind_it_go(
    database: Database, history: History, owner: int
) -> None:
    number = await subscribed(database, order_key="")
    first, second = await kept(database, publication(number, order_key=""), publication(number, order_key=""))
    lane = Wanted(subscription=number, most=10, is_ordered=True)
    await claimed(database, lane, owner=owner)
    retrying = settlement(first, to=number, state=State.RETRYING, due=NOW + DAY, tries=1)
    await database.settle([retrying], (), owner=owner)
    assert await claimed(database, lane, owner=owner) == []

    await history.skip(first, number, at=NOW)

    assert events_of(await claimed(database, lane, owner=owner)) == [second]
    found, _ = await history.deliveries(number, limit=10, states=[State.SKIPPED])
    assert [(one.event, one.outcome, one.status) for one in found] == [(first, "none", 0)]
    with pytest.raises(Conflict):
        await history.skip(first, number, at=NOW)
    with pytest.raises(Conflict):
        await history.skip(second, number, at=NOW)


async def test_what_waits_for_a_subscription_that_ended_is_cancelled(
    database: Database, history: History, number: int, owner: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.store.history.STEP", 3)
    in_flight, *waiting = await kept(database, *[publication(number) for _ in range(11)])
    await claimed(database, Wanted(subscription=number, most=1), owner=owner)

    assert await history.cancel(number, at=NOW) == 10

    found, _ = await history.deliveries(number, limit=20, states=[State.CANCELLED])
    assert [one.event for one in found] == waiting[::-1]
    assert (await history.owed_to(number)) == 1
    await database.settle([settlement(in_flight, to=number)], (), owner=owner)
    assert (await history.owed_to(number)) == 0
