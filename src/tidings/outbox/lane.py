"""Lane: one subscription's place in the courier, with its own limits, so that none can delay another."""

from collections import deque
from enum import IntEnum

from tidings.core.circuit import Circuit
from tidings.core.delivery import Debt
from tidings.core.subscription import Subscription
from tidings.outbox.callback import Caller

# Unknown endpoints get little, fast ones much, and one that timed out a single request at a time.
FIRST_SLOTS = 2
MOST_SLOTS = 64
FEWEST_SLOTS = 1
# An answer within that time is fast: it earns a slot.
FAST_MS = 1_000
# How many fresh deliveries one lane may have waiting in memory once that fills (see `Roster.is_roomy`); the rest waits
# in the table. Little of the whole memory, so that a slow endpoint cannot take the fast way from the others; a
# fast one may have what it gets through in a second, up to a twelfth of the memory.
MOST_QUEUED, MOST_QUEUED_FAST = 250, 5_000
# What is taken from the table for a fast lane at once, in slots and as a part of a second: enough that it is not idle
# until the next claim, and little enough that a claim is short.
_SLOTS_FILLED, _SLOTS_FILLED_AT_LEAST, _SECONDS_FILLED = 8, 2, 0.25
# The weight of the latest attempt in what a lane is thought to take.
_NEWEST = 1 / 16


class Standing(IntEnum):
    """What is known of a lane's endpoint."""

    PROVEN = 0  # it has answered fast since the lane was made or timed out
    NEW = 1  # nothing
    SILENT = 2  # it let us wait until the time-out, and has not answered fast since


_PROVEN, _NEW, _SILENT = Standing  # see `core.subscription` for why


class Lane:
    """What is under way for one subscription in this process.

    `queue` holds debts that are leased to us with the owner number of the lease. `unsettled` attempts are over, but
    not on disk yet. `ask_at` is the instant at which the table must be asked for more, None if nothing is known to be
    there.
    """

    __slots__ = (
        "ask_at",
        "caller",
        "circuit",
        "in_flight",
        "is_asking",
        "is_ready",
        "queue",
        "slots",
        "subscription",
        "took_ms",
        "unsettled",
    )

    def __init__(self, subscription: Subscription, caller: Caller, *, circuit: Circuit) -> None:
        self.subscription = subscription
        self.caller = caller
        self.circuit = circuit
        self.queue: deque[tuple[Debt, int]] = deque()
        self.in_flight = 0
        self.unsettled = 0
        self.slots = FIRST_SLOTS
        self.took_ms: float = FAST_MS
        self.ask_at: int | None = None
        self.is_asking = False
        self.is_ready = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way and nothing is known to come, so that the lane can be forgotten."""
        return self.ask_at is None and not (self.queue or self.in_flight or self.unsettled or self.is_asking)

    @property
    def can_send(self) -> bool:
        """Whether the next of the queue may be sent now."""
        return bool(self.queue) and self.in_flight < self.slots and self.subscription.is_sending

    @property
    def is_proven(self) -> bool:
        """Whether it has answered fast since it was made or timed out."""
        return self.slots > FIRST_SLOTS

    @property
    def standing(self) -> Standing:
        if self.slots > FIRST_SLOTS:
            return _PROVEN
        return _NEW if self.slots == FIRST_SLOTS else _SILENT

    @property
    def per_second(self) -> float:
        """How many deliveries it gets through, judged by the last ones."""
        return self.slots * 1_000 / max(self.took_ms, 1.0)

    @property
    def most_queued(self) -> int:
        """How many fresh deliveries may wait in memory."""
        return int(min(MOST_QUEUED_FAST, max(MOST_QUEUED, self.per_second)))

    @property
    def is_full(self) -> bool:
        """Whether no fresh delivery may be added to those that wait in memory."""
        return len(self.queue) >= MOST_QUEUED and len(self.queue) >= self.most_queued

    @property
    def overflow(self) -> int:
        """How many of those that wait are better off in the table: of twice what may wait, whatever is too much.

        Not of less, for what a lane gets through goes up and down, and each way into the table and back costs a claim.
        """
        waiting = len(self.queue)
        if waiting <= 2 * MOST_QUEUED:
            return 0
        most = self.most_queued
        return waiting - most if waiting > 2 * most else 0

    @property
    def room(self) -> int:
        """How many debts it is worth while to take from the table: at least twice the slots, so that none waits."""
        if not self.subscription.is_sending:
            return 0
        if self.circuit.is_open:
            return 0 if self.in_flight or self.queue else 1
        if self.subscription.is_held_alone:
            return max(0, self.slots - len(self.queue) - self.in_flight)
        a_slot_fills = _SECONDS_FILLED * 1_000 / max(self.took_ms, 1.0)
        filled = int(self.slots * max(_SLOTS_FILLED_AT_LEAST, min(_SLOTS_FILLED, a_slot_fills)))
        room = filled - len(self.queue) - self.in_flight
        # Half of it or nothing: many small claims would cost a commit each.
        return room if 2 * room >= filled else 0

    def learn(self, *, succeeded: bool, timed_out: bool, took_ms: float) -> None:
        """Grow or shrink by what an attempt told."""
        self.took_ms += (took_ms - self.took_ms) * _NEWEST
        if timed_out:
            self.slots = FEWEST_SLOTS
        elif succeeded and took_ms <= FAST_MS and self.slots < MOST_SLOTS:
            self.slots += 1
