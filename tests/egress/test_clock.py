"""The clock that is moved by hand."""

import asyncio

import pytest

from tidings.testing.clock import START, ManualClock


async def test_it_stands_still_until_it_is_moved() -> None:
    clock = ManualClock()
    before = clock.now(), clock.monotonic()

    await clock.advance(1_500)

    assert before == (START, START / 1_000)
    assert (clock.now(), clock.monotonic()) == (START + 1_500, (START + 1_500) / 1_000)


async def test_sleepers_wake_in_the_order_of_their_times_and_see_them() -> None:
    clock, woken = ManualClock(0), list[tuple[str, int]]()

    async def sleep(name: str, *seconds: float) -> None:
        for each in seconds:
            await clock.sleep(each)
            woken.append((name, clock.now()))

    async with asyncio.TaskGroup() as group:
        group.create_task(sleep("late", 3))
        group.create_task(sleep("often", 1, 1, 1.5))
        group.create_task(sleep("early", 0.5))
        await clock.advance(3_000)
        assert woken == [("early", 500), ("often", 1_000), ("often", 2_000), ("late", 3_000)]
        await clock.advance(500)

    assert woken[-1] == ("often", 3_500)


async def test_a_sleeper_that_was_cancelled_is_passed_over() -> None:
    clock = ManualClock()
    sleeping = asyncio.create_task(clock.sleep(1))
    await clock.advance(0)
    sleeping.cancel()

    await clock.advance(2_000)

    with pytest.raises(asyncio.CancelledError):
        await sleeping
    assert clock.now() == START + 2_000
