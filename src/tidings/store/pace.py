"""Pace: the rate limit of a lane (GCRA: a theoretical arrival time, `tat`, that runs ahead of the clock)."""

import math
from dataclasses import dataclass

from tidings.core.clock import SECOND

# Evenly spaced, but a tenth of a second's worth may go at once: whoever asks ten times a second reaches the rate.
BURST_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`rate` deliveries a second; the lane is spoken for up to the instant `tat` (epoch milliseconds)."""

    rate: float
    tat: float = 0.0

    @property
    def free_at(self) -> int:
        """When the next delivery may go."""
        instant = math.floor(self.tat - (self._burst - 1) * self._spacing_ms)
        # Floating point is a fraction of a millisecond off; what counts is what `allowed` says then.
        return next(at for at in range(instant - 1, instant + 3) if self.allowed(at))

    def allowed(self, now: int) -> int:
        """How many deliveries may go now."""
        ahead = max(self.tat - now, 0.0) / self._spacing_ms
        # Rounded first, so that what floating point loses does not cost a delivery.
        return max(math.floor(round(self._burst - ahead, 6)), 0)

    def after(self, deliveries: int, *, now: int) -> "Pace":
        return Pace(rate=self.rate, tat=max(self.tat, now) + deliveries * self._spacing_ms)

    @property
    def _burst(self) -> float:
        return max(self.rate * BURST_SECONDS, 1.0)

    @property
    def _spacing_ms(self) -> float:
        return SECOND / self.rate
