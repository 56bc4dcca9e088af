"""History: one behaviour, two engines."""

import uuid

import pytest

from tests.store.conftest import Raw
from tests.store.factories import NOW, claimed, event, events_of, kept, publication, settlement
from tidings.core.clock import DAY
from tidings.core.delivery import State
from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.core.event import Subject
from tidings.core.identifier import instant_of
from tidings.core.pattern import compile_types
from tidings.core.signature import new_secret
from tidings.core.subscription import Subscription
from tidings.core.vault import Vault, new_key
from tidings.store.audit import Audit, audited
from tidings.store.database import Database, Statement, Wanted
from tidings.store.history import History, Standing
from tidings.store.subscriptions import Subscriptions, disabling


@pytest.fixture
def history(database: Database) -> History:
    return History(database)


@pytest.fixture
async def number(database: Database) -> int:
    """A subscription's, that is sending."""
    return await subscribed(database)


async def subscribed(database: Database, *, order_key: str | None = None) -> int:
    subscription = Subscription(
        id=str(uuid.uuid4()),
        subject=Subject("Application", "shop"),
        types=compile_types(["*"]),
        url="https://example.com/hook",
        format="standard",
        secrets=(new_secret(),),
        order_key=order_key,
        expires_at=NOW + DAY,
    )
    return (await Subscriptions(database, Vault([new_key()])).add(subscription)).number


# Events


async def test_events_are_listed_newest_first_in_steps(database: Database, history: History) -> None:
    ids = await kept(database, *[publication() for _ in range(5)])

    first, cursor = await history.events(limit=3)
    rest, end = await history.events(limit=3, cursor=cursor)

    assert [one.id for one in first + rest] == ids[::-1]
    assert end == ""


async def test_events_are_found_by_type_subject_and_time(database: Database, history: History) -> None:
    wanted, *_ = ids = await kept(
        database,
        publication(of=event(type_="order.paid", subject=Subject("Group", "g-1"))),
        publication(of=event(type_="order.paid", subject=Subject("Group", "G-1"))),
        publication(of=event(type_="order.created", subject=Subject("Group", "g-1"))),
        publication(of=event(type_="order.paid", subject=Subject("Group", "g-11"))),
    )

    found, cursor = await history.events(limit=10, type_="order.paid", subject=Subject("Group", "g-1"))
    all_, _ = await history.events(limit=10, since=instant_of(wanted), until=instant_of(ids[-1]) + 1)
    none, _ = await history.events(limit=10, until=instant_of(wanted))
    later, _ = await history.events(limit=10, since=instant_of(ids[-1]) + 1)

    assert ([one.id for one in found], cursor) == ([wanted], "")
    assert [one.id for one in all_] == ids[::-1]
    assert none == later == []


