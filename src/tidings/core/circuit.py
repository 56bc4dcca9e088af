"""The circuit of a subscription: whether its endpoint is called at all."""

from dataclasses import dataclass, replace
from enum import StrEnum

from tidings.core.clock import MINUTE, SECOND

# One delivery alone has seven attempts at most by the default schedule, so it never opens a circuit by itself.
FAILURES_TO_OPEN = 10
FIRST_WAIT_MS = 10 * SECOND
# An endpoint that is back is noticed within ten minutes, however long it was away.
LONGEST_WAIT_MS = 10 * MINUTE
# Beyond twenty doublings every wait has reached the longest; counting on would only make large numbers.
_MOST_DOUBLINGS = 20


class CircuitState(StrEnum):
    """What an endpoint is sent."""

    CLOSED = "closed"  # everything
    OPEN = "open"  # nothing before the probe is due
    HALF_OPEN = "half_open"  # one probe, which is on its way


_CLOSED = CircuitState.CLOSED  # see `core.subscription` for why


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """The circuit as it stands; every method returns a new one.

    `failures` counts attempts that failed in a row, `openings` the waits since it last was closed, `opened_at` is when
    the first of these began. `probe_at` is when the next probe is due; in a half-open circuit, when the probe on its
    way is taken for lost.
    """

    state: CircuitState = CircuitState.CLOSED
    failures: int = 0
    openings: int = 0
    opened_at: int = 0
    probe_at: int = 0

    @property
    def is_open(self) -> bool:
        """Whether ordinary deliveries have to wait."""
        return self.state is not _CLOSED

    def probe_due(self, now: int) -> bool:
        return self.is_open and now >= self.probe_at

    def may_send(self, now: int) -> bool:
        """Whether something may be sent: anything while closed, one probe when it is due."""
        return not self.is_open or now >= self.probe_at

    def probing(self, *, lost_at: int) -> "Circuit":
        """A probe goes out; if it has not reported by `lost_at`, its process died and another probe is due."""
        return replace(self, state=CircuitState.HALF_OPEN, probe_at=lost_at)

    def after(
        self,
        *,
        succeeded: bool,
        now: int,
        is_probe: bool = False,
        first_wait_ms: int = FIRST_WAIT_MS,
        longest_wait_ms: int = LONGEST_WAIT_MS,
    ) -> "Circuit":
        """What an attempt that ended makes of it. `first_wait_ms` is the first wait of the subscription's schedule.

        Any success closes it. While it is open, only the probe's failure counts: attempts that were on their way when
        it opened say nothing new, and must not push the probe further off.
        """
        if succeeded:
            return CLOSED
        if not self.is_open:
            failures = self.failures + 1
            if failures < FAILURES_TO_OPEN:
                return replace(self, failures=failures)
            opened_at = now
        elif is_probe and self.state is CircuitState.HALF_OPEN:
            failures = self.failures + 1
            opened_at = self.opened_at
        else:
            return self
        wait = min(first_wait_ms << min(self.openings, _MOST_DOUBLINGS), longest_wait_ms)
        return Circuit(
            state=CircuitState.OPEN,
            failures=failures,
            openings=self.openings + 1,
            opened_at=opened_at,
            probe_at=now + wait,
        )


CLOSED = Circuit()
