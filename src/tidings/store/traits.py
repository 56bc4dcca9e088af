"""Traits: what events can be found by, noted for whole stretches of events some seconds after they were kept."""

import asyncio
import hashlib
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from tidings.core.event import Actor, Subject
from tidings.store.database import Database, Statement

# Events of a stretch: whoever looks for one of them goes through all of it, half a millisecond (measured on SQLite).
STRETCH = 500
# Ten bits for each trait and seven of them set: one stretch of a hundred is looked through in vain.
_BITS, _SET = 10, 7
# The same types, objects and people come again and again.
_KEPT = 4_096

_subjects = msgspec.json.Decoder(tuple[Subject, ...])
_actor = msgspec.json.Decoder(Actor)


class Trait(NamedTuple):
    """One thing that an event can be found by, as two numbers that its bits follow from."""

    first: int
    step: int


class Unnoted(msgspec.Struct, frozen=True):
    """What of an event its traits are made of; texts of JSON as they are kept."""

    id: int
    type: str
    wire_id: str
    subjects: str
    actor: str | None


class Traits:
    """Notes what events can be found by. Several processes may do so: each stretch is noted by whoever is first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def noted_until(self) -> int:
        """The last event whose traits were noted, 0 for none."""
        return next(iter(await self._database.read(int, "stretch_newest")), 0)

    async def note(self, *, before: int) -> bool:
        """Note the next stretch, if all of it is below that identifier; whether there was one."""
        after = await self.noted_until()
        rows = await self._database.read(Unnoted, "events_unnoted", after=after, before=before, most=STRETCH)
        if len(rows) < STRETCH:
            return False
        # Some milliseconds of work that nobody waits for.
        traits = await asyncio.to_thread(filter_of, rows)
        values = {"oldest": rows[0].id, "newest": rows[-1].id, "traits": traits}
        await self._database.write(Statement("stretch_noted", values))
        return True

    async def forget(self) -> int:
        """Forget stretches of events that are gone; how many."""
        [gone] = await self._database.write(Statement("stretches_forgotten"))
        return len(gone)


@lru_cache(_KEPT)
def of_type(name: str) -> Trait:
    return _trait(f"type {name}")


@lru_cache(_KEPT)
def of_subject(identifier: str) -> Trait:
    """Of an event about something that is called so, whatever its kind."""
    return _trait(f"about {identifier}")


@lru_cache(_KEPT)
def of_person(text: str) -> Trait:
    """Of an event that a person made; `text` is their id, phone number or name."""
    return _trait(f"by {text}")


def of_name(wire_id: str) -> Trait:
    """Of an event that its source calls so."""
    return _trait(f"called {wire_id}")


def filter_of(rows: Sequence[Unnoted]) -> bytes:
    """A Bloom filter of all that some events can be found by."""
    traits = {trait for row in rows for trait in _traits(row)}
    filled = bytearray(-(-len(traits) * _BITS // 8))
    size = len(filled) * 8
    for first, step in traits:
        for place in range(first, first + _SET * step, step):
            filled[(place % size) >> 3] |= 1 << (place & 7)
    return bytes(filled)


def may_have(traits: bytes, wanted: Collection[Trait]) -> bool:
    """Whether there may be events in a stretch that have these traits; if not, there is none."""
    size = len(traits) * 8
    return all(
        traits[(place % size) >> 3] & 1 << (place & 7)
        for first, step in wanted
        for place in range(first, first + _SET * step, step)
    )


def _traits(row: Unnoted) -> Iterator[Trait]:
    yield of_type(row.type)
    yield from _of_subjects(row.subjects)
    if row.actor:
        yield from _of_actor(row.actor)
    if row.wire_id:
        yield of_name(row.wire_id)


@lru_cache(_KEPT)
def _of_subjects(text: str) -> tuple[Trait, ...]:
    return tuple(of_subject(subject.id) for subject in _subjects.decode(text))


@lru_cache(_KEPT)
def _of_actor(text: str) -> tuple[Trait, ...]:
    actor = _actor.decode(text)
    return tuple(of_person(one) for one in (actor.id, actor.phone, actor.name) if one)


def _trait(text: str) -> Trait:
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return Trait(int.from_bytes(digest[:4]), int.from_bytes(digest[4:]) | 1)
