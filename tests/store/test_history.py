"""History: one behaviour, two engines."""

import pytest

from tests.store.factories import NOW, claimed, event, kept, publication, settlement, subscribed
from tidings.core.delivery import State
from tidings.core.event import Subject
from tidings.core.identifier import instant_of
from tidings.store.database import Database, Wanted
from tidings.store.history import History, Standing
from tidings.store.subscriptions import disabling

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
