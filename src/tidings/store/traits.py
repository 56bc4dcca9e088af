"""Traits: what events can be found by, noted in pieces some seconds after the events were kept."""

import hashlib
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from tidings.core.errors import Conflict
from tidings.core.event import Actor, Subject
from tidings.store.database import Database, Statement, Value
from tidings.store.event_row import json_text

# Events of a stretch: whoever looks for a rare one goes through so many, half a millisecond (a guess to be small).
STRETCH = 250
# Stretches noted in one transaction: some ten milliseconds of the writer.
_STRETCHES_AT_ONCE = 8
_FORGOTTEN_AT_ONCE = 1_000
# The same types, objects and people come again and again.
_KEPT = 4_096
# A trait is a positive BIGINT. Two that are equal by chance cost a look at a stretch, no more.
_BYTES, _SPARE_BITS = 8, 1

_subjects = msgspec.json.Decoder(tuple[Subject, ...])
_actor = msgspec.json.Decoder(Actor)


class _Unnoted(msgspec.Struct, frozen=True):
    id: int
    type: str
    wire_id: str
    subjects: str
    actor: str | None


class Traits:
    """Notes what events can be found by. Several processes may do so: each piece is noted by whoever is first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, *, before: int) -> int:
        """Note what is new of events below that identifier, a piece at a time; how many events that were."""
        [noted] = await self._database.read(int, "traits_noted_until")
        rows = await self._database.read(
            _Unnoted, "events_unnoted", after=noted, before=before, most=STRETCH * _STRETCHES_AT_ONCE
        )
        if not rows:
            return 0
        taken = Conflict("another process noted these")
        statements = [Statement("traits_marked", {"noted": rows[-1].id, "before": noted}, taken)]
        for start in range(0, len(rows), STRETCH):
            stretch = rows[start : start + STRETCH]
            traits = sorted({trait for row in stretch for trait in _traits(row)})
            ends: dict[str, Value] = {"oldest": stretch[0].id, "newest": stretch[-1].id}
            statements.append(Statement("traits_noted", {**ends, "traits": json_text(traits)}))
        await self._database.write(*statements)
        return len(rows)

    async def forget(self) -> int:
        """Forget some of what was noted of events that are gone; how much it was."""
        for oldest in await self._database.read(int, "event_oldest"):
            [gone] = await self._database.write(
                Statement("traits_forgotten", {"before": oldest, "most": _FORGOTTEN_AT_ONCE})
            )
            return len(gone)
        return 0


@lru_cache(_KEPT)
def of_type(name: str) -> int:
    return _number(f"type {name}")


@lru_cache(_KEPT)
def of_subject(identifier: str) -> int:
    """Of an event about something that is called so, whatever its kind."""
    return _number(f"about {identifier}")


@lru_cache(_KEPT)
def of_person(text: str) -> int:
    """Of an event that a person made; `text` is their id, phone number or name."""
    return _number(f"by {text}")


def of_name(wire_id: str) -> int:
    """Of an event that its source calls so."""
    return _number(f"called {wire_id}")


def _traits(row: _Unnoted) -> Iterator[int]:
    yield of_type(row.type)
    yield from _of_subjects(row.subjects)
    if row.actor:
        yield from _of_actor(row.actor)
    if row.wire_id:
        yield of_name(row.wire_id)


@lru_cache(_KEPT)
def _of_subjects(text: str) -> tuple[int, ...]:
    return tuple(of_subject(subject.id) for subject in _subjects.decode(text))


@lru_cache(_KEPT)
def _of_actor(text: str) -> tuple[int, ...]:
    actor = _actor.decode(text)
    return tuple(of_person(one) for one in (actor.id, actor.phone, actor.name) if one)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=_BYTES).digest()) >> _SPARE_BITS
