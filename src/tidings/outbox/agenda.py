"""Agenda: which lanes the table is to be asked about, and when."""

import asyncio
import heapq

from tidings.core.clock import Clock
from tidings.outbox.lane import Lane

# Nothing is waited for longer than that at once, so that a clock that was set is noticed.
LONGEST_WAIT_S = 60.0
# Entries that nobody looks at any more are swept out when they outnumber the others, but not for a handful.
FEW = 100


class Agenda:
    """A lane's `ask_at` is the truth. `_listed` has each lane's first entry; others in the heap are passed over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[int, int, Lane]] = []
        self._listed: dict[Lane, int] = {}
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        """How many entries are in memory."""
        return len(self._heap)

    def ask(self, lane: Lane, at: int) -> None:
        """Ask for that lane at that instant, if not before."""
        if lane.ask_at is None or at < lane.ask_at:
            lane.ask_at = at
        self.recall(lane)

    def recall(self, lane: Lane) -> None:
        """The lane may have room again: if it waits to be asked for, see to it."""
        listed_at = self._listed.get(lane)
        if lane.ask_at is None or (listed_at is not None and listed_at <= lane.ask_at):
            return
        self._listed[lane] = lane.ask_at
        if len(self._heap) > FEW + 2 * len(self._listed):
            self._heap = [(at, id(one), one) for one, at in self._listed.items()]
            heapq.heapify(self._heap)
        else:
            heapq.heappush(self._heap, (lane.ask_at, id(lane), lane))
        self._wake.set()

    def take(self, *, most: int) -> list[Lane]:
        """Lanes that are due and have room, at most that many; each is being asked from now on."""
        now = self._clock.now()
        lanes: list[Lane] = []
        while self._heap and self._heap[0][0] <= now and len(lanes) < most:
            at, _, lane = heapq.heappop(self._heap)
            if self._listed.get(lane) != at:
                continue
            del self._listed[lane]
            if lane.ask_at is None or lane.is_asking:
                continue
            if lane.ask_at > now:
                self.recall(lane)
            elif lane.circuit.is_open and now < lane.circuit.probe_at:
                lane.ask_at = None
                self.ask(lane, lane.circuit.probe_at)
            elif not lane.subscription.is_sending:
                lane.ask_at = None
            elif lane.room:
                lane.ask_at = None
                lane.is_asking = True
                lanes.append(lane)
        return lanes

    async def due(self) -> None:
        """Wait until the first entry is due."""
        while not self._heap or self._heap[0][0] > self._clock.now():
            await self.changed()

    async def changed(self) -> None:
        """Wait for a new entry, or for the first one to become due."""
        self._wake.clear()
        seconds = LONGEST_WAIT_S
        if self._heap:
            seconds = min(seconds, max(0.001, (self._heap[0][0] - self._clock.now()) / 1000))
        await self._clock.wait(self._wake, seconds)
