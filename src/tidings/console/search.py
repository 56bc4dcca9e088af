"""Search: events that fit, gone through newest first in steps short enough for a page, however large events are."""

from dataclasses import dataclass

from tidings.core.clock import Clock
from tidings.core.errors import Unavailable
from tidings.store.finding import Finding, Found, Wish

# Seconds that one step of a search for text may take altogether, so that a page stays under a tenth.
_PATIENCE_S = 0.06
# Events of the first look. Whatever they carry (1 MiB at most), it takes less than the second that a reader has.
FIRST_LOOK, _LARGEST_LOOK, _SMALLEST_LOOK = 200, 10_000, 10
_MOST_LOOKS = 20


@dataclass(slots=True)
class _Pace:
    """How many events are gone through at once: as many as take a third of the patience."""

    look: int

    def learn(self, seconds: float) -> None:
        if seconds < _PATIENCE_S / 6:
            self.look = min(self.look * 4, _LARGEST_LOOK)
        elif seconds > _PATIENCE_S / 2:
            self.look = max(self.look // 4, _SMALLEST_LOOK)


class Search:
    """Goes by indexes where it can; for text it goes through what events carry."""

    def __init__(self, finding: Finding, *, clock: Clock) -> None:
        self._finding = finding
        self._clock = clock

    async def step(self, wish: Wish, *, most: int, before: int = 0) -> Found:
        """As many as can be found at once, `most` at most; where the answer says so, there may be more."""
        if not wish.text:
            return await self._finding.events(wish, most=most, before=before)
        pace, began = _Pace(FIRST_LOOK), self._clock.monotonic()
        found = await self._look(wish, pace, most=most, before=before)
        events = [*found.events]
        for _ in range(_MOST_LOOKS):
            if not found.before or len(events) == most or self._clock.monotonic() - began > _PATIENCE_S / 2:
                break
            found = await self._look(wish, pace, most=most - len(events), before=found.before)
            events += found.events
        return Found(events=events, before=found.before)

    async def _look(self, wish: Wish, pace: _Pace, *, most: int, before: int) -> Found:
        began = self._clock.monotonic()
        try:
            return await self._finding.events(wish, most=most, before=before, budget=pace.look)
        except Unavailable:
            # A second was too little for so much: once more with the fewest.
            pace.look = _SMALLEST_LOOK
            return await self._finding.events(wish, most=most, before=before, budget=pace.look)
        finally:
            pace.learn(self._clock.monotonic() - began)
