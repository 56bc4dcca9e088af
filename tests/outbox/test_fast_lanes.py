"""Fast lanes hold and take more, and give it back when they slow down."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.outbox.conftest import House
from tests.outbox.test_agenda import lane
from tidings.core.delivery import Debt
from tidings.core.event import Event
from tidings.outbox.lane import MOST_QUEUED, MOST_QUEUED_FAST, MOST_SLOTS, Lane
from tidings.outbox.publisher import Draft
from tidings.testing.endpoint import Answer, Endpoint


def test_a_lane_that_answers_at_once_may_hold_twenty_times_what_a_slow_one_may() -> None:
    fast, slow = lane(), lane()
    for _ in range(200):
        fast.learn(succeeded=True, timed_out=False, took_ms=2)
        slow.learn(succeeded=True, timed_out=False, took_ms=900)

    assert (fast.slots, fast.most_queued) == (MOST_SLOTS, MOST_QUEUED_FAST)
    assert (slow.slots, slow.most_queued) == (MOST_SLOTS, MOST_QUEUED)
    assert (fast.room, slow.room) == (8 * MOST_SLOTS, 2 * MOST_SLOTS)


def test_a_lane_is_filled_up_when_half_of_it_is_free() -> None:
    one = lane()
    for _ in range(200):
        one.learn(succeeded=True, timed_out=False, took_ms=2)

    one.in_flight = 4 * MOST_SLOTS + 1
    assert one.room == 0
    one.in_flight = 4 * MOST_SLOTS
    assert one.room == 4 * MOST_SLOTS


def test_a_lane_gives_back_nothing_before_it_holds_twice_what_it_may() -> None:
    one = lane()
    debt = Debt(event=Event(type="a", subjects=(), data=b"{}", at=0), subscription=1, due=0)
    one.queue.extend([(debt, 1)] * 2 * MOST_QUEUED)
    assert (one.is_full, one.overflow) == (True, 0)

    one.queue.append((debt, 1))

    assert one.overflow == MOST_QUEUED + 1


@asynccontextmanager
async def answered_once(house: House) -> AsyncIterator[tuple[Lane, Endpoint, asyncio.Event]]:
    """A lane of four slots, its endpoint, and what that waits for before it answers again."""
    answers = asyncio.Event()
    async with Endpoint(Answer(200), Answer(200, after=answers)) as endpoint:
        subscription = await house.subscribe(endpoint.url)
        await house.publish()
        await house.settled()
        proven = house.courier.roster.lane(subscription)
        proven.slots = 4
        yield proven, endpoint, answers


async def test_a_lane_that_slows_down_gives_back_what_it_may_not_hold_any_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.outbox.lane.MOST_QUEUED", 50)
    monkeypatch.setattr("tidings.outbox.roster.MOST_HELD", 200)
    async with answered_once(house) as (one, endpoint, answers):
        one.took_ms = 1.0
        drafts = [Draft(event=house.event()) for _ in range(150)]
        await house.hub.publisher.publish(drafts)
        assert len(one.queue) == 150 - 4

        one.took_ms = 60_000.0
        answers.set()

        await house.reaches(lambda: len(endpoint.requests) == 151, by=1_000)
        await house.settled()
    assert await house.states(one.subscription.number) == ["delivered"] * 100  # the first page of them


@pytest.mark.parametrize(("most_held", "in_memory"), [(4_000, 66), (100, 56)])
async def test_a_lane_that_answers_may_have_all_that_comes_while_less_than_three_eighths_of_the_memory_are_taken(
    house: House, monkeypatch: pytest.MonkeyPatch, *, most_held: int, in_memory: int
) -> None:
    monkeypatch.setattr("tidings.outbox.lane.MOST_QUEUED", 50)
    async with answered_once(house) as (one, endpoint, answers):
        one.took_ms = 60_000.0
        monkeypatch.setattr("tidings.outbox.roster.MOST_HELD", most_held)

        await house.hub.publisher.publish([house.draft() for _ in range(60)])
        await house.hub.publisher.publish([house.draft() for _ in range(10)])

        assert len(one.queue) == in_memory
        answers.set()
        await house.reaches(lambda: len(endpoint.requests) == 71, by=1_000)
        await house.settled()
