"""Counting: what this process does, added to the minutes that the charts are drawn from."""

import logging
from collections.abc import Callable

import msgspec

from tidings.core.clock import DAY, MINUTE, SECOND, Clock
from tidings.core.errors import Unavailable
from tidings.store.pulse import Counts, Pulse

log = logging.getLogger(__name__)

# Seconds. One small write each time, however much happened; what a killed process did since the last is not counted.
EVERY_S = 5.0
# The longest chart is of a month.
KEPT_MS = 32 * DAY
_FORGET_EVERY_MS = 6 * 60 * MINUTE


class Counting:
    """Looks at counters that only grow, and writes down by how much they did."""

    def __init__(self, pulse: Pulse, *, look: Callable[[], Counts], clock: Clock) -> None:
        self._pulse = pulse
        self._look = look
        self._clock = clock
        self._noted = Counts()
        self._forgot_at = 0

    async def run(self) -> None:
        """Count until cancelled."""
        while True:
            await self._clock.sleep(EVERY_S)
            try:
                await self.note()
            except Unavailable as error:
                # The counters have not moved back: it is added the next time.
                log.warning("counting.waits error=%r", error.message)

    async def note(self) -> None:
        """Write down what happened since the last time, in the minute that is now."""
        seen, now = self._look(), self._clock.now()
        before, after = msgspec.structs.asdict(self._noted), msgspec.structs.asdict(seen)
        grown = Counts(**{name: after[name] - before[name] for name in after})
        if grown != Counts():
            await self._pulse.add(now - now % MINUTE, grown)
            self._noted = seen
        if now - self._forgot_at > _FORGET_EVERY_MS:
            await self._pulse.forget(before=now - KEPT_MS)
            self._forgot_at = now


def rate_window(now: int) -> tuple[int, float]:
    """From when on a rate is counted, the minute before this one and this one, and how many seconds that is."""
    since = now - now % MINUTE - MINUTE
    return since, (now - since) / SECOND
