"""Deliveries of all webhooks together: one behaviour, two engines."""

import uuid
from typing import NamedTuple

import pytest

from tests.store.factories import NOW, claimed, event, kept, publication, settlement
from tidings.core.clock import DAY, HOUR
from tidings.core.delivery import State
from tidings.core.errors import Invalid
from tidings.core.event import Subject
from tidings.core.pattern import compile_types
from tidings.core.signature import new_secret
from tidings.core.subscription import Subscription
from tidings.core.vault import Vault, new_key
from tidings.store.database import Database
from tidings.store.deliveries import Count, Deliveries, Wish
from tidings.store.history import History
from tidings.store.subscriptions import Subscriptions, disabling
from tidings.store.webhooks import ALL, Standing, Webhooks


@pytest.fixture
def deliveries(database: Database) -> Deliveries:
    return Deliveries(database)


async def subscribed(database: Database, *, subject: str = "shop") -> int:
    subscription = Subscription(
        id=str(uuid.uuid4()),
        subject=Subject("Application", subject),
        types=compile_types(["*"]),
        url="https://example.com/hook",
        format="standard",
        secrets=(new_secret(),),
        created_at=NOW,
        expires_at=NOW + DAY,
    )
    return (await Subscriptions(database, Vault([new_key()])).add(subscription)).number


async def events(deliveries: Deliveries, wish: Wish, *, most: int = 50) -> list[int]:
    return [one.event for one in (await deliveries.page(wish, most=most)).deliveries]


class Made(NamedTuple):
    """Deliveries of every state, by their events: four to `one`, which sends, the others to webhooks of their own."""

    one: int
    off: int
    delivered: int
    failed: int
    retrying: int
    pending: int
    skipped: int
    held: int


async def made(database: Database, *, owner: int) -> Made:
    one, other, off = [await subscribed(database) for _ in range(3)]
    delivered, failed, retrying, pending = await kept(
        database, *[publication(one, of=event(type_="order.paid" if n == 1 else "order.created")) for n in range(4)]
    )
    skipped, held = await kept(database, publication(other), publication(off))
    await claimed(database, one, owner=owner)
    await database.settle(
        [
            settlement(retrying, to=one, state=State.RETRYING, due=NOW, tries=1),
            settlement(failed, to=one, state=State.RETRYING, due=NOW, tries=1),
            settlement(failed, to=one, state=State.FAILED),
            settlement(delivered, to=one),
        ],
        (),
        owner=owner,
    )
    await History(database).skip(skipped, other, at=NOW)
    await database.write(disabling(off, why="test", at=NOW, unless_succeeded_since=NOW))
    return Made(one, off, delivered, failed, retrying, pending, skipped, held)


async def test_deliveries_are_found_by_how_they_stand(database: Database, deliveries: Deliveries, owner: int) -> None:
    one, off, delivered, failed, retrying, pending, skipped, held = await made(database, owner=owner)

    cases = [
        (Wish(), [skipped, delivered, failed, retrying]),
        (Wish(state=State.DELIVERED), [delivered]),
        (Wish(state=State.FAILED), [failed]),
        (Wish(state=State.RETRYING), [retrying]),
        (Wish(state=State.SKIPPED), [skipped]),
        (Wish(state=State.PENDING), [pending]),
        (Wish(state=State.HELD), [held]),
        (Wish(type="order.paid"), [failed]),
        (Wish(status=503), [failed, retrying]),
        (Wish(state=State.FAILED, status=500), []),
        (Wish(webhook=one), [pending, retrying, failed, delivered]),
        (Wish(webhook=one, state=State.FAILED), [failed]),
        (Wish(webhook=one, status=503), [retrying, failed]),
        (Wish(webhook=one, type="order.paid"), [failed]),
        (Wish(webhook=off), [held]),
        (Wish(since=NOW + HOUR), []),
        (Wish(until=NOW - HOUR), []),
        (Wish(state=State.HELD, until=NOW - HOUR), []),
        (Wish(webhook=one, since=NOW + HOUR), []),
    ]
    for wish, expected in cases:
        assert await events(deliveries, wish) == expected, wish


