"""What is changed while deliveries of it are under way: what was taken before holds to it too."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from tests.outbox.conftest import House
from tidings.core.clock import SECOND
from tidings.outbox import lane, turns
from tidings.outbox.terms import Terms
from tidings.store.database import Claim, Statement, Wanted
from tidings.store.subscriptions import disabling, ending
from tidings.testing.clock import START
from tidings.testing.endpoint import NEVER_ANSWERS, Answer, Endpoint


def happening_after(
    method: Callable[..., Awaitable[Any]],
    *,
    happens: Callable[[], Awaitable[object]],
    is_meant: Callable[[], bool] = lambda: True,
) -> Any:  # noqa: ANN401 - as any method
    """The store's method, and what happens once between its commit and the time that we hear of it."""
    has_happened = False

    async def call(*arguments: object, **named: object) -> object:
        nonlocal has_happened
        answer = await method(*arguments, **named)
        # A claim that a new webhook brought about takes nothing, and is not the one that is meant.
        took_nothing = isinstance(answer, Claim) and not answer.debts
        if not has_happened and not took_nothing and is_meant():
            has_happened = True
            await happens()
        return answer

    return call


def disabled(number: int) -> Statement:
    return disabling(number, why="", at=START, unless_succeeded_since=START)


def ended(number: int) -> Statement:
    return ending(number, at=START)


@pytest.mark.parametrize(("stop", "state"), [(disabled, "held"), (ended, "cancelled")], ids=["disabled", "ended"])
@pytest.mark.parametrize(
    ("method", "terms"), [("keep", {}), ("claim", {"is_ordered": True})], ids=["handed over", "claimed"]
)
async def test_what_is_taken_for_a_webhook_that_is_stopped_just_then_is_not_sent(
    *,
    house: House,
    endpoint: Endpoint,
    stop: Callable[[int], Statement],
    state: str,
    method: str,
    terms: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    subscription = await house.subscribe(endpoint.url, **terms)
    happened = asyncio.Event()

    async def happens() -> None:
        await house.database.write(stop(subscription.number))
        await house.hub.directory.refresh()
        happened.set()

    monkeypatch.setattr(house.database, method, happening_after(getattr(house.database, method), happens=happens))
    await house.publish()
    async with asyncio.timeout(60):
        await happened.wait()

    await house.reaches_states(subscription.number, [state], by=10 * SECOND)
    assert endpoint.requests == []
    assert house.courier.roster.held == 0


@pytest.mark.parametrize(
    ("method", "terms"), [("keep", {}), ("claim", {"rate": 100_000.0})], ids=["handed over", "claimed"]
)
async def test_what_is_taken_for_an_endpoint_whose_circuit_opens_just_then_waits_for_the_probe(
    house: House, method: str, terms: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = asyncio.Event()
    async with Endpoint(Answer(500, after=answer)) as endpoint:
        lane = house.courier.roster.lane(await house.subscribe(endpoint.url, **terms))
        lane.slots = 20

        async def happens() -> None:
            answer.set()
            await house.reaches(lambda: lane.circuit.is_open)

        # From the start, for a claim that is under way when the last ones are published may take them.
        watched = happening_after(
            getattr(house.database, method), happens=happens, is_meant=lambda: len(endpoint.requests) == 10
        )
        monkeypatch.setattr(house.database, method, watched)
        await house.hub.publisher.publish([house.draft() for _ in range(10)])
        await endpoint.received(10)
        await house.hub.publisher.publish([house.draft() for _ in range(5)])
        await house.reaches(lambda: lane.circuit.is_open)
        await house.settled()

        assert len(endpoint.requests) == 10
        await house.reaches(lambda: len(endpoint.requests) == 11, by=SECOND)


async def test_a_webhook_that_gets_a_rate_limit_has_what_waits_in_memory_spread(house: House) -> None:
    answer = asyncio.Event()
    async with Endpoint(Answer(200, after=answer)) as endpoint:
        subscription = await house.subscribe(endpoint.url)
        for _ in range(6):
            await house.publish()
        await endpoint.received(2)

        await house.subscribing.change(subscription, Terms(rate=1.0))
        answer.set()
        began = house.clock.now()

        await house.reaches(lambda: len(endpoint.requests) == 6, by=100)
        assert house.clock.now() - began >= 2.9 * SECOND


async def test_a_rate_limit_that_comes_while_debts_are_claimed_spreads_them_too(
    house: House, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, is_asked, goes_on = house.database.claim, asyncio.Event(), asyncio.Event()

    async def slow(wanted: Sequence[Wanted], *, owner: int, now: int) -> Claim:
        claimed = await claim(wanted, owner=owner, now=now)
        is_asked.set()
        await goes_on.wait()
        return claimed

    made = await house.subscribe(endpoint.url)
    paused = await house.subscribing.change(made, Terms(), active=False)
    for _ in range(4):
        await house.publish()
    monkeypatch.setattr(house.database, "claim", slow)
    active = await house.subscribing.change(paused, Terms(), active=True)
    await is_asked.wait()

    await house.subscribing.change(active, Terms(rate=1.0))
    began = house.clock.now()
    goes_on.set()

    await house.reaches(lambda: len(endpoint.requests) == 4, by=100)
    assert house.clock.now() - began >= 2.9 * SECOND


async def test_a_lane_that_is_stopped_before_its_turn_comes_is_passed_over(
    house: House, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "MOST_IN_FLIGHT", 1)
    answer = asyncio.Event()
    async with Endpoint(Answer(200, after=answer)) as slow:
        await house.subscribe(slow.url)
        stopped = await house.subscribe(endpoint.url)
        other = await house.subscribe(endpoint.url)
        await house.publish()
        await slow.received(1)
        await house.subscribing.change(stopped, Terms(), active=False)

        answer.set()

        await house.reaches_states(other.number, ["delivered"])
        assert await house.states(stopped.number) == ["held"]


async def test_a_lane_that_slows_down_gives_back_what_it_has_too_much_of(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = asyncio.Event()
    async with Endpoint(NEVER_ANSWERS, Answer(200, after=answer), 200) as endpoint:
        made = await house.subscribe(endpoint.url)
        for _ in range(12):
            await house.publish()
        await endpoint.received(2)
        assert house.courier.roster.held == 10
        monkeypatch.setattr(lane, "MOST_QUEUED", 3)

        answer.set()
        await house.reaches(lambda: house.courier.roster.held < 9)
        endpoint.drop_connections()

        await house.reaches_states(made.number, ["delivered"] * 12, by=SECOND)
