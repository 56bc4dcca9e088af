"""Histogram: how long things took, in buckets that Prometheus understands."""

from bisect import bisect_left
from collections.abc import Sequence

# Milliseconds. From a loopback answer to the longest timeout that a webhook can have.
LATENCY_MS = (1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 600_000)


class Histogram:
    """Counts observations: `counts[i]` those above the bound before and up to `bounds[i]`, the last one the rest."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = LATENCY_MS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one observation."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value
