"""Deadlines: a request ends when its time is over, and not because of anybody else's."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.egress.waiting import eventually
from tidings.egress.deadline import Deadlines, Limited


class Passed:
    """Deadlines, and whose have passed, in that order."""

    def __init__(self) -> None:
        self.limited: list[Limited] = []
        self.deadlines = Deadlines(self.limited.append)

    def begin(self, *limits_ms: int) -> list[Limited]:
        begun = [Limited(limit_ms=limit_ms) for limit_ms in limits_ms]
        for one in begun:
            self.deadlines.begin(one)
        return begun


@pytest.fixture
async def passed() -> AsyncIterator[Passed]:
    made = Passed()
    yield made
    made.deadlines.close()


async def test_what_takes_too_long_is_ended_the_shorter_limit_first(passed: Passed) -> None:
    long, short = passed.begin(150, 20)

    await eventually(lambda: len(passed.limited) == 2)

    assert passed.limited == [short, long]


async def test_what_ends_in_time_is_left_alone_and_the_next_of_its_limit_is_not(passed: Passed) -> None:
    first, second = passed.begin(40, 40)
    passed.deadlines.end(first)

    await eventually(lambda: bool(passed.limited))

    assert passed.limited == [second]
    assert not first.is_watched


async def test_what_has_ended_may_be_ended_again(passed: Passed) -> None:
    [one] = passed.begin(20)
    await eventually(lambda: bool(passed.limited))

    passed.deadlines.end(one)

    assert not one.is_watched


async def test_what_begins_because_another_has_passed_is_watched_too() -> None:
    passed: list[int] = []

    def expire(one: Limited) -> None:
        passed.append(one.limit_ms)
        if one.limit_ms == 20:
            deadlines.begin(Limited(limit_ms=21))

    deadlines = Deadlines(expire)
    deadlines.begin(Limited(limit_ms=20))

    await eventually(lambda: passed == [20, 21])
    deadlines.close()


async def test_a_mistake_in_ending_one_leaves_the_others_their_limits() -> None:
    passed: list[int] = []
    mistakes: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: mistakes.append(context["exception"]))

    def expire(one: Limited) -> None:
        if not mistakes and not passed:
            passed.append(one.limit_ms)
            raise ValueError
        passed.append(one.limit_ms)

    deadlines = Deadlines(expire)
    for limit_ms in (20, 20, 21):
        deadlines.begin(Limited(limit_ms=limit_ms))

    await eventually(lambda: sorted(passed) == [20, 20, 21])
    assert [type(mistake) for mistake in mistakes] == [ValueError]
    deadlines.close()


async def test_nothing_is_remembered_of_requests_that_ended(passed: Passed) -> None:
    for one in passed.begin(20, 21, 22, 23):
        passed.deadlines.end(one)
    passed.begin(60)

    await eventually(lambda: bool(passed.limited))

    assert not passed.deadlines._by_limit  # noqa: SLF001 - what is held in memory shows nowhere else
