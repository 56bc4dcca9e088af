"""Delivery: one event owed to one subscription, and what an attempt makes of it."""

from enum import StrEnum

import msgspec

from tidings.core.clock import DAY, HOUR
from tidings.core.event import Event
from tidings.core.schedule import RetrySchedule

# The webhooks reference: retried six times within two days.
GIVE_UP_AFTER_MS = 48 * HOUR
# Retry-After is honoured, bounded: a receiver cannot park its deliveries for longer than a day.
LONGEST_RETRY_AFTER_MS = DAY


class State(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"  # owed, not tried yet
    RETRYING = "retrying"  # owed, tried in vain
    HELD = "held"  # owed to a subscription that is disabled or withheld
    DELIVERED = "delivered"  # answered with 2xx
    FAILED = "failed"  # given up
    CANCELLED = "cancelled"  # the subscription ended, or the event outlived its retention, before it was delivered
    SKIPPED = "skipped"  # let go by hand


FINAL = frozenset({State.DELIVERED, State.FAILED, State.CANCELLED, State.SKIPPED})


class Debt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An unfinished delivery as the store keeps it: who is owed what, since when, and when it is due.

    `tries` counts failed attempts that used up a retry; `first_at` is the instant of the first attempt, 0 before it.
    """

    event: Event
    subscription: int
    due: int
    tries: int = 0
    first_at: int = 0


class Result(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one attempt made of a delivery. `due` is meaningful while the delivery is not finished."""

    state: State
    tries: int
    due: int = 0
    disables: bool = False

    @property
    def is_final(self) -> bool:
        """Whether nothing is owed any more."""
        return self.state in FINAL


class Attempt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One HTTP request made for a delivery, and what came of it.

    `outcome` is the sender's word for what happened (`tidings.egress.answer.Outcome`), `status` the answer's, 0 for no
    answer. `timings` are milliseconds: name look-up, connect, TLS, first byte, total; -1 for a phase that was not gone
    through. `answer` holds the first 4 kB.
    """

    event: int
    subscription: int
    at: int
    outcome: str
    state: State
    status: int = 0
    error: str = ""
    address: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    answer: bytes = b""
    timings: tuple[float, ...] = ()
    is_probe: bool = False
    next_at: int = 0


def after(
    debt: Debt,
    *,
    succeeded: bool,
    gone: bool,
    is_probe: bool,
    at: int,
    schedule: RetrySchedule,
    jitter: float,
    retry_after_ms: int = 0,
    probe_wait_ms: int = 0,
) -> Result:
    """Say what becomes of a delivery after an attempt that ended at `at`. `jitter` is a random number in [0, 1).

    A delivery fails after its last retry, or 48 h after its first attempt, whatever the circuit does. A probe uses up
    no retry. 410 fails the delivery and disables the subscription at once; otherwise a delivery that is given up asks
    to disable, which holds only if nothing has succeeded since its first attempt (the store knows).
    """
    if succeeded:
        return Result(state=State.DELIVERED, tries=debt.tries)
    if gone:
        return Result(state=State.FAILED, tries=debt.tries + 1, disables=True)
    tries = debt.tries if is_probe else debt.tries + 1
    deadline = (debt.first_at or at) + GIVE_UP_AFTER_MS
    wait = probe_wait_ms if is_probe else schedule.wait_ms(tries, jitter)
    if wait is None or at >= deadline:
        return Result(state=State.FAILED, tries=tries, disables=True)
    wait = max(wait, min(retry_after_ms, LONGEST_RETRY_AFTER_MS))
    # The last try is made at the deadline, not dropped before it.
    return Result(state=State.RETRYING, tries=tries, due=min(at + wait, deadline))
