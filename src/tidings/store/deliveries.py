"""Deliveries of all webhooks together: lists by how they stand, newest first, in bounded steps."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from tidings.core.delivery import State
from tidings.core.event import ANY, Event, Subject
from tidings.core.identifier import identifier_at
from tidings.core.pattern import compile_types
from tidings.store.cursor import read_cursor
from tidings.store.database import Database

# Rows that one look goes through, whatever there is to find: some eight milliseconds (measured on SQLite).
LOOK = 5_000
_MOST_LOOKS = 2
# Attempts that are gone through to count what a replay would send again.
MOST_COUNTED = 50_000
# Attempts after an event among which its own are looked for.
_SOON = 2_000
_LAST = 2**62
_OWED = frozenset({State.PENDING, State.HELD})


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery in a list. `webhook` is the id outside; `at`, `outcome` and `status` are those of the last attempt.

    `type` is empty if the event is forgotten; `due` is `order.NEVER` while it waits behind another.
    """

    event: int
    subscription: int
    type: str | None
    state: State
    tries: int
    due: int
    webhook: str
    url: str
    at: int = 0
    outcome: str = ""
    status: int = 0
    error: str = ""
    id: int = 0


class Hearer(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook on a subject, and how the delivery of an event to it stands: `state` is empty if there is none."""

    number: int
    webhook: str
    url: str
    webhook_state: str
    state: str
    tries: int
    due: int
    at: int
    status: int
    created_at: int
    ended_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What deliveries must be like, all of it; what is empty does not matter.

    `webhook` is a subscription's number, `status` that of the last attempt's answer. `since` and `until` are when it
    was tried last; of what is owed and not tried, or of one webhook, when the event was kept.
    """

    state: State | None = None
    webhook: int = 0
    type: str = ""
    status: int = 0
    since: int = 0
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Deliveries, and where to go on; empty at the end."""

    deliveries: Sequence[Listed]
    cursor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many deliveries there are; `is_whole` if all of them were counted."""

    deliveries: int
    is_whole: bool


class _Look(msgspec.Struct, frozen=True):
    looked: int
    edge: int


class _Debt(msgspec.Struct, frozen=True):
    subscription: int
    event: int
    looked: int


class _Counted(msgspec.Struct, frozen=True):
    type: str
    count: int


class Deliveries:
    """Reads; what changes deliveries is in `History`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, wish: Wish, *, most: int, cursor: str = "") -> Page:
        """So many that fit; maybe fewer, and still not all: it ends where the cursor is empty. Raises Invalid."""
        found: list[Listed] = []
        for _ in range(_MOST_LOOKS):
            page = await self._look(wish, most=most - len(found), cursor=cursor)
            found += page.deliveries
            cursor = page.cursor
            if not cursor or len(found) == most:
                break
        return Page(deliveries=found, cursor=cursor)

    async def of_event(self, event: Event, *, most: int) -> tuple[list[Hearer], bool]:
        """Webhooks on what an event is about, and of those to which it was sent at once; and whether these are all."""
        found: dict[int, Hearer] = {}
        is_whole = True
        for subject in _keys(event):
            some = await self._database.read(
                Hearer,
                "webhooks_of_subject",
                kind=subject.kind,
                object=subject.id,
                event=event.id,
                unopened=self._database.unopened.told,
                after=0,
                most=most + 1,
            )
            is_whole = is_whole and len(some) <= most
            found |= {one.number: one for one in some[:most]}
        # A test goes to one webhook, whatever the event is about.
        for number in await self._database.read(int, "webhooks_tried_soon", event=event.id, look=_SOON):
            if number not in found:
                some = await self._database.read(
                    Hearer,
                    "webhook_of_delivery",
                    number=number,
                    event=event.id,
                    unopened=self._database.unopened.told,
                )
                found |= {one.number: one for one in some}
        return list(found.values()), is_whole

    async def count(
        self, subscription: int, *, since: int, until: int | None, types: Sequence[str], states: Sequence[State]
    ) -> Count:
        """How many deliveries `History.replay` would make again, counted so far as that is quick."""
        wanted = compile_types(types or ["*"])
        after, last = identifier_at(since) - 1, _LAST if until is None else identifier_at(until)
        count = looked = 0
        while looked < MOST_COUNTED:
            [look] = await self._database.read(
                _Look, "finals_looked_at", subscription=subscription, after=after, until=last, look=LOOK
            )
            if not look.looked:
                return Count(deliveries=count, is_whole=True)
            counted = await self._database.read(
                _Counted,
                "finals_counted",
                subscription=subscription,
                after=after,
                upto=look.edge,
                states=" ".join(states),
            )
            count += sum(one.count for one in counted if wanted.match(one.type))
            after, looked = look.edge, looked + look.looked
        return Count(deliveries=count, is_whole=False)

    async def _look(self, wish: Wish, *, most: int, cursor: str) -> Page:
        if wish.webhook:
            return await self._of_webhook(wish, most=most, cursor=cursor)
        if wish.state in _OWED:
            return await self._owed(wish, most=most, cursor=cursor)
        name = "tried_lately" if wish.state in {None, State.DELIVERED} else "undelivered"
        return await self._tried(wish, name=name, most=most, cursor=cursor)

    async def _tried(self, wish: Wish, *, name: str, most: int, cursor: str) -> Page:
        before = min(read_cursor(cursor, start=_LAST), _LAST if wish.until is None else identifier_at(wish.until))
        # Those of one state lie apart in the table, and take twice as long.
        look = LOOK if name == "tried_lately" else LOOK // 2
        values = {"state": wish.state or "", "before": before, "since": identifier_at(wish.since), "look": look}
        unopened = self._database.unopened.told
        found = await self._database.read(
            Listed, name, **values, type=wish.type, status=wish.status, unopened=unopened, most=most
        )
        if len(found) == most:
            return Page(deliveries=found, cursor=str(found[-1].id))
        [looked] = await self._database.read(_Look, f"{name}_looked_at", **values)
        return Page(deliveries=found, cursor=str(looked.edge) if looked.looked == look else "")

    async def _owed(self, wish: Wish, *, most: int, cursor: str) -> Page:
        number, _, event = cursor.partition("-")
        at = {"subscription": read_cursor(number, start=0), "event": read_cursor(event, start=0)}
        found = await self._database.read(
            Listed,
            "owed_listed",
            **at,
            state=wish.state or "",
            type=wish.type,
            since=identifier_at(wish.since),
            until=_LAST if wish.until is None else identifier_at(wish.until),
            unopened=self._database.unopened.told,
            look=LOOK,
            most=most,
        )
        if len(found) == most:
            return Page(deliveries=found, cursor=f"{found[-1].subscription}-{found[-1].event}")
        debts = await self._database.read(_Debt, "owed_looked_at", **at, look=LOOK)
        is_more = bool(debts) and debts[0].looked == LOOK
        return Page(deliveries=found, cursor=f"{debts[0].subscription}-{debts[0].event}" if is_more else "")

    async def _of_webhook(self, wish: Wish, *, most: int, cursor: str) -> Page:
        before = min(read_cursor(cursor, start=_LAST), _LAST if wish.until is None else identifier_at(wish.until))
        is_filtered = bool(wish.state or wish.type or wish.status)
        found = await self._database.read(
            Listed,
            "deliveries_of_webhook",
            subscription=wish.webhook,
            before=before,
            since=identifier_at(wish.since),
            state=wish.state or "",
            type=wish.type,
            status=wish.status,
            unopened=self._database.unopened.told,
            look=LOOK if is_filtered else most,
            most=most,
        )
        if len(found) == most:
            return Page(deliveries=found, cursor=str(found[-1].event))
        if not is_filtered:
            return Page(deliveries=found)
        [look] = await self._database.read(
            _Look, "deliveries_looked_at", subscription=wish.webhook, before=before, look=LOOK
        )
        is_more = look.looked == LOOK and look.edge > identifier_at(wish.since)
        return Page(deliveries=found, cursor=str(look.edge) if is_more else "")


def _keys(event: Event) -> list[Subject]:
    """What a webhook can be on to hear an event."""
    return list(dict.fromkeys([*event.subjects, *(Subject(subject.kind, ANY) for subject in event.subjects)]))
