"""The record of what was done with rights: who did what to whom."""

import secrets

import msgspec

from tidings.core.identifier import SEQUENCE_BITS, identifier_at
from tidings.store.database import Database, Statement, Value

# Above every identifier: the start of a list that goes back in time.
NEWEST = 2**63 - 1


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """`actor` and `about` are ids, never names or numbers: the record outlives the people in it."""

    id: int
    at: int
    actor: str
    action: str
    about: str


class Told(Entry, frozen=True, kw_only=True):
    """An entry with the names of the people in it, as long as they have one.

    `is_about_person`: who is neither a bot nor erased.
    """

    actor_name: str
    about_name: str
    is_about_person: bool


class Doer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who did something; `name` is empty for what is no person."""

    id: str
    name: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries: what is empty does not matter. From `since` up to `until`, in epoch milliseconds."""

    actor: str = ""
    action: str = ""
    about: str = ""
    since: int = 0
    until: int | None = None


def audited(*, actor: str, action: str, about: str, at: int) -> Statement:
    values: dict[str, Value] = {"at": at, "actor": actor, "action": action, "about": about}
    values["id"] = identifier_at(at) | secrets.randbits(SEQUENCE_BITS)
    return Statement("audited", values | {"next": identifier_at(at + 1)})


def audited_once(*, actor: str, action: str, about: str, at: int) -> Statement:
    """One entry that may go with several changes: it is kept if any of them is, and once."""
    return msgspec.structs.replace(audited(actor=actor, action=action, about=about, at=at), name="audited_once")


class Audit:
    """Reads the record; entries are written with what they tell of, by `audited`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self, *, before: int = NEWEST, most: int = 100) -> list[Entry]:
        """So many entries, newest first; go on with the last one's `id` as `before`."""
        return await self._database.read(Entry, "audit", before=before, most=most)

    async def told(self, asked: Asked, *, before: int = NEWEST, most: int) -> list[Told]:
        """So many entries that are as asked, newest first; go on with the last one's `id` as `before`."""
        values: dict[str, Value] = {"since": identifier_at(asked.since), "most": most}
        values["before"] = before if asked.until is None else min(before, identifier_at(asked.until))
        if asked.about:
            return await self._database.read(
                Told, "audit_about", about=asked.about, actor=asked.actor, action=asked.action, **values
            )
        if asked.actor:
            return await self._database.read(Told, "audit_of_actor", actor=asked.actor, action=asked.action, **values)
        if asked.action:
            return await self._database.read(Told, "audit_of_action", action=asked.action, **values)
        return await self._database.read(Told, "audit_named", **values)

    async def actions(self, *, most: int) -> list[str]:
        """What was ever done."""
        return await self._database.read(str, "audit_actions", most=most)

    async def actors(self, *, most: int) -> list[Doer]:
        """So many of those who ever did something."""
        return await self._database.read(Doer, "audit_actors", most=most)
