"""Events over HTTP: what was published, newest first, for whoever published it."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tidings.core.caller import Caller
from tidings.core.errors import Invalid, NotFound
from tidings.core.event import Event, Subject
from tidings.core.identifier import inside, outside
from tidings.core.route import Call, Parameter, Route
from tidings.store.history import History
from tidings.store.look_ups import LookUps
from tidings.web.cursor import LIST_PARAMETERS, limit_of
from tidings.web.instant import read_instant
from tidings.web.login import caller_of
from tidings.web.submission import AboutWhat
from tidings.workspace.rights import rules_all

# The store's numbers have 64 bits, an identifier outside a few more.
LARGEST_ID = 2**63 - 1
# Looks for one answer. Each goes through at most 10,000 events, so that an answer takes a tenth of a second at most.
_MOST_LOOKS = 10
_SPAN = (
    Parameter(name="since", meaning="From when, in epoch milliseconds or like 2026-01-31T09:00:00Z"),
    Parameter(name="until", meaning="Up to when, in the same forms"),
)


class EventShown(msgspec.Struct, rename="camel"):
    """An event as it is kept. `eventId` is what callbacks call it, `id` what it is called inside."""

    event_id: str
    id: str
    type: str
    at: int
    subjects: list[AboutWhat]
    data: msgspec.Raw
    from_user: str | UnsetType = UNSET
    from_user_id: str | UnsetType = UNSET
    from_user_name: str | UnsetType = UNSET


class EventsShown(msgspec.Struct, rename="camel"):
    """Events, newest first; with a `cursor` if there may be more, even where few or none were found."""

    events: list[EventShown]
    cursor: str | UnsetType = UNSET


class EventsApi:
    """Shows a connector its own events, and tenant tokens all."""

    def __init__(self, history: History, look_ups: LookUps) -> None:
        self._history = history
        self._look_ups = look_ups

    def routes(self) -> Sequence[Route]:
        return [
            Route(
                method="GET",
                path="/v1/events",
                name="listEvents",
                summary="List events, newest first",
                handler=self._list,
                needs="events.read",
                answers=EventsShown,
                parameters=(
                    *LIST_PARAMETERS,
                    Parameter(name="eventType", meaning="Only events of this type"),
                    Parameter(name="objectType", meaning="Only events about this kind of object; needs objectId"),
                    Parameter(name="objectId", meaning="Only events about this object; needs objectType"),
                    *_SPAN,
                ),
                tag="Events",
            ),
            Route(
                method="GET",
                path="/v1/events/{id}",
                name="getEvent",
                summary="Show an event, by its id or by the name that you gave it",
                handler=self._get,
                needs="events.read",
                answers=EventShown,
                tag="Events",
            ),
        ]

    async def _list(self, call: Call) -> EventsShown:
        limit, caller = limit_of(call), caller_of(call)
        filters = _filters(call)
        found: list[Event] = []
        cursor = call.query.get("cursor", "")
        for _ in range(_MOST_LOOKS):
            # As many as are still wanted, so that the cursor never passes one by that is not shown.
            events, cursor = await self._history.events(limit=limit - len(found), cursor=cursor, **filters)
            found += [event for event in events if _may_see(caller, event)]
            if not cursor or len(found) == limit:
                break
        return EventsShown(events=[_told(event) for event in found], cursor=cursor or UNSET)

    async def _get(self, call: Call) -> EventShown:
        caller, name = caller_of(call), call.path["id"]
        found = await self._event(name)
        if found is None and (known := await self._look_ups.event_called(name, caller.connector)):
            found = await self._history.event(known)
        if found is None or not _may_see(caller, found):
            raise NotFound("there is no such event, or it is not yours; list yours with GET /v1/events")
        return _told(found)

    async def _event(self, name: str) -> Event | None:
        identifier, subscription = inside(name) or (0, 0)
        if subscription or not 0 < identifier <= LARGEST_ID:
            return None
        return await self._history.event(identifier)


def _filters(call: Call) -> dict[str, Any]:
    kind, object_id = call.query.get("objectType"), call.query.get("objectId")
    if (kind is None) != (object_id is None):
        raise Invalid("objectType: send it together with objectId")
    filters: dict[str, Any] = {"type_": call.query.get("eventType", "")}
    if kind is not None and object_id is not None:
        filters["subject"] = Subject(kind, object_id)
    for name in ("since", "until"):
        if name in call.query:
            filters[name] = read_instant(call.query[name], place=name)
    return filters


def _may_see(caller: Caller, event: Event) -> bool:
    return rules_all(caller) or event.source == caller.connector


def _told(event: Event) -> EventShown:
    actor = event.actor
    return EventShown(
        event_id=event.name,
        id=outside(event.id),
        type=event.type,
        at=event.at,
        subjects=[AboutWhat(object_type=subject.kind, object_id=subject.id) for subject in event.subjects],
        data=msgspec.Raw(event.data),
        from_user=actor.phone or UNSET,
        from_user_id=actor.id or UNSET,
        from_user_name=actor.name or UNSET,
    )
