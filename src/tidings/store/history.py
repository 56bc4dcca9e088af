"""History: what happened and what is owed, as lists; and deliveries that are made again, let go or cancelled."""

import contextlib
from collections.abc import AsyncIterator, Collection, Sequence

import msgspec

from tidings.core.delivery import Attempt, Result, State
from tidings.core.errors import Conflict, NotFound
from tidings.core.event import Event, Subject
from tidings.core.identifier import identifier_at
from tidings.core.pattern import compile_types
from tidings.store.cursor import read_cursor
from tidings.store.database import Database, Settlement, Statement
from tidings.store.event_row import EventRow, json_text
from tidings.store.order import order_of

# Rows that one look goes through: some twenty milliseconds (measured on SQLite), whatever there is to find.
LOOK = 10_000
# Deliveries that are changed in one transaction: what else is written waits some 15 ms (measured on SQLite).
STEP = 250
# Counting goes no further: it is asked for every few seconds, and a million took from 150 ms on a free machine to more
# than the second that SQLite's readers have on a busy one (measured). Whoever owes as much wants to know just that.
MOST_COUNTED = 250_000
MOST_COUNTED_OF_ONE = 100_000
# The outcome of an attempt that stands for an end without a request.
NO_REQUEST = "none"

_LAST = 2**62


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event owed to one subscription, as it stands.

    `tries` and `due` are those of a delivery that is not finished; `at`, `outcome` and `status` those of the attempt
    that finished it. `due` is `order.NEVER` while it waits behind another. `type` is the event's, empty if that is
    forgotten.
    """

    event: int
    subscription: int
    type: str
    state: State
    tries: int
    due: int
    at: int
    outcome: str
    status: int


class Tried(Attempt, frozen=True, kw_only=True):
    """An attempt as it is kept; the final one finished the delivery."""

    id: int
    is_final: bool


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How many debts stand how, counted up to 250,000; `oldest` is an event's id, 0 if nothing is owed."""

    pending: int = 0
    retrying: int = 0
    held: int = 0
    oldest: int = 0


class _Debts(msgspec.Struct, frozen=True):
    is_held: bool
    debts: int
    tried: int
    oldest: int


class _Look(msgspec.Struct, frozen=True):
    looked: int
    edge: int


class _OrderKey(msgspec.Struct, frozen=True):
    order_key: str | None


class _Tried(msgspec.Struct, frozen=True):
    id: int
    event: int
    subscription: int
    at: int
    outcome: str
    state: State
    is_final: bool
    is_probe: bool
    status: int
    error: str
    address: str
    headers: str
    answer: bytes
    timings: str
    next_at: int


class _Final(EventRow, frozen=True, array_like=True):
    final: int


