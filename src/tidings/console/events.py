"""Events: a list to find them in, and what each one says and who was told of it."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.period import OPTIONS, period_of
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.search import Search
from tidings.console.secrecy import payload
from tidings.console.visit import Visit
from tidings.core.delivery import State
from tidings.core.errors import Invalid, NotFound
from tidings.core.event import Event, Subject
from tidings.core.identifier import inside, outside
from tidings.store.cursor import read_cursor
from tidings.store.deliveries import Deliveries
from tidings.store.event_types import EventTypes
from tidings.store.finding import Finding, Found, Glimpse, Wish
from tidings.store.webhooks import Webhooks
from tidings.web.events import LARGEST_ID

_SHOWN = 50
_HEARERS = 100
# Suggestions while somebody types; whoever has more types writes on.
_TYPES = 200
# Characters of a payload on a page; the rest is in its file.
_MOST_OF_A_PAYLOAD = 64_000
_LONGEST = 256
_STATES = (
    ("", "any state"),
    (State.FAILED, "one failed"),
    (State.RETRYING, "one is to be tried again"),
    (State.CANCELLED, "one was cancelled"),
    (State.SKIPPED, "one was skipped"),
)
# What the address of a list may hold, and the form shows again.
_FIELDS = ("id", "type", "kind", "about", "person", "state", "text", "span", "since", "until")


class Events:
    """What happened, for whoever may look."""

    def __init__(self, offers: Offers) -> None:
        self._clock = offers.clock
        self._history = offers.history
        self._samples = offers.samples
        self._finding = Finding(offers.database)
        self._search = Search(self._finding, clock=offers.clock)
        self._deliveries = Deliveries(offers.database)
        self._webhooks = Webhooks(offers.database)
        self._types = EventTypes(offers.database)

    def places(self) -> list[Place]:
        return [
            Place(path="/events", does=self._list, needs=Right.LOOK),
            Place(path="/events/{id}", does=self._show, needs=Right.LOOK),
            Place(path="/events/{id}/payload.json", does=self._payload, needs=Right.LOOK),
        ]

    async def _list(self, visit: Visit) -> Response:
        asked = {name: visit.query.get(name, "").strip()[:_LONGEST] for name in _FIELDS}
        found, error = Found(events=[], before=0), None
        before = read_cursor(visit.query.get("cursor", ""), start=0)
        try:
            wish = self._wish(asked)
            if asked["id"] and (address := await self._address(asked["id"])):
                return visit.go(address)
            if "stop" in visit.query:
                found = Found(events=[], before=before)
            else:
                found = await self._search.step(wish, most=_SHOWN, before=before)
        except Invalid as refused:
            error = refused
        # A search that found too little for a page goes on by itself, as long as somebody looks.
        so_far = read_cursor(visit.query.get("so_far", ""), start=0) + len(found.events)
        going = bool(found.before) and so_far < _SHOWN and "stop" not in visit.query
        return visit.page(
            "events/list.html",
            block="rows",
            error=error,
            asked=asked,
            is_filtered=any(asked.values()),
            found=found,
            names=await self._names(found.events),
            so_far=so_far,
            is_going=going,
            is_stopped="stop" in visit.query,
            is_resumed="resume" in visit.query,
            is_newest=not before,
            address=lambda **more: _list_address(asked, **more),
            spans=OPTIONS,
            states=_STATES,
            types=await self._known_types() if not visit.is_fragment else [],
        )

    async def _show(self, visit: Visit) -> Response:
        event = await self._event(visit)
        hearers, is_whole = await self._deliveries.of_event(event, most=_HEARERS)
        is_all = visit.may(Right.OPERATE)
        text = payload(event.data, is_whole=is_all).decode()
        raw = event.data.decode() if is_all else ""
        return visit.page(
            "events/event.html",
            event=event,
            id=outside(event.id),
            names=await self._webhooks.names(event.subjects),
            told=[one for one in hearers if one.state],
            # Those made since are no riddle, nor those that had ended before.
            untold=[one for one in hearers if not one.state and one.created_at <= event.at],
            is_whole=is_whole,
            text=text[:_MOST_OF_A_PAYLOAD],
            raw=raw[:_MOST_OF_A_PAYLOAD],
            is_cut=len(text) > _MOST_OF_A_PAYLOAD,
            is_raw=is_all and visit.query.get("view") == "raw",
            is_all=is_all,
        )

    async def _payload(self, visit: Visit) -> Response:
        event = await self._event(visit)
        is_all = visit.may(Right.OPERATE)
        return visit.data(event.data if is_all else payload(event.data, is_whole=False), "application/json")

    def _wish(self, asked: Mapping[str, str]) -> Wish:
        period = period_of(asked, now=self._clock.now())
        if asked["state"] not in {state for state, _ in _STATES}:
            raise Invalid("state: choose one of the list")
        return Wish(
            type=asked["type"],
            kind=asked["kind"],
            object_id=asked["about"],
            person=asked["person"],
            name=asked["id"],
            text=asked["text"],
            state=State(asked["state"]) if asked["state"] else None,
            since=period.since,
            until=period.until,
        )

    async def _address(self, name: str) -> str:
        """Where the one thing is that is called so; empty if there is none, or there are several."""
        event, number = inside(name) or (0, 0)
        if 0 < event <= LARGEST_ID:
            if number and await self._history.delivery(event, number):
                return f"/console/deliveries/{outside(event, number)}"
            if not number and await self._history.event(event):
                return f"/console/events/{outside(event)}"
        found = await self._finding.events(Wish(name=name), most=2)
        return f"/console/events/{outside(found.events[0].id)}" if len(found.events) == 1 else ""

    async def _event(self, visit: Visit) -> Event:
        identifier, number = inside(visit.path["id"]) or (0, 0)
        found = await self._history.event(identifier) if not number and 0 < identifier <= LARGEST_ID else None
        if found is None:
            raise NotFound("there is no such event; it may be older than what is kept")
        return found

    async def _names(self, events: Sequence[Glimpse]) -> Mapping[Subject, str]:
        return await self._webhooks.names([subject for event in events for subject in event.subjects])

    async def _known_types(self) -> list[str]:
        registered = await self._types.page(after="", most=_TYPES)
        return sorted({*self._samples, *(one.name for one in registered)})


def _list_address(asked: Mapping[str, str], **more: str | int) -> str:
    return f"/console/events?{urlencode({**{name: text for name, text in asked.items() if text}, **more})}"
