"""A process that starts, stops, dies, and shares the work with others."""

import asyncio
from collections import Counter

import msgspec
import pytest

from tests.outbox.conftest import House, OpenHouse, Outage, declare_silent, leaving, types
from tests.outbox.test_agenda import lane as lane_of_a_webhook
from tidings.core.clock import SECOND
from tidings.core.event import Event, Subject
from tidings.core.subscription import Subscription
from tidings.core.vault import Drawer, Vault, new_key
from tidings.outbox import courier, lane, roster
from tidings.outbox.courier import GRACE_S
from tidings.outbox.hub import Nobody
from tidings.store.database import Statement, Value
from tidings.store.history import Standing
from tidings.testing.endpoint import NEVER_ANSWERS, Answer, Endpoint


async def test_whoever_stops_does_not_wait_for_an_endpoint_that_never_answers_longer_than_the_grace(
    open_house: OpenHouse,
) -> None:
    async with Endpoint(NEVER_ANSWERS) as endpoint:

        async def prepare(house: House) -> None:
            subscription = await house.subscribe(endpoint.url)
            for _ in range(3):
                await house.publish()
            await endpoint.received(2)
            assert await house.states(subscription.number) == ["pending"] * 3

        house, serving = await leaving(open_house, prepare)
        await house.clock.advance(round(GRACE_S * 1_000) - 1)
        assert not serving.done()
        # The grace may begin only now: the other task has yet to notice that it is to stop.
        await house.reaches(serving.done, by=100, is_beating=False)
        await serving

        endpoint.script(200)
        async with open_house():
            await endpoint.received(5)


async def test_what_the_last_attempts_came_to_is_still_told_when_we_stop(open_house: OpenHouse) -> None:
    answer = asyncio.Event()
    async with Endpoint(Answer(410, after=answer)) as gone, Endpoint() as watcher:
        async with open_house() as house:
            subscription = await house.subscribe(gone.url)
            await house.subscribe(watcher.url, subject=Subject("Webhook", subscription.id))
            await house.publish()
            await gone.received(1)
            asyncio.get_running_loop().call_later(0.05, answer.set)
        async with open_house() as restarted:
            await watcher.received(2)
            assert sorted(types(watcher.requests)) == ["delivery.failed", "webhook.disabled"]
            assert not (await restarted.now(subscription.number)).is_sending


async def test_what_a_process_that_died_had_is_delivered_by_the_next(open_house: OpenHouse, database_url: str) -> None:
    async with Endpoint(NEVER_ANSWERS, NEVER_ANSWERS, 200) as endpoint, open_house() as dead:
        subscription = await dead.subscribe(endpoint.url)
        for _ in range(4):
            await dead.publish()
        await endpoint.received(2)
        await dead.database.close()  # nothing that it would write on leaving reaches the store any more
        await declare_silent(database_url, dead.hub.tenure.number)
        async with open_house() as heir:
            await heir.reaches(lambda: len(endpoint.requests) == 6, by=SECOND)
            await heir.settled()
            assert await heir.states(subscription.number) == ["delivered"] * 4
        endpoint.drop_connections()


async def test_an_open_circuit_is_open_after_a_restart(open_house: OpenHouse) -> None:
    async with Endpoint(500) as endpoint:
        async with open_house() as first:
            await first.subscribe(endpoint.url)
            for _ in range(12):
                await first.publish()
            await first.reaches(lambda: first.courier.roster.circuits().get("open"))
            await first.settled()
        tried = len(endpoint.requests)
        async with open_house() as second:
            await second.publish()
            await second.later(5 * SECOND)
            await second.settled()
            assert len(endpoint.requests) == tried
            await second.reaches(lambda: len(endpoint.requests) == tried + 1, by=SECOND)


async def test_a_start_makes_lanes_for_what_is_owed_and_for_nothing_else(
    open_house: OpenHouse, endpoint: Endpoint
) -> None:
    async with open_house(delivers=False) as accepting:
        for _ in range(3):
            await accepting.subscribe("http://127.0.0.1:9/", subject=Subject("Application", "quiet"))
        await accepting.subscribe(endpoint.url)
        await accepting.publish()
    async with open_house() as house:
        assert len(list(house.courier.roster)) == 1
        await endpoint.received(1)


async def test_a_start_finds_debts_of_more_lanes_than_a_step_has(
    open_house: OpenHouse, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "LANES_A_SWEEP", 2)
    async with open_house(delivers=False) as accepting:
        for number in range(5):
            await accepting.subscribe(f"{endpoint.url}{number}")
        await accepting.publish()
    async with open_house():
        await endpoint.received(5)

    assert sorted(request.target for request in endpoint.requests) == ["/0", "/1", "/2", "/3", "/4"]


async def test_lanes_that_have_nothing_to_do_are_forgotten(house: House, endpoint: Endpoint) -> None:
    async with Endpoint(500) as failing:
        await house.subscribe(endpoint.url)
        remembered = await house.subscribe(failing.url)
        await house.publish()
        await endpoint.received(1)
        await failing.received(1)
        await house.settled()

        def lanes() -> list[int]:
            return [lane.subscription.number for lane in house.courier.roster]

        await house.reaches(lambda: lanes() == [remembered.number], by=SECOND)


async def test_a_full_memory_sends_the_rest_through_the_table(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "MOST_HELD", 10)
    answer = asyncio.Event()
    async with Endpoint(Answer(200, after=answer)) as endpoint:
        for _ in range(3):
            await house.subscribe(endpoint.url)
        await house.hub.publisher.publish([house.draft() for _ in range(20)])
        assert house.courier.roster.held <= 10
        assert (await house.history.standing()).pending == 60
        answer.set()

        await house.reaches(lambda: len(endpoint.requests) == 60, by=100)
        await house.settled()
        assert house.courier.roster.held == 0
        assert await house.history.standing() == Standing()


