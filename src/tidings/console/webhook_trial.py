"""Trials: which events a webhook would get, and why it did not get one, by the rules that decide."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tidings.core.errors import NotFound
from tidings.core.event import ANY, Event
from tidings.core.identifier import inside, instant_of, outside
from tidings.core.subscription import State, Subscription
from tidings.store.history import Delivery, History

# Events that a dry run shows, and that it looks at where it must look at all kinds of them.
SHOWN = 25
_LOOKED_AT = 200
# What the database's identifiers can be.
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A recent event, and why a webhook would not get it; empty if it would."""

    event: Event
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule, whether the event keeps it, and what stands on either side."""

    rule: str
    holds: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Why a webhook did not get an event. `delivery` is there if it did, or will."""

    event: Event
    delivery: Delivery | None
    why: str
    checks: Sequence[Check]


class WebhookTrials:
    """Looks at what happened already; changes nothing."""

    def __init__(self, history: History) -> None:
        self._history = history

    async def run(self, subscription: Subscription) -> Sequence[Tried]:
        """What it would do with the newest events about its subject, from the newest on. Its state does not matter."""
        is_any = subscription.subject.id == ANY
        events, _ = await self._history.events(
            limit=_LOOKED_AT if is_any else SHOWN, subject=None if is_any else subscription.subject
        )
        heard = [
            event for event in events if any(map(subscription.hears, event.subjects)) and _is_near(subscription, event)
        ]
        awake = replace(subscription, state=State.ACTIVE)
        return [Tried(event=event, why_not=awake.why_not(event, event.document) or "") for event in heard[:SHOWN]]

    async def why(self, subscription: Subscription, identifier: str, *, sees_all: bool) -> Answer:
        """Why it did not get an event. Raises NotFound; whoever does not see all finds events of its subject only."""
        event_id, _ = inside(identifier.strip()) or (0, 0)
        event = await self._history.event(event_id) if 0 < event_id <= _LARGEST_ID else None
        if event is None or not (sees_all or any(map(subscription.hears, event.subjects))):
            raise NotFound(
                "event: there is no such event, or it is older than what is kept; copy its id from the list of events"
            )
        delivery = await self._history.delivery(event.id, subscription.number)
        then = _as_it_was(subscription, event)
        return Answer(
            event=event,
            delivery=delivery,
            why="" if delivery else _reason(then, event),
            checks=checks(then, event),
        )


def checks(subscription: Subscription, event: Event) -> Sequence[Check]:
    """Each rule for itself; all hold exactly when the webhook gets what happens now."""
    heard = [subject for subject in event.subjects if subscription.hears(subject)]
    # What is left of the rules when the others hold: no operational event about itself, and the groups of a package.
    free = replace(subscription, state=State.ACTIVE, filters=None, expires_at=event.at + 1)
    is_near = not heard or not subscription.types.match(event.type) or free.chooses(event, event.document)
    return (
        Check(
            rule="It was there when the event came",
            holds=not _came_before(subscription, event),
            detail="a webhook hears what comes after it was made",
        ),
        Check(rule="It has not ended", holds=subscription.state is not State.ENDED, detail=subscription.state.value),
        Check(
            rule="Its validity covers the event",
            holds=event.at < subscription.expires_at,
            detail="an event that happens after the end of its validity is not heard",
        ),
        Check(
            rule=f"It listens to {event.type}",
            holds=subscription.types.match(event.type),
            detail=f"it listens to {', '.join(subscription.types.names)}",
        ),
        Check(
            rule=f"The event is about {subscription.subject.kind} {subscription.subject.id}",
            holds=bool(heard),
            detail=f"it is about {', '.join(f'{one.kind} {one.id}' for one in event.subjects)}",
        ),
        Check(
            rule="It may hear it there",
            holds=is_near,
            detail="a person's webhook on a package hears the groups that they administer; none hears of itself",
        ),
        _filter_check(subscription, event.document),
    )


def _is_near(subscription: Subscription, event: Event) -> bool:
    # What happens in other groups is not even to be listed.
    groups = subscription.only_in
    return groups is None or any(one.kind == "Group" and one.id in groups for one in event.subjects)


def _filter_check(subscription: Subscription, document: Callable[[], dict[str, Any]]) -> Check:
    if subscription.filters is None:
        return Check(rule="Its filter accepts it", holds=True, detail="it has none")
    failing = subscription.filters.explain(document())
    return Check(rule="Its filter accepts it", holds=failing is None, detail=failing or "every condition holds")


def _as_it_was(subscription: Subscription, event: Event) -> Subscription:
    """The webhook with the state that it had when the event came, as far as that can be told."""
    if subscription.ended_at is not None and instant_of(event.id) < subscription.ended_at:
        return replace(subscription, state=State.ACTIVE)
    return subscription


def _came_before(subscription: Subscription, event: Event) -> bool:
    return event.id > 0 and instant_of(event.id) < subscription.created_at


def _reason(subscription: Subscription, event: Event) -> str:
    if _came_before(subscription, event):
        return "the event came before the webhook was made; replay cannot bring it, because it was never owed here"
    return subscription.why_not(event, event.document) or (
        "by its terms of today it would get this event: they were changed since, or the event was a test that was "
        f"sent to another webhook alone (event {outside(event.id)})"
    )
