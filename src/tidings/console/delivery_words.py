"""Delivery words: what happened to a delivery, and what comes next, in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from tidings.console.wording import duration
from tidings.core.circuit import Circuit
from tidings.core.delivery import FINAL, State
from tidings.core.schedule import RetrySchedule
from tidings.core.subscription import Subscription
from tidings.egress.answer import Outcome
from tidings.store.history import NO_REQUEST, Delivery, Tried
from tidings.store.order import NEVER

# Below, tenths of a millisecond tell something.
_FINE_MS = 10
_PHASES = ("name look-up", "connect", "TLS", "first byte", "the rest")
_ENDS = {State.CANCELLED: "Cancelled", State.SKIPPED: "Skipped by hand"}
_BEFORE = {
    Outcome.FORBIDDEN: "Not called",
    Outcome.NAME_FAILED: "The name was not found",
    Outcome.UNREACHABLE: "No connection",
    Outcome.TLS_FAILED: "No secure connection",
    Outcome.TIMED_OUT: "Timed out",
    Outcome.BROKEN: "No proper answer",
    Outcome.TOO_BIG: "The answer was too large",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A part of an attempt: `start` and `width` in thousandths of the whole. Each has a colour of its own, `number`."""

    name: str
    number: int
    ms: float
    start: float
    width: float

    @property
    def text(self) -> str:
        return f"{self.ms:.1f} ms" if self.ms < _FINE_MS else duration(self.ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An attempt as the timeline shows it; `next` says what it led to."""

    tried: Tried
    title: str
    reason: str
    next: str
    tone: str
    phases: Sequence[Phase]


def steps(tried: Sequence[Tried], subscription: Subscription, *, default: RetrySchedule) -> list[Step]:
    """Attempts in words, in the order given, which is newest first."""
    most = len((subscription.schedule or default).waits_ms) + 1
    count, found = 0, []
    for one in reversed(tried):
        # A probe uses up no retry, and what ended without a request none either.
        count += not one.is_probe and one.outcome != NO_REQUEST
        found.append(_step(one, count=count, most=most))
        if one.state in FINAL:
            count = 0
    return found[::-1]


def standing(delivery: Delivery, subscription: Subscription, *, circuit: Circuit) -> str:
    """What is the matter with a delivery that is not finished, and what it waits for; empty for one that is."""
    if delivery.state in FINAL:
        return ""
    if delivery.state is State.HELD and subscription.held_because:
        return f"Held, because {subscription.held_because}."
    if delivery.due == NEVER:
        return "It waits behind an older delivery of its order; skip that one, or wait until it is through."
    if circuit.is_open:
        return "The endpoint failed too often, so its circuit is open: only a probe now and then is sent to it."
    return ""


def status_words(status: int) -> str:
    """`503 Service Unavailable`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _step(one: Tried, *, count: int, most: int) -> Step:
    title = _title(one)
    reason = one.error[:1].upper() + one.error[1:] if one.error and one.outcome != Outcome.REFUSED else ""
    return Step(
        tried=one,
        title=f"Probe: {title}" if one.is_probe else title,
        reason=reason,
        next=_next(one, count=count, most=most),
        tone="good" if one.outcome == Outcome.OK else "quiet" if one.outcome == NO_REQUEST else "bad",
        phases=_phases(one.timings),
    )


def _title(one: Tried) -> str:
    if one.outcome == NO_REQUEST:
        return _ENDS.get(one.state, str(one.state).capitalize())
    if one.status:
        words = f"The server answered {status_words(one.status)}"
        return words if one.outcome in {Outcome.OK, Outcome.REFUSED, Outcome.GONE} else f"{words}, and failed then"
    return next((words for outcome, words in _BEFORE.items() if outcome == one.outcome), one.outcome)


def _next(one: Tried, *, count: int, most: int) -> str:
    if one.outcome == NO_REQUEST:
        return ""
    number = "A probe uses up no try" if one.is_probe else f"Try {count} of {most}"
    if one.state is State.DELIVERED:
        return f"{number}. Delivered"
    if one.outcome == Outcome.GONE:
        return "Given up: 410 says that nobody wants this any more, so the webhook was disabled"
    if one.state is State.RETRYING:
        return f"{number}. To be tried again after {duration(max(0, one.next_at - one.at))}"
    return f"{number}. Given up"


def _phases(timings: Sequence[float]) -> list[Phase]:
    """Those that were gone through, and the rest of the time; none if the whole is not known."""
    total = timings[-1] if timings else -1.0
    if total <= 0:
        return []
    parts = [*timings[:-1], max(0.0, total - sum(ms for ms in timings[:-1] if ms > 0))]
    found, start = [], 0.0
    for number, (name, ms) in enumerate(zip(_PHASES, parts, strict=False), start=1):
        if ms >= 0:
            width = min(1_000 * ms / total, 1_000 - start)
            found.append(Phase(name=name, number=number, ms=ms, start=start, width=width))
            start += width
    return found