async def test_what_only_this_process_holds_because_no_key_opens_it_is_found_as_held(
    database: Database, deliveries: Deliveries, owner: int
) -> None:
    one, _, _, failed, retrying, pending, _, held = await made(database, owner=owner)
    history = History(database)
    of_pending = await history.event(pending)
    numbers = [one + 10, one, one + 100]
    assert of_pending is not None
    for number in numbers:
        database.unopened.note(number, is_opened=False)
    hearers, _ = await deliveries.of_event(of_pending, most=9)
    webhooks, _ = await Webhooks(database).page(ALL, limit=9, standing=Standing.HELD)
    listed, _ = await history.deliveries(one, limit=9, states=[State.HELD])

    assert await events(deliveries, Wish(state=State.HELD)) == [retrying, pending, held]
    assert await events(deliveries, Wish(webhook=one, state=State.HELD)) == [pending, retrying]
    assert await events(deliveries, Wish(state=State.PENDING)) == []
    assert await events(deliveries, Wish(state=State.RETRYING)) == []
    assert await events(deliveries, Wish(state=State.FAILED)) == [failed]
    assert [hearer.state for hearer in hearers if hearer.state] == [State.HELD]
    assert [webhook.number for webhook in webhooks] == [one]
    assert [delivery.event for delivery in listed] == [pending, retrying]
    assert (await history.standing()).held == 3

    for number in numbers:
        database.unopened.note(number, is_opened=True)
    assert await events(deliveries, Wish(state=State.PENDING)) == [pending]
    assert (await history.standing()).held == 1


@pytest.mark.parametrize("state", [None, State.DELIVERED, State.FAILED, State.PENDING])
@pytest.mark.parametrize("of_one", [False, True])
async def test_a_list_goes_on_where_it_ended(
    database: Database,
    deliveries: Deliveries,
    monkeypatch: pytest.MonkeyPatch,
    state: State | None,
    *,
    of_one: bool,
) -> None:
    monkeypatch.setattr("tidings.store.deliveries.LOOK", 4)
    one, other = await subscribed(database), await subscribed(database)
    ids = await kept(database, *[publication(one, other) for _ in range(7)])
    if state is not State.PENDING:
        ended = [settlement(id_, to=number, state=state or State.DELIVERED) for id_ in ids for number in (one, other)]
        await database.settle(ended, (), owner=0)

    found: list[tuple[int, int]] = []
    cursor, pages = "", 0
    while not pages or cursor:
        page = await deliveries.page(Wish(state=state, webhook=one if of_one else 0), most=3, cursor=cursor)
        found += [(one.event, one.subscription) for one in page.deliveries]
        cursor, pages = page.cursor, pages + 1
        assert pages < 20

    assert sorted(found) == sorted((id_, number) for id_ in ids for number in ((one,) if of_one else (one, other)))


async def test_a_cursor_of_somebody_else_is_refused(deliveries: Deliveries) -> None:
    for wish in (Wish(), Wish(state=State.HELD)):
        with pytest.raises(Invalid, match="cursor"):
            await deliveries.page(wish, most=3, cursor="x")


async def test_an_event_is_shown_with_the_webhooks_that_wanted_it_and_those_that_did_not(
    database: Database, deliveries: Deliveries
) -> None:
    wanted, other, elsewhere = (
        await subscribed(database),
        await subscribed(database, subject="*"),
        await subscribed(database, subject="elsewhere"),
    )
    [id_] = await kept(database, publication(wanted, elsewhere))
    await database.settle([settlement(id_, to=elsewhere)], (), owner=0)
    found = await History(database).event(id_)
    assert found is not None

    hearers, is_whole = await deliveries.of_event(found, most=5)

    assert [(one.number, one.state) for one in hearers] == [(wanted, "pending"), (other, ""), (elsewhere, "delivered")]
    assert is_whole
    assert not (await deliveries.of_event(found, most=0))[1]


async def test_what_a_replay_would_make_again_is_counted(
    database: Database, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await subscribed(database)
    types = ["order.paid", "order.created", "user.created"] * 2
    ids = await kept(database, *[publication(number, of=event(type_=name)) for name in types])
    ended = [settlement(id_, to=number, state=State.FAILED if n < 4 else State.DELIVERED) for n, id_ in enumerate(ids)]
    await database.settle(ended, (), owner=0)

    async def count(*types: str, states: tuple[State, ...] = (State.FAILED,)) -> Count:
        return await deliveries.count(number, since=0, until=None, types=types, states=states)

    assert await count() == Count(deliveries=4, is_whole=True)
    assert await count("order.*") == Count(deliveries=3, is_whole=True)
    assert await count(states=(State.FAILED, State.DELIVERED)) == Count(deliveries=6, is_whole=True)
    monkeypatch.setattr("tidings.store.deliveries.LOOK", 2)
    assert await count() == Count(deliveries=4, is_whole=True)
    monkeypatch.setattr("tidings.store.deliveries.MOST_COUNTED", 2)
    assert await count() == Count(deliveries=2, is_whole=False)
