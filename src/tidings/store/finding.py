"""Finding: events by what they are like, newest first, in bounded steps that say how far they looked."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from tidings.core.delivery import State
from tidings.core.event import NOBODY, Actor, Subject
from tidings.core.identifier import identifier_at, instant_of
from tidings.store import traits
from tidings.store.database import Database
from tidings.store.event_row import json_text
from tidings.store.traits import Trait, Traits, may_have

# Events of one look without a trait to go by: some twenty milliseconds (measured on SQLite).
LOOK = 10_000
# Events that one call goes through, so that a page takes less than a tenth of a second.
BUDGET = 20_000
# Traits of stretches read at once: some megabytes at most, ten milliseconds (measured on SQLite).
_NOTED_AT_ONCE, _COST_OF_NOTED = 400, 4_000
# Attempts looked at together, which lie far apart: some six milliseconds (measured on SQLite).
_ATTEMPTS_AT_ONCE, _COST_OF_ATTEMPTS = 2_000, 4_000

LAST = 2**62
_subjects = msgspec.json.Decoder(tuple[Subject, ...])
_actor = msgspec.json.Decoder(Actor)


class Glimpse(msgspec.Struct, frozen=True, kw_only=True):
    """An event without what it carries."""

    id: int
    type: str
    at: int
    source: str
    wire_id: str
    subjects: tuple[Subject, ...]
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What events must be like, all of it; what is empty does not matter.

    `object_id` is of a thing that they are about, `kind` its kind; `person` the id, phone number or name of who made
    them; `name` what their source calls them; `text` stands in what they carry, whatever its case. `state`: one of
    their deliveries failed, was cancelled or skipped, or is to be tried again. They were kept from `since` up to
    `until`, in epoch milliseconds.
    """

    type: str = ""
    kind: str = ""
    object_id: str = ""
    person: str = ""
    name: str = ""
    text: str = ""
    state: State | None = None
    since: int = 0
    until: int | None = None

    @property
    def traits(self) -> list[Trait]:
        """What to go by; none if there is nothing."""
        return [
            *([traits.of_name(self.name)] if self.name else []),
            *([traits.of_subject(self.object_id)] if self.object_id else []),
            *([traits.of_person(self.person)] if self.person else []),
            *([traits.of_type(self.type)] if self.type else []),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Events, newest first. `before` is where to go on, 0 if there is nothing older."""

    events: Sequence[Glimpse]
    before: int

    @property
    def back_to(self) -> int:
        """Up to when was looked, in epoch milliseconds; 0 for all there is."""
        return instant_of(self.before)


class _Noted(msgspec.Struct, frozen=True):
    oldest: int
    newest: int
    traits: bytes


class _Stretch(NamedTuple):
    """Events from one to another, both included; `cost` is how many are gone through."""

    oldest: int
    newest: int
    cost: int


class _Step(msgspec.Struct, frozen=True):
    looked: int
    edge: int


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    type: str
    at: int
    source: str
    wire_id: str
    subjects: str
    actor: str | None


class Finding:
    """Goes by traits where it can. What was kept a moment ago has none yet, and is gone through."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._traits = Traits(database)

    async def events(self, wish: Wish, *, most: int, before: int = 0, budget: int = BUDGET) -> Found:
        """So many events that fit, below that identifier (0: the newest); maybe fewer, and still not all.

        No more than some `budget` of events is gone through.
        """
        start, end = identifier_at(wish.since), LAST if wish.until is None else identifier_at(wish.until)
        found: list[Glimpse] = []
        gone_through = 0
        look = most if wish == _of_time_alone(wish) else min(LOOK, budget)
        async for stretch in self._stretches(wish, since=start, before=min(before or LAST, end), look=look):
            if stretch.newest >= stretch.oldest:
                found += await self._between(wish, stretch, look=look, most=most - len(found))
            if len(found) == most:
                return Found(events=found, before=found[-1].id)
            gone_through += stretch.cost
            if gone_through >= budget:
                return Found(events=found, before=stretch.oldest)
        return Found(events=found, before=0)

    async def _stretches(self, wish: Wish, *, since: int, before: int, look: int) -> AsyncIterator[_Stretch]:
        """Where to look, newest first."""
        if wish.state is not None:
            async for stretch in self._of_state(wish.state, since=since, before=before):
                yield stretch
            return
        wanted = wish.traits
        noted = await self._traits.noted_until() if wanted else 0
        async for stretch in self._steps(since=max(since, noted + 1), before=before, look=look):
            yield stretch
        if wanted:
            async for stretch in self._noted(wanted, since=since, before=min(before, noted + 1)):
                if look >= stretch.cost:
                    yield stretch
                    continue
                async for part in self._steps(since=stretch.oldest, before=stretch.newest + 1, look=look):
                    yield part

    async def _noted(self, wanted: list[Trait], *, since: int, before: int) -> AsyncIterator[_Stretch]:
        """Stretches that may have what is wanted; and an empty one for many that have not, for what they cost."""
        while before > since:
            some = await self._database.read(_Noted, "stretches", since=since, before=before, most=_NOTED_AT_ONCE)
            for one in some:
                if may_have(one.traits, wanted):
                    yield _Stretch(max(since, one.oldest), min(before - 1, one.newest), traits.STRETCH)
            if len(some) < _NOTED_AT_ONCE:
                return
            before = some[-1].oldest
            yield _Stretch(before, before - 1, _COST_OF_NOTED)

    async def _steps(self, *, since: int, before: int, look: int) -> AsyncIterator[_Stretch]:
        while before > since:
            [step] = await self._database.read(_Step, "events_looked_at", before=before, since=since, look=look)
            if step.looked:
                yield _Stretch(step.edge, before - 1, step.looked)
            if step.looked < look:
                return
            before = step.edge

    async def _of_state(self, state: State, *, since: int, before: int) -> AsyncIterator[_Stretch]:
        """Events one by one; and an empty stretch for many attempts that may have come to nothing."""
        while before > since:
            [step] = await self._database.read(
                _Step,
                "events_of_delivery_state_looked_at",
                state=state,
                since=since,
                before=before,
                look=_ATTEMPTS_AT_ONCE,
            )
            if step.looked:
                for one in await self._between_attempts(state, oldest=step.edge, before=before):
                    yield _Stretch(one, one, traits.STRETCH)
            if step.looked < _ATTEMPTS_AT_ONCE:
                return
            before = step.edge
            yield _Stretch(before, before - 1, _COST_OF_ATTEMPTS)

    async def _between_attempts(self, state: State, *, oldest: int, before: int) -> list[int]:
        return await self._database.read(
            int, "events_of_delivery_state", state=state, since=oldest, before=before, most=_ATTEMPTS_AT_ONCE
        )

    async def _between(self, wish: Wish, stretch: _Stretch, *, look: int, most: int) -> list[Glimpse]:
        rows = await self._database.read(
            _Row,
            "events_between",
            since=stretch.oldest,
            before=stretch.newest + 1,
            look=look,
            most=most,
            type=wish.type,
            wire_id=wish.name,
            subject=_subject_text(wish),
            person=wish.person and f'"id":{json_text(wish.person)}',
            phone=f'"phone":{json_text(wish.person)}',
            person_name=f'"name":{json_text(wish.person)}',
            text=wish.text.lower(),
            escaped=json.dumps(wish.text)[1:-1].lower(),
        )
        return [
            Glimpse(
                id=row.id,
                type=row.type,
                at=row.at,
                source=row.source,
                wire_id=row.wire_id,
                subjects=_subjects.decode(row.subjects),
                actor=_actor.decode(row.actor) if row.actor else NOBODY,
            )
            for row in rows
        ]


def _of_time_alone(wish: Wish) -> Wish:
    return Wish(since=wish.since, until=wish.until)


def _subject_text(wish: Wish) -> str:
    """A piece of the column that those have in it that are about the subject."""
    if wish.kind and wish.object_id:
        return json_text(Subject(wish.kind, wish.object_id))
    if wish.object_id:
        return f",{json_text(wish.object_id)}]"
    return f"[{json_text(wish.kind)}," if wish.kind else ""
