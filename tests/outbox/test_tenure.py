"""Whether this process may act on what it owns, and what it does when it may not."""

import contextlib

import pytest

from tests.outbox.conftest import House, OpenHouse, Outage, Silence, failing_once
from tidings.core.clock import MINUTE, SECOND
from tidings.core.errors import Unavailable
from tidings.outbox.terms import Terms
from tidings.store.database import Database
from tidings.store.postgresql.database import PostgresqlDatabase
from tidings.store.sqlite.database import SqliteDatabase
from tidings.testing.endpoint import NEVER_ANSWERS, Endpoint


async def test_nothing_is_sent_while_the_store_does_not_hear_us_and_everything_afterwards(
    house: House, endpoint: Endpoint, outage: Outage
) -> None:
    await house.subscribe(endpoint.url)
    tenure = house.hub.tenure

    async with outage():
        await house.reaches(lambda: not tenure.is_fresh, by=SECOND, is_beating=False)
        assert house.courier.owner == 0
    await house.publish()

    await house.reaches(lambda: len(endpoint.requests) == 1, by=SECOND)


async def test_a_beat_that_is_heard_again_sets_going_what_waited_for_it(house: House, outage: Outage) -> None:
    tenure = house.hub.tenure
    async with Endpoint(500, 200) as endpoint:
        await house.subscribe(endpoint.url, schedule="10s")
        await house.publish()
        await endpoint.received(1)
        await house.settled()
        async with outage():
            await house.clock.jump(MINUTE)
            await house.reaches(lambda: tenure.trouble and not tenure.is_fresh, by=SECOND, is_beating=False)

        await house.reaches(lambda: tenure.is_fresh, by=SECOND, is_beating=False)

        await endpoint.received(2)


async def test_whoever_was_taken_for_dead_gets_a_new_number_and_loses_nothing(
    house: House, endpoint: Endpoint, another_process: Database
) -> None:
    subscription = await house.subscribe(endpoint.url)
    before = house.hub.tenure.number

    await another_process.retire(before)
    await house.publish()
    await house.publish()

    await house.reaches(lambda: len(endpoint.requests) == 2, by=SECOND)
    await house.settled()
    assert house.hub.tenure.number not in (0, before)
    assert await house.states(subscription.number) == ["delivered", "delivered"]


async def test_a_claim_under_a_number_that_is_dead_is_made_again_under_a_new_one(
    house: House, endpoint: Endpoint, another_process: Database
) -> None:
    subscription = await house.subscribe(endpoint.url, is_ordered=True)

    await another_process.retire(house.hub.tenure.number)
    await house.publish()

    await house.reaches(lambda: len(endpoint.requests) == 1, by=SECOND)
    await house.settled()
    assert await house.states(subscription.number) == ["delivered"]


async def test_what_waits_in_memory_under_a_lost_number_is_left_to_the_table(
    house: House, another_process: Database
) -> None:
    async with Endpoint(NEVER_ANSWERS, NEVER_ANSWERS, 200) as endpoint:
        subscription = await house.subscribe(endpoint.url)
        for _ in range(5):
            await house.publish()
        await endpoint.received(2)
        assert house.courier.roster.held == 3
        before = house.hub.tenure.number

        await another_process.retire(before)
        await house.reaches(lambda: house.hub.tenure.number not in (0, before), by=SECOND)
        endpoint.drop_connections()
        house.hub.owed(subscription.number)

        await house.reaches(lambda: len(endpoint.requests) >= 7, by=SECOND)
        await house.settled()
        assert await house.states(subscription.number) == ["delivered"] * 5


async def test_an_event_whose_commit_is_unknown_is_refused_and_delivered_all_the_same(
    house: House, endpoint: Endpoint, silence: Silence, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.subscribe(endpoint.url)
    before = house.hub.tenure.number
    monkeypatch.setattr(house.database, "keep", failing_once(house.database.keep, is_done=True))

    with pytest.raises(Unavailable):
        await house.publish()
    assert house.hub.tenure.number == 0
    await silence(before)

    await house.reaches(lambda: len(endpoint.requests) == 1, by=SECOND)


async def test_debts_that_may_have_been_claimed_unknown_to_us_are_freed_and_delivered(
    house: House, endpoint: Endpoint, silence: Silence, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.subscribe(endpoint.url, is_ordered=True)
    before = house.hub.tenure.number
    monkeypatch.setattr(house.database, "claim", failing_once(house.database.claim, is_done=True))

    await house.publish()
    await house.reaches(lambda: house.hub.tenure.number != before)
    await silence(before)

    await house.reaches(lambda: len(endpoint.requests) == 1, by=SECOND)


async def test_a_claim_that_the_store_could_not_make_is_made_a_second_later(
    house: House, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.subscribe(endpoint.url, is_ordered=True)
    before = house.hub.tenure.number
    monkeypatch.setattr(house.database, "claim", failing_once(house.database.claim))

    await house.publish()

    await house.reaches(lambda: len(endpoint.requests) == 1, by=SECOND)
    assert house.hub.tenure.number == before


async def test_debts_that_could_not_be_given_back_are_freed_with_our_number(
    house: House, silence: Silence, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Endpoint(NEVER_ANSWERS, NEVER_ANSWERS, 200) as endpoint:
        subscription = await house.subscribe(endpoint.url)
        for _ in range(4):
            await house.publish()
        await endpoint.received(2)
        before = house.hub.tenure.number
        monkeypatch.setattr(house.database, "release", failing_once(house.database.release))

        disabled = await house.subscribing.change(subscription, Terms(), active=False)
        await house.reaches(lambda: house.hub.tenure.number != before)
        endpoint.drop_connections()
        await silence(before)
        await house.subscribing.change(disabled, Terms(), active=True)

        await house.reaches(lambda: len(endpoint.requests) >= 6, by=SECOND)
        await house.settled()
        assert await house.states(subscription.number) == ["delivered"] * 4


async def test_a_server_that_stops_while_the_store_is_away_stops(open_house: OpenHouse, outage: Outage) -> None:
    async with contextlib.AsyncExitStack() as stack, open_house() as house:
        await house.later(SECOND)
        await stack.enter_async_context(outage())

    assert house.hub.tenure.number == 0


async def test_a_server_that_stops_in_doubt_leaves_its_number_to_die(open_house: OpenHouse) -> None:
    async with open_house() as house:
        house.hub.tenure.doubt()

    assert house.hub.tenure.number == 0


async def test_debts_that_could_not_be_looked_for_are_looked_for_again(
    open_house: OpenHouse, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(delivers=False) as accepting:
        await accepting.subscribe(endpoint.url)
        await accepting.publish()
    monkeypatch.setattr(SqliteDatabase, "backlog", failing_once(SqliteDatabase.backlog))
    monkeypatch.setattr(PostgresqlDatabase, "backlog", failing_once(PostgresqlDatabase.backlog))

    async with open_house() as house:
        await house.reaches(lambda: len(endpoint.requests) == 1, by=SECOND)


async def test_a_mistake_of_ours_that_ends_a_part_ends_the_server_and_is_seen_as_it_is(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def mistaken(_: int) -> list[int]:
        raise RuntimeError("a mistake of ours")

    with pytest.raises(RuntimeError, match="a mistake of ours"):  # noqa: PT012 - it comes while we wait
        async with open_house() as house:
            monkeypatch.setattr(house.database, "beat", mistaken)
            await house.clock.advance(2 * SECOND)
            await house.reaches(lambda: False)
