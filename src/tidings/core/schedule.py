"""When a failed delivery is tried again."""

from dataclasses import dataclass

from tidings.core.clock import HOUR
from tidings.core.duration import format_duration, parse_duration
from tidings.core.errors import Invalid

# A receiver that gets more than twenty tries of one event is being attacked, not told.
MOST_WAITS = 20
# Shorter, a retry meets the same overload that refused the attempt before it.
SHORTEST_WAIT_MS = 100
# A delivery fails 48 h after its first attempt (Kaizala webhooks reference: six retries within two days),
# so a retry that would come later never happens.
LONGEST_TOTAL_MS = 48 * HOUR
# Each wait is spread over ±10 %, so that deliveries that failed together do not come back together.
JITTER = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySchedule:
    """The waits between attempts; made by `parse_schedule`."""

    waits_ms: tuple[int, ...]

    @property
    def text(self) -> str:
        """As `parse_schedule` reads it."""
        return ",".join(format_duration(wait) for wait in self.waits_ms)

    def wait_ms(self, failed_tries: int, jitter: float) -> int | None:
        """How long to wait after that many failed tries (from 1), or None if there is no retry left.

        `jitter` is a random number in [0, 1): 0 shortens the wait by 10 %, 0.5 leaves it, 1 would lengthen it by 10 %.
        """
        if failed_tries > len(self.waits_ms):
            return None
        return round(self.waits_ms[failed_tries - 1] * (1 - JITTER + 2 * JITTER * jitter))


def parse_schedule(text: str) -> RetrySchedule:
    """Read waits like `10s,1m,10m,1h,6h,24h`: 1 to 20 of them, each at least 100 ms, 48 h together at most."""
    waits = tuple(parse_duration(wait) for wait in text.split(","))
    if len(waits) > MOST_WAITS:
        raise Invalid(f"a retry schedule has at most {MOST_WAITS} waits; this one has {len(waits)}")
    if min(waits) < SHORTEST_WAIT_MS:
        shortest, given = format_duration(SHORTEST_WAIT_MS), format_duration(min(waits))
        raise Invalid(f"a retry schedule's waits are at least {shortest}; this one has {given}")
    if sum(waits) > LONGEST_TOTAL_MS:
        raise Invalid(
            f"a retry schedule's waits are at most 48h together, since a delivery fails 48h after its first attempt; "
            f"these are {format_duration(sum(waits))}"
        )
    return RetrySchedule(waits_ms=waits)


DEFAULT_SCHEDULE = parse_schedule("10s,1m,10m,1h,6h,24h")
