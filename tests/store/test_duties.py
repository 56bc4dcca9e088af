"""What falls due with time: one behaviour, two engines."""

import uuid
from dataclasses import replace

import pytest

from tests.store.factories import NOW, kept, publication
from tidings.core.clock import DAY
from tidings.core.errors import Conflict
from tidings.core.event import Subject
from tidings.core.pattern import compile_types
from tidings.core.signature import new_secret
from tidings.core.subscription import State, Subscription
from tidings.core.vault import Vault, new_key
from tidings.store.database import Database
from tidings.store.duties import Duties, Holding, expiry_announced
from tidings.store.subscriptions import Subscriptions, disabling, ending, withholding

LATER = 2**62


@pytest.fixture
def subscriptions(database: Database) -> Subscriptions:
    return Subscriptions(database, Vault([new_key()]))


@pytest.fixture
def duties(database: Database) -> Duties:
    return Duties(database)


async def added(subscriptions: Subscriptions, *, expires_at: int = NOW + DAY, connector: str = "c-1") -> Subscription:
    return await subscriptions.add(
        Subscription(
            id=str(uuid.uuid4()),
            subject=Subject("Group", "g-1"),
            types=compile_types(["*"]),
            url="https://example.com/hook",
            format="kaizala",
            secrets=(new_secret(),),
            connector=connector,
            created_at=NOW,
            expires_at=expires_at,
        )
    )


async def test_expiring_are_those_whose_validity_ends_soon_the_first_first(
    subscriptions: Subscriptions, duties: Duties
) -> None:
    second = await added(subscriptions, expires_at=NOW + 20)
    first = await added(subscriptions, expires_at=NOW + 10)
    await added(subscriptions, expires_at=NOW + 31)

    assert await duties.expiring(before=NOW + 30, most=10) == [first.number, second.number]
    assert await duties.expiring(before=NOW + 30, most=1) == [first.number]


async def test_an_expiry_is_announced_once_and_anew_if_its_instant_moves(
    database: Database, subscriptions: Subscriptions, duties: Duties
) -> None:
    subscription = await added(subscriptions, expires_at=NOW + 10)

    await database.write(expiry_announced(subscription.number))

    assert await duties.expiring(before=NOW + 30, most=10) == []
    with pytest.raises(Conflict):
        await database.write(expiry_announced(subscription.number))
    await subscriptions.save(replace(subscription, context="another", expires_at=NOW + 10))
    assert await duties.expiring(before=NOW + 30, most=10) == []
    await subscriptions.save(replace(subscription, expires_at=NOW + 11))
    assert await duties.expiring(before=NOW + 30, most=10) == [subscription.number]


async def test_overdue_are_those_past_their_validity_that_are_owed_nothing_or_too_long(
    database: Database, subscriptions: Subscriptions, duties: Duties
) -> None:
    done = await added(subscriptions, expires_at=NOW - 1)
    owing = await added(subscriptions, expires_at=NOW - 1)
    given_up = await added(subscriptions, expires_at=NOW - 3 * DAY)
    await added(subscriptions, expires_at=NOW + 1)
    over = await added(subscriptions, expires_at=NOW - 1)
    await database.write(ending(over.number, at=NOW))
    await kept(database, publication(owing.number, given_up.number))

    overdue = await duties.overdue(now=NOW, drained=NOW - 2 * DAY, most=10)

    assert overdue == [given_up.number, done.number]


async def test_leaving_are_those_that_ended_and_are_owed_something(
    database: Database, subscriptions: Subscriptions, duties: Duties
) -> None:
    ended, paid, active = [await added(subscriptions) for _ in range(3)]
    await kept(database, publication(ended.number, active.number))
    for one in (ended, paid):
        await database.write(ending(one.number, at=NOW))

    assert await duties.leaving(most=10) == [ended.number]


async def test_holding_are_those_that_may_not_be_sent_to_with_how_many_old_events_they_are_owed(
    database: Database, subscriptions: Subscriptions, duties: Duties
) -> None:
    disabled, active = await added(subscriptions), await added(subscriptions)
    withheld = await added(subscriptions, connector="c-2")
    empty = await added(subscriptions)
    for one in (disabled, empty):
        await database.write(disabling(one.number, why="why", at=NOW, unless_succeeded_since=NOW))
    await database.write(withholding(connector="c-2"))
    first = await kept(database, publication(disabled.number, active.number, withheld.number))
    second = await kept(database, publication(disabled.number))

    assert await duties.holding(before=LATER, most=10) == [Holding(disabled.number, 2), Holding(withheld.number, 1)]
    assert await duties.holding(before=second[0], most=1) == [Holding(disabled.number, 1)]
    assert await duties.holding(before=first[0], most=10) == []
    found = await subscriptions.get(disabled.id)
    assert found is not None
    assert found.state is State.DISABLED