class History:
    """Reads what is kept, newest first, a bounded step at a time; and owes again what is asked for again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def events(
        self,
        *,
        limit: int,
        cursor: str = "",
        type_: str = "",
        subject: Subject | None = None,
        since: int = 0,
        until: int | None = None,
    ) -> tuple[list[Event], str]:
        """Events of a type, about a subject, kept from `since` up to `until`; and a cursor, empty at the end.

        A call looks at no more than 10,000 events: it may find few or none, and still there is a cursor to go on with.
        """
        start = _LAST if until is None else identifier_at(until)
        before = min(read_cursor(cursor, start=start), start)
        first = identifier_at(since)
        rows = await self._database.read(
            EventRow,
            "events_listed",
            before=before,
            since=first,
            look=LOOK,
            type=type_,
            subject="" if subject is None else json_text(subject),
            most=limit,
        )
        found = [row.event for row in rows]
        if len(found) == limit:
            return found, str(found[-1].id)
        return found, await self._cursor("events_looked_at", before=before, since=first)

    async def event(self, id_: int) -> Event | None:
        rows = await self._database.read(EventRow, "event", id=id_)
        return rows[0].event if rows else None

    async def deliveries(
        self, subscription: int, *, limit: int, cursor: str = "", states: Collection[State] = ()
    ) -> tuple[list[Delivery], str]:
        """Deliveries to a subscription, finished or not, in those states (none named: in any); and a cursor.

        As with events, a call looks at no more than 10,000, and the cursor is empty at the end only.
        """
        before = read_cursor(cursor, start=_LAST)
        found = await self._database.read(
            Delivery,
            "deliveries_listed",
            subscription=subscription,
            before=before,
            look=LOOK if states else limit,
            states=" ".join(states),
            unopened=self._database.unopened.told,
            most=limit,
        )
        if len(found) == limit:
            return found, str(found[-1].event)
        if not states:
            return found, ""
        return found, await self._cursor("deliveries_looked_at", subscription=subscription, before=before)

    async def delivery(self, event: int, subscription: int) -> Delivery | None:
        rows = await self._database.read(
            Delivery, "delivery", event=event, subscription=subscription, unopened=self._database.unopened.told
        )
        return rows[0] if rows else None

    async def attempts(self, event: int, subscription: int, *, limit: int, cursor: str = "") -> tuple[list[Tried], str]:
        """What was tried for a delivery, newest first; and a cursor, empty at the end."""
        before = read_cursor(cursor, start=_LAST)
        rows = await self._database.read(
            _Tried, "attempts_listed", event=event, subscription=subscription, before=before, most=limit
        )
        return [_tried(row) for row in rows], str(rows[-1].id) if len(rows) == limit else ""

    async def standing(self) -> Standing:
        """How much is owed altogether."""
        unopened = self._database.unopened.told
        found = await self._database.read(_Debts, "debts_standing", unopened=unopened, most=MOST_COUNTED)
        sending = [some for some in found if not some.is_held]
        return Standing(
            pending=sum(some.debts - some.tried for some in sending),
            retrying=sum(some.tried for some in sending),
            held=sum(some.debts for some in found if some.is_held),
            oldest=min((some.oldest for some in found), default=0),
        )

    async def owed_to(self, subscription: int) -> int:
        """How much a subscription is owed, counted up to 100,000."""
        [found] = await self._database.read(
            int, "debts_of_subscription", subscription=subscription, most=MOST_COUNTED_OF_ONE
        )
        return found

    async def replay(
        self,
        subscription: int,
        *,
        since: int,
        until: int | None,
        types: Sequence[str] = (),
        states: Collection[State] = (State.FAILED,),
        also: Sequence[Statement] = (),
    ) -> int:
        """Owe again what was finished in those states, of events kept from `since` up to `until`; how many it is.

        `types` may have wildcards; none means all. Oldest first, and in the subscription's order if it has one. Each
        step is a transaction of its own: what an interrupted replay has done stays done. `also` is true as soon as
        anything is owed again.
        """
        made = self.replaying(subscription, since=since, until=until, types=types, states=states, also=also)
        return sum([count async for count in made])

    async def replaying(
        self,
        subscription: int,
        *,
        since: int,
        until: int | None,
        types: Sequence[str],
        states: Collection[State],
        also: Sequence[Statement] = (),
    ) -> AsyncIterator[int]:
        """As `replay`; how many it was after each step."""
        order_key = await self._order_key(subscription)
        wanted = compile_types(types or ["*"])
        async for finals in self._finals(subscription, since=since, until=until, states=states):
            if chosen := [one for one in finals if wanted.match(one.type)]:
                yield await self._owe_again(chosen, order_key=order_key, also=also)
                also = ()

    async def retry(self, event: int, subscription: int, *, now: int, also: Sequence[Statement] = ()) -> None:
        """Make a delivery due at once; one that is finished is owed again. Raises NotFound.

        `also` is true exactly if that changed anything: nothing does while it is being attempted.
        """
        values = {"event": event, "subscription": subscription}
        hastened = Statement("debt_hastened", values | {"now": now}, Conflict("it is finished or being attempted"))
        with contextlib.suppress(Conflict):
            await self._database.write(hastened, *also)
            return
        finals = await self._database.read(_Final, "final_of_delivery", **values)
        if not finals:
            # What is neither free nor finished is being attempted at this moment.
            await self._must_exist(event, subscription)
            return
        await self._owe_again(finals, order_key=await self._order_key(subscription), also=also)

    async def skip(self, event: int, subscription: int, *, at: int, also: Sequence[Statement] = ()) -> None:
        """Let a delivery go, and `also` is true exactly then. Raises NotFound, and Conflict if it does not wait."""
        await self._must_exist(event, subscription)
        waits = Statement(
            "debt_waiting",
            {"event": event, "subscription": subscription},
            Conflict("only a delivery that waits can be skipped; this one is finished or is being attempted"),
        )
        await self._end([event], subscription, state=State.SKIPPED, at=at, also=(waits, *also))

    async def cancel(self, subscription: int, *, at: int) -> int:
        """Cancel what waits for a subscription that has ended; how many it was. What is being attempted goes on."""
        count = 0
        while events := await self._database.read(int, "debts_free", subscription=subscription, most=STEP):
            await self._end(events, subscription, state=State.CANCELLED, at=at)
            count += len(events)
        return count

    async def _cursor(self, name: str, **values: int) -> str:
        [look] = await self._database.read(_Look, name, look=LOOK, **values)
        return str(look.edge) if look.looked == LOOK else ""

    async def _finals(
        self, subscription: int, *, since: int, until: int | None, states: Collection[State]
    ) -> AsyncIterator[list[_Final]]:
        """Finished deliveries in those states, a step at a time."""
        after = identifier_at(since) - 1
        last = _LAST if until is None else identifier_at(until)
        while True:
            [look] = await self._database.read(
                _Look, "finals_looked_at", subscription=subscription, after=after, until=last, look=LOOK
            )
            if not look.looked:
                return
            while True:
                found = await self._database.read(
                    _Final,
                    "finals_found",
                    subscription=subscription,
                    after=after,
                    upto=look.edge,
                    states=" ".join(states),
                    most=STEP,
                )
                yield found
                if len(found) < STEP:
                    break
                after = found[-1].id
            after = look.edge

    async def _owe_again(
        self, finals: Sequence[_Final], *, order_key: str | None, also: Sequence[Statement] = ()
    ) -> int:
        statements = list(also)
        for one in finals:
            # Due as it was at first: the oldest goes out first.
            values = {"final": one.final, "due": one.at, "order_key": order_of(one.event, order_key)}
            statements.append(Statement("debt_made_again", values))
            statements.append(Statement("final_revoked", {"final": one.final}))
        made = await self._database.write(*statements)
        return sum(map(len, made))

    async def _end(
        self, events: Sequence[int], subscription: int, *, state: State, at: int, also: Sequence[Statement] = ()
    ) -> None:
        ends = [
            Settlement(
                attempt=Attempt(event=event, subscription=subscription, at=at, outcome=NO_REQUEST, state=state),
                result=Result(state=state, tries=0),
                first_at=0,
            )
            for event in events
        ]
        # Owner 0: only what nobody works on.
        await self._database.settle(ends, (), owner=0, also=also)

    async def _order_key(self, subscription: int) -> str | None:
        keys = await self._database.read(_OrderKey, "order_of_subscription", number=subscription)
        return keys[0].order_key if keys else None

    async def _must_exist(self, event: int, subscription: int) -> None:
        if await self.delivery(event, subscription) is None:
            raise NotFound("there is no such delivery; list them with GET /v1/webhook/{id}/deliveries")


def _tried(row: _Tried) -> Tried:
    values = msgspec.structs.asdict(row)
    values["headers"] = msgspec.json.decode(row.headers, type=tuple[tuple[str, str], ...])
    values["timings"] = msgspec.json.decode(row.timings, type=tuple[float, ...])
    return Tried(**values)
