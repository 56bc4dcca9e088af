"""The record of what was done with rights: who did what to whom."""

import secrets

import msgspec

from tidings.core.identifier import SEQUENCE_BITS, identifier_at
from tidings.store.database import Database, Statement

# Above every identifier: the start of a list that goes back in time.
NEWEST = 2**63 - 1


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """`actor` and `about` are ids, never names or numbers: the record outlives the people in it."""

    id: int
    at: int
    actor: str
    action: str
    about: str


def audited(*, actor: str, action: str, about: str, at: int) -> Statement:
    identifier = identifier_at(at) | secrets.randbits(SEQUENCE_BITS)
    return Statement("audited", {"id": identifier, "at": at, "actor": actor, "action": action, "about": about})


class Audit:
    """Reads the record; entries are written with what they tell of, by `audited`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self, *, before: int = NEWEST, most: int = 100) -> list[Entry]:
        """So many entries, newest first; go on with the last one's `id` as `before`."""
        return await self._database.read(Entry, "audit", before=before, most=most)
