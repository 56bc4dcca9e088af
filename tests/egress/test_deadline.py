"""Deadlines: a request ends when its time is over, and not because of anybody else's."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tidings.egress.deadline import Deadlines


@pytest.fixture
async def deadlines() -> AsyncIterator[Deadlines]:
    made = Deadlines()
    yield made
    made.close()


async def limited(deadlines: Deadlines, *, limit_ms: int, until: asyncio.Event) -> bool:
    """Wait for the event; whether the deadline came before it."""
    deadline = deadlines.begin(limit_ms)
    try:
        await until.wait()
    except asyncio.CancelledError:
        if deadline.explains_cancellation():
            return True
        raise
    finally:
        deadlines.end(deadline)
    return False


async def test_what_takes_too_long_is_ended_the_shorter_limit_first(deadlines: Deadlines) -> None:
    never = asyncio.Event()
    long = asyncio.create_task(limited(deadlines, limit_ms=150, until=never))
    await asyncio.wait([long], timeout=0)
    short = asyncio.create_task(limited(deadlines, limit_ms=20, until=never))

    done, waiting = await asyncio.wait([long, short], return_when=asyncio.FIRST_COMPLETED)

    assert (done, waiting) == ({short}, {long})
    assert await short
    assert await long


async def test_what_ends_in_time_is_left_alone_and_the_next_of_its_limit_is_not(deadlines: Deadlines) -> None:
    soon, never = asyncio.Event(), asyncio.Event()
    first = asyncio.create_task(limited(deadlines, limit_ms=40, until=soon))
    second = asyncio.create_task(limited(deadlines, limit_ms=40, until=never))
    await asyncio.wait([first], timeout=0)
    soon.set()

    assert not await first
    assert await second


async def test_a_cancellation_by_somebody_else_is_no_deadline(deadlines: Deadlines) -> None:
    task = asyncio.create_task(limited(deadlines, limit_ms=5_000, until=asyncio.Event()))
    await asyncio.wait([task], timeout=0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancellation_at_the_moment_of_the_deadline_counts(deadlines: Deadlines) -> None:
    task = asyncio.create_task(limited(deadlines, limit_ms=20, until=asyncio.Event()))
    await asyncio.wait([task], timeout=0)
    # It has begun, and its deadline is ours to reach: both happen before the task runs again.
    [deadline] = [one for alike in deadlines._by_limit.values() for one in alike]  # noqa: SLF001 - the only way in
    del deadlines._by_limit[20][deadline]  # noqa: SLF001 - as above
    deadline.expire()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_nothing_is_remembered_of_requests_that_ended(deadlines: Deadlines) -> None:
    soon, never = asyncio.Event(), asyncio.Event()
    quick = [asyncio.create_task(limited(deadlines, limit_ms=20 + number, until=soon)) for number in range(5)]
    await asyncio.wait(quick, timeout=0)
    soon.set()

    assert await asyncio.gather(*quick) == [False] * 5
    assert await limited(deadlines, limit_ms=60, until=never)
    assert not deadlines._by_limit  # noqa: SLF001 - what is held in memory shows nowhere else