async def test_a_rare_event_is_found_step_by_step(
    database: Database, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.store.history.LOOK", 10)
    rare, *_ = await kept(database, publication(of=event(type_="rare")), *[publication() for _ in range(34)])

    calls, found, cursor = 0, [], ""
    while calls == 0 or cursor:
        some, cursor = await history.events(limit=5, cursor=cursor, type_="rare")
        found += [one.id for one in some]
        calls += 1

    assert found == [rare]
    assert calls == 4


async def test_one_event_is_found_by_its_id(database: Database, history: History) -> None:
    given = event(wire_id="w")
    [id_] = await kept(database, publication(of=given))

    found = await history.event(id_)

    assert found is not None
    assert (found.id, found.wire_id, found.data, found.subjects) == (id_, "w", given.data, given.subjects)
    assert await history.event(id_ + 1) is None


# Deliveries


async def test_unfinished_and_finished_deliveries_stand_in_one_list(
    database: Database, history: History, number: int, owner: int
) -> None:
    delivered, failed, retrying, pending = await kept(database, *[publication(number) for _ in range(4)])
    await kept(database, publication(number + 1))
    await claimed(database, number, owner=owner)
    await database.settle(
        [
            settlement(delivered, to=number),
            settlement(failed, to=number, state=State.FAILED),
            settlement(retrying, to=number, state=State.RETRYING, due=NOW + 10, tries=1),
        ],
        (),
        owner=owner,
    )

    found, cursor = await history.deliveries(number, limit=10)

    assert [(one.event, one.state) for one in found] == [
        (pending, State.PENDING),
        (retrying, State.RETRYING),
        (failed, State.FAILED),
        (delivered, State.DELIVERED),
    ]
    assert [(one.tries, one.due) for one in found[:2]] == [(0, NOW), (1, NOW + 10)]
    assert [(one.at, one.outcome, one.status) for one in found[2:]] == [(NOW, "refused", 503), (NOW, "ok", 200)]
    assert {one.type for one in found} == {"order.created"}
    assert cursor == ""


async def test_deliveries_are_listed_in_steps(database: Database, history: History, number: int) -> None:
    ids = await kept(database, *[publication(number) for _ in range(7)])
    await database.settle([settlement(id_, to=number) for id_ in ids[::2]], (), owner=0)

    found, cursor = await history.deliveries(number, limit=3)
    listed = [one.event for one in found]
    while cursor:
        found, cursor = await history.deliveries(number, limit=3, cursor=cursor)
        listed += [one.event for one in found]

    assert listed == ids[::-1]


async def test_deliveries_are_found_by_state(
    database: Database, history: History, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.store.history.LOOK", 4)
    ids = await kept(database, *[publication(number) for _ in range(10)])
    await database.settle([settlement(id_, to=number) for id_ in ids[1:]], (), owner=0)

    found, calls, cursor = [], 0, ""
    while calls == 0 or cursor:
        some, cursor = await history.deliveries(number, limit=3, cursor=cursor, states=[State.PENDING, State.FAILED])
        found += [one.event for one in some]
        calls += 1

    assert found == ids[:1]
    assert calls == 3


async def test_what_a_disabled_subscription_is_owed_is_held(database: Database, history: History, number: int) -> None:
    ids = await kept(database, publication(number))
    await database.write(disabling(number, why="it was tested", at=NOW, unless_succeeded_since=NOW))

    [held], _ = await history.deliveries(number, limit=10, states=[State.HELD])

    assert (held.event, held.state) == (ids[0], State.HELD)
    assert (await history.delivery(ids[0], number)) == held


async def test_one_delivery_is_shown_with_its_attempts_newest_first(
    database: Database, history: History, number: int, owner: int
) -> None:
    [id_] = await kept(database, publication(number))
    for tries in (1, 2):
        await claimed(database, number, owner=owner)
        retrying = settlement(id_, to=number, state=State.RETRYING, due=NOW, tries=tries)
        await database.settle([retrying], (), owner=owner)
    await database.settle([settlement(id_, to=number)], (), owner=owner)

    delivery = await history.delivery(id_, number)
    newest, cursor = await history.attempts(id_, number, limit=2)
    oldest, end = await history.attempts(id_, number, limit=2, cursor=cursor)

    assert delivery is not None
    assert delivery.state is State.DELIVERED
    tried = newest + oldest
    assert [(one.state, one.is_final) for one in tried] == [
        (State.DELIVERED, True),
        (State.RETRYING, False),
        (State.RETRYING, False),
    ]
    assert (tried[0].headers, tried[0].answer) == ((("content-type", "text/plain"),), b"\x00thanks")
    assert tried[0].timings == (0.1, 0.2, -1, 3.4, 5.6)
    assert end == ""
    assert await history.delivery(id_ + 1, number) is None


async def test_debts_are_counted_by_how_they_stand(
    database: Database, history: History, number: int, owner: int
) -> None:
    disabled = await subscribed(database)
    assert await history.standing() == Standing()
    oldest, *_ = await kept(database, publication(number, disabled), publication(number), publication(number))
    await claimed(database, Wanted(subscription=number, most=1), owner=owner)
    await database.settle([settlement(oldest, to=number, state=State.RETRYING, due=NOW + 10, tries=1)], (), owner=owner)
    await database.write(disabling(disabled, why="it was tested", at=NOW, unless_succeeded_since=NOW))

    assert await history.standing() == Standing(pending=2, retrying=1, held=1, oldest=oldest)
    assert await history.owed_to(number) == 3


# Owing again


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
