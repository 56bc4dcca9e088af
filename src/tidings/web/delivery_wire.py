"""Deliveries and attempts as they are shown over HTTP."""

import base64

import msgspec
from msgspec import UNSET, UnsetType

from tidings.core.delivery import FINAL, State
from tidings.core.identifier import outside
from tidings.core.subscription import Subscription
from tidings.store.history import Delivery, Tried
from tidings.store.order import NEVER


class DeliveryShown(msgspec.Struct, rename="camel", kw_only=True):
    """How a delivery stands. `dueAt` is when an unfinished one is tried next, unless it waits behind another.

    `heldBecause` says why one is held, and what ends that.
    """

    delivery_id: str
    webhook_id: str
    event: str
    event_type: str
    state: State
    tries: int | UnsetType = UNSET
    due_at: int | UnsetType = UNSET
    held_because: str | UnsetType = UNSET
    finished_at: int | UnsetType = UNSET
    outcome: str | UnsetType = UNSET
    status: int | UnsetType = UNSET


class DeliveriesShown(msgspec.Struct, rename="camel"):
    """Deliveries, newest event first; with a `cursor` if there may be more, even where few or none were found."""

    deliveries: list[DeliveryShown]
    cursor: str | UnsetType = UNSET


class TimingsShown(msgspec.Struct, rename="camel"):
    """Milliseconds that each phase took; null for one that was not gone through."""

    name_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float | None = None


class AttemptShown(msgspec.Struct, rename="camel", kw_only=True):
    """One request, and what came of it. The first 4 kB of the answer stand in `answer` if text, else `answerBase64`."""

    at: int
    outcome: str
    state: State
    is_probe: bool
    status: int | UnsetType = UNSET
    error: str | UnsetType = UNSET
    address: str | UnsetType = UNSET
    headers: tuple[tuple[str, str], ...] = ()
    answer: str | UnsetType = UNSET
    answer_base64: str | UnsetType = UNSET
    timings: TimingsShown
    next_at: int | UnsetType = UNSET


class DeliveryWithAttempts(DeliveryShown, rename="camel", kw_only=True):
    """How a delivery stands, and what was tried, newest first."""

    attempts: list[AttemptShown]


def delivery_told(delivery: Delivery, subscription: Subscription) -> DeliveryShown:
    shown = DeliveryShown(
        delivery_id=outside(delivery.event, delivery.subscription),
        webhook_id=subscription.id,
        event=outside(delivery.event),
        event_type=delivery.type,
        state=delivery.state,
    )
    if delivery.state in FINAL:
        shown.finished_at = delivery.at
        shown.outcome = delivery.outcome
        shown.status = delivery.status or UNSET
    else:
        shown.tries = delivery.tries
        shown.due_at = UNSET if delivery.due == NEVER else delivery.due
        shown.held_because = (delivery.state is State.HELD and subscription.held_because) or UNSET
    return shown


def attempt_told(attempt: Tried) -> AttemptShown:
    phases = [None if phase < 0 else phase for phase in attempt.timings]
    shown = AttemptShown(
        at=attempt.at,
        outcome=attempt.outcome,
        state=attempt.state,
        is_probe=attempt.is_probe,
        status=attempt.status or UNSET,
        error=attempt.error or UNSET,
        address=attempt.address or UNSET,
        headers=attempt.headers,
        timings=TimingsShown(*phases),
        next_at=attempt.next_at or UNSET,
    )
    try:
        shown.answer = attempt.answer.decode()
    except UnicodeDecodeError:
        shown.answer_base64 = base64.b64encode(attempt.answer).decode()
    return shown