async def test_large_events_fill_the_memory_by_their_size(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "MOST_HELD_BYTES", 2_000)
    answer = asyncio.Event()
    async with Endpoint(Answer(200, after=answer)) as endpoint:
        await house.subscribe(endpoint.url)
        await house.hub.publisher.publish([house.draft(data=a_thousand(b"a")) for _ in range(6)])
        assert house.courier.roster.held <= 3  # a claim does not know beforehand how large its events are
        answer.set()

        await house.reaches(lambda: len(endpoint.requests) == 6, by=100)


async def test_what_is_owed_to_many_takes_its_room_in_memory_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster, "MOST_HELD_BYTES", 2_000)
    memory, shared, other = house.courier.roster, a_thousand(b"a"), a_thousand(b"a")

    for _ in range(100):
        memory.hold(shared)
    assert (memory.held, memory.is_full) == (100, False)
    memory.hold(other)  # it says the same, and is there all the same
    assert memory.is_full

    for _ in range(99):
        memory.let_go(shared)
    assert memory.is_full
    memory.let_go(shared)
    assert (memory.held, memory.is_full) == (1, False)


async def test_a_slow_lane_holds_so_many_in_memory_and_the_rest_in_the_table(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "MOST_QUEUED", 5)
    answer = asyncio.Event()
    async with Endpoint(Answer(200, after=answer)) as slow, Endpoint() as fast:
        await house.subscribe(slow.url)
        await house.subscribe(fast.url)
        for amount in range(40):
            await house.publish(data=b'{"amount":%d}' % amount)
        await house.reaches(lambda: len(fast.requests) == 40, by=10)
        assert len(slow.requests) == 2
        # A claim that was on its way when the lane filled brings at most as many again.
        assert 5 <= house.courier.roster.held <= 10
        answer.set()

        await house.reaches(lambda: len(slow.requests) == 40, by=10)


async def test_an_event_reaches_two_hundred_subscriptions_once_each(house: House, endpoint: Endpoint) -> None:
    await asyncio.gather(*(house.subscribe(f"{endpoint.url}{number}") for number in range(200)))

    kept = await house.publish()

    await house.reaches(lambda: len(endpoint.requests) >= 200)
    await house.settled()
    assert kept.deliveries == 200
    assert Counter(request.target for request in endpoint.requests) == Counter(f"/{number}" for number in range(200))
    assert len({request.header("webhook-id") for request in endpoint.requests}) == 200


async def test_what_one_process_accepts_another_delivers(open_house: OpenHouse, endpoint: Endpoint) -> None:
    async with open_house() as delivering, open_house(delivers=False, serving=False) as accepting:
        await accepting.subscribe(endpoint.url)
        await accepting.publish()
        assert accepting.hub.courier is None
        accepting.hub.owed(1)

        await delivering.reaches(lambda: len(endpoint.requests) == 1, by=SECOND)


async def test_work_goes_on_after_the_store_was_away(
    house: House, endpoint: Endpoint, outage: Outage, caplog: pytest.LogCaptureFixture
) -> None:
    await house.subscribe(endpoint.url, is_ordered=True)

    async with outage():
        await house.reaches(lambda: "hub.upkeep_failed" in caplog.text, by=10 * SECOND, is_beating=False)
    await house.later(10 * SECOND)
    await house.publish()

    await house.reaches(lambda: len(endpoint.requests) == 1, by=SECOND)


def test_nobody_takes_nothing() -> None:
    assert not Nobody().accepts(lane_of_a_webhook().subscription, b"{}")


async def test_a_process_that_does_not_deliver_tells_what_it_keeps(open_house: OpenHouse) -> None:
    told = list[Event]()
    async with open_house(delivers=False) as house:
        house.hub.watch(kept=told.append, attempted=lambda _: None)

        kept = await house.publish()

    assert [event.id for event in told] == [kept.id]


async def test_a_webhook_whose_key_is_missing_is_held_by_itself_until_the_key_is_there(open_house: OpenHouse) -> None:
    async with Endpoint() as lost, Endpoint() as other:
        async with open_house() as house:
            held = await house.subscribe(lost.url)
            await house.subscribe(other.url)
            was = await _secrets(house, held)
            foreign = Vault([new_key()]).seal("[]", Drawer.SUBSCRIPTION_SECRETS)
            await _reseal(house, held, secrets=foreign, was=was)
        async with open_house() as house:
            await house.publish()
            await other.received(1)
            assert (await house.now(held.number)).unopened
            assert await house.states(held.number) == ["held"]
            await _reseal(house, held, secrets=was, was=foreign)
        assert len(lost.requests) == 0
        async with open_house():
            await lost.received(1)


def a_thousand(letter: bytes) -> bytes:
    """An event's data of so many bytes."""
    return b'{"text":"%b"}' % (letter * 989)


async def _secrets(house: House, subscription: Subscription) -> str:
    [row] = await house.database.read(_Secrets, "sealed_in_subscription", after=subscription.number - 1, most=1)
    return row.secrets


async def _reseal(house: House, subscription: Subscription, *, secrets: str, was: str) -> None:
    none: dict[str, Value] = {"token": None, "headers": "", "basic_auth": None, "client_certificate": None}
    were: dict[str, Value] = {f"was_{column}": "" for column in none}
    values = {"id": subscription.number, **none, **were, "secrets": secrets, "was_secrets": was}
    await house.database.write(Statement("reseal_subscription", values))


class _Secrets(msgspec.Struct):
    secrets: str
