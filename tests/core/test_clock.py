"""The machine's clock."""

import asyncio
import time

from tidings.core.alongside import alongside
from tidings.core.clock import Clock
from tidings.testing.clock import ManualClock

FOR_EVER_S = 1e6


def test_now_is_in_milliseconds_since_1970() -> None:
    before = time.clock_gettime_ns(time.CLOCK_REALTIME) // 1_000_000

    now = Clock().now()

    assert before <= now <= time.clock_gettime_ns(time.CLOCK_REALTIME) // 1_000_000


async def test_seconds_go_on_while_we_sleep() -> None:
    clock = Clock()
    before = clock.monotonic()

    await clock.sleep(0.001)

    assert clock.monotonic() - before >= 0.001


async def test_an_event_that_is_set_is_not_waited_for() -> None:
    event = asyncio.Event()
    event.set()

    assert await Clock().wait(event, FOR_EVER_S)


async def test_waiting_ends_when_the_event_is_set() -> None:
    event = asyncio.Event()
    asyncio.get_running_loop().call_soon(event.set)

    assert await Clock().wait(event, FOR_EVER_S)


async def test_waiting_ends_when_the_time_is_over(manual_clock: ManualClock) -> None:
    waiting = asyncio.create_task(manual_clock.wait(asyncio.Event(), 5))

    await manual_clock.advance(5_000)

    assert not await waiting


async def test_a_clock_that_jumps_wakes_each_sleeper_once_at_the_new_time() -> None:
    clock, woken = ManualClock(), list[int]()

    async def tick() -> None:
        while True:
            await clock.sleep(1)
            woken.append(clock.now())

    began = clock.now()
    async with alongside(tick()):
        await clock.advance(0)
        await clock.jump(10_000)
        await clock.advance(1_000)

    assert woken == [began + 10_000, began + 11_000]
