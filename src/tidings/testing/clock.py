"""A clock that is moved by hand."""

import asyncio
import heapq
from itertools import count

from tidings.core.clock import Clock

# 2026-01-01T00:00:00Z
START = 1_767_225_600_000
# How often the loop is let run for what a sleeper does when it wakes, before the next one is woken: a guess that is
# enough for chains of tasks that wait for each other; whoever does real I/O has to be waited for.
_ROUNDS = 20


class ManualClock(Clock):
    """Stands still until `advance`. `monotonic` moves with `now`."""

    def __init__(self, start: int = START) -> None:
        self._now = start
        self._order = count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def now(self) -> int:
        return self._now

    def monotonic(self) -> float:
        return self._now / 1_000

    async def sleep(self, seconds: float) -> None:
        """Sleep until the clock has been moved that far."""
        waking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + round(seconds * 1_000), next(self._order), waking))
        await waking

    async def advance(self, ms: int) -> None:
        """Move on, waking who sleeps in the order of their times; each sees the time that it asked for."""
        until = self._now + ms
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            at, _, waking = heapq.heappop(self._sleepers)
            if not waking.done():
                self._now = max(self._now, at)
                waking.set_result(None)
                await self._settle()
        self._now = until

    async def jump(self, ms: int) -> None:
        """Move on at once, as a machine does that was suspended: who would have woken meanwhile wakes once, now."""
        self._now += ms
        await self.advance(0)

    async def _settle(self) -> None:
        for _ in range(_ROUNDS):
            await super().sleep(0)
