"""Subscription: a standing order for the events of one subject, and the rule of which events it wants."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tidings.core.clock import DAY
from tidings.core.event import ANY, Event, Subject
from tidings.core.filter import Filter
from tidings.core.pattern import Types
from tidings.core.schedule import RetrySchedule
from tidings.core.secret import Secret
from tidings.core.signature import SigningSecret

# The webhooks reference: "Default is 2 years".
DEFAULT_VALIDITY_MS = 2 * 365 * DAY
# Standard Webhooks asks for 15 to 30 seconds.
DEFAULT_TIMEOUT_MS = 15_000


class State(StrEnum):
    """What becomes of events for a subscription."""

    ACTIVE = "active"  # they are delivered
    DISABLED = "disabled"  # they are held until the subscription is made active again
    ENDED = "ended"  # nothing is matched any more; kept so that what was delivered stays explainable


# Asked for several times a delivery: up to Python 3.11, looking a member up in its enumeration is a call of a function.
_ACTIVE, _ENDED = State.ACTIVE, State.ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A standing order. `number` is its name inside, made by the store; `id` the one outside.

    `withheld` holds deliveries although the state is active: the owner lost the right to hear, or the connector was
    revoked. `unopened` says why its secrets cannot be opened, if they cannot; it is withheld then. `order_key` is None
    for no order, "" for one order over all its events, else a path in the event. `rate` is a number of deliveries a
    second, 0 for no limit.

    `within` is the group whose token made it; what it is about is that group or beneath it, or it is withheld. A
    webhook on an action package hears what happens in some groups: `only_in` names them, None for all. They are those
    of which the owner is an admin now, or `within`; `only_in` follows from the two whenever it is read from the store.
    """

    number: int = 0
    id: str
    subject: Subject
    types: Types
    url: str
    token: Secret | None = None
    context: str | None = None
    format: str
    secrets: tuple[SigningSecret, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    basic_auth: Secret | None = None  # user:password
    client_certificate: Secret | None = None  # PEM of the certificate chain and its key
    schedule: RetrySchedule | None = None
    timeout_ms: int = DEFAULT_TIMEOUT_MS
    order_key: str | None = None
    rate: float = 0.0
    filters: Filter | None = None
    state: State = State.ACTIVE
    withheld: bool = False
    connector: str = ""
    owner: str = ""  # the person who made it; empty for a tenant's or group's token
    within: str = ""
    only_in: frozenset[str] | None = None
    created_at: int = 0
    expires_at: int
    ended_at: int | None = None
    disabled_at: int | None = None
    disabled_why: str = ""
    unopened: str = ""

    @property
    def is_held_alone(self) -> bool:
        """Whether one process at a time holds its lane, for order or pace, so that nothing of it may wait in memory."""
        return self.order_key is not None or self.rate != 0

    @property
    def is_sending(self) -> bool:
        """Whether what is owed to it may be sent at all."""
        return self.state is _ACTIVE and not self.withheld

    @property
    def held_because(self) -> str:
        """Why what is owed to it is held, and what ends that; empty if it may be sent."""
        if self.is_sending:
            return ""
        if self.state is _ENDED:
            return "the webhook has ended, so this is cancelled in a moment"
        if self.state is not _ACTIVE:
            return f"the webhook is disabled: {self.disabled_why}; it goes out when the webhook is active again"
        if self.unopened:
            return self.unopened
        return "its owner may not hear this now, or its connector was revoked; it goes out when that is mended"

    def hears(self, subject: Subject) -> bool:
        """Whether that subject is its own, or falls under its `*`."""
        return self.subject.kind == subject.kind and self.subject.id in (subject.id, ANY)

    def wants(self, event: Event, document: Callable[[], dict[str, Any]]) -> bool:
        """Whether the event is to be delivered here. `document` makes the event's JSON and is asked only by filters."""
        return any(self.hears(subject) for subject in event.subjects) and self.chooses(event, document)

    def chooses(self, event: Event, document: Callable[[], dict[str, Any]]) -> bool:
        """As `wants`, for an event of which it is known that it is about the subscription's subject."""
        return (
            self.state is not _ENDED
            and event.at < self.expires_at
            and self.types.match(event.type)
            # An operational event never goes to the subscription that it is about.
            and not (event.source == "" and Subject("Webhook", self.id) in event.subjects)
            and (self.only_in is None or self._is_near(event))
            and (self.filters is None or self.filters.accepts(document()))
        )

    def why_not(self, event: Event, document: Callable[[], dict[str, Any]]) -> str | None:
        """In words, why the event is not delivered here; None if it is."""
        if self.state is State.ENDED:
            return "the webhook has ended"
        if event.at >= self.expires_at:
            return "the webhook's validity had run out"
        if not self.types.match(event.type):
            return f"the webhook does not listen to {event.type}"
        if not any(self.hears(subject) for subject in event.subjects):
            return f"the event is not about {self.subject.kind} {self.subject.id}"
        if not (self.only_in is None or self._is_near(event)):
            return "the event happened in no group in which this webhook hears"
        if not self.wants(event, document):
            return (self.filters and self.filters.explain(document())) or "the event is about this webhook itself"
        return None

    def _is_near(self, event: Event) -> bool:
        # What happens in a sub-group is about the groups above it, too: they hear it as their own webhooks do.
        return any(subject.kind == "Group" and subject.id in (self.only_in or ()) for subject in event.subjects)
