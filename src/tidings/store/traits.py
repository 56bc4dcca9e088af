"""Traits: what events can be found by, noted for whole stretches of events some seconds after they were kept."""

import asyncio
import struct
from collections.abc import Collection, Sequence
from zlib import crc32

import msgspec

from tidings.core.event import Actor, Subject
from tidings.store.database import Database, Statement

# Events of a stretch: whoever looks for one of them goes through all of it, half a millisecond (measured on SQLite).
STRETCH = 500
# Stretches noted in one transaction: some ten milliseconds of a processor (measured on SQLite).
_AT_ONCE = 4

# Three bytes that something leaves in its stretch. One stretch of a thousand is looked through in vain, and each event
# that differs from all others in name, object and person costs some fifteen bytes.
Trait = bytes

_subjects = msgspec.json.Decoder(tuple[Subject, ...])
_actor = msgspec.json.Decoder(Actor)


class Unnoted(msgspec.Struct, frozen=True, array_like=True):
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

    async def note(self, *, before: int) -> int:
        """Note the next few stretches that are below that identifier as a whole; how many there were."""
        after = await self.noted_until()
        rows = await self._database.read(Unnoted, "events_unnoted", after=after, before=before, most=STRETCH * _AT_ONCE)
        if len(rows) < STRETCH:
            return 0
        # Some milliseconds of work that nobody waits for.
        noted = await asyncio.to_thread(_noted, rows)
        await self._database.write(*noted)
        return len(noted)

    async def forget(self) -> int:
        """Forget stretches of events that are gone; how many."""
        [gone] = await self._database.write(Statement("stretches_forgotten"))
        return len(gone)


def of_type(name: str) -> Trait:
    return _joined([_type(name)])


def of_subject(identifier: str) -> Trait:
    """Of an event about something that is called so, whatever its kind."""
    return _joined([_about(identifier)])


def of_person(text: str) -> Trait:
    """Of an event that a person made; `text` is their id, phone number or name."""
    return _joined([_by(text)])


def of_name(wire_id: str) -> Trait:
    """Of an event that its source calls so."""
    return _joined([_called(wire_id)])


def traits_of(rows: Sequence[Unnoted]) -> bytes:
    """All that some events can be found by, one trait behind the other. Equal texts of JSON are read once."""
    found = {_type(name) for name in {row.type for row in rows}}
    found.update(_called(row.wire_id) for row in rows if row.wire_id)
    for subjects in {row.subjects for row in rows}:
        found.update(_about(subject.id) for subject in _subjects.decode(subjects))
    for actor in map(_actor.decode, {row.actor for row in rows if row.actor}):
        found.update(_by(text) for text in (actor.id, actor.phone, actor.name) if text)
    return _joined(found)


def may_have(traits: bytes, wanted: Collection[Trait]) -> bool:
    """Whether there may be events in a stretch that have these traits; if not, there is none."""
    return all(one in traits for one in wanted)


def _noted(rows: Sequence[Unnoted]) -> list[Statement]:
    stretches = [rows[first : first + STRETCH] for first in range(0, len(rows) - STRETCH + 1, STRETCH)]
    return [
        Statement("stretch_noted", {"oldest": one[0].id, "newest": one[-1].id, "traits": traits_of(one)})
        for one in stretches
    ]


def _type(name: str) -> int:
    return crc32(b"type " + name.encode())


def _about(identifier: str) -> int:
    return crc32(b"about " + identifier.encode())


def _by(text: str) -> int:
    return crc32(b"by " + text.encode())


def _called(wire_id: str) -> int:
    return crc32(b"called " + wire_id.encode())


def _joined(sums: Collection[int]) -> bytes:
    """Three bytes of each, without a loop in Python: all four are written, and every fourth is taken out."""
    joined = bytearray(struct.pack(f"<{len(sums)}I", *sums))
    del joined[3::4]
    return bytes(joined)
