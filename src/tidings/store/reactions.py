"""Reactions as they are kept, and how many there are of each.

Each reaction in a group has an instant of its own, and they are kept in that order: whoever has read up to one of them
has missed none.
"""

from enum import StrEnum

import msgspec

from tidings.core.errors import Conflict, NotFound
from tidings.store.database import Database, Statement, Value
from tidings.store.groups import NO_SUCH_GROUP


class ReactionKind(StrEnum):
    """How somebody reacts."""

    LIKE = "Like"  # once
    COMMENT = "Comment"  # with a text, and as often as they want


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    """`person` is the id of a person, of a connector where a program reacted for nobody."""

    id: str
    kind: ReactionKind
    person: str
    comment: str = ""
    at: int = 0


class ReactionCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many reactions a thing has, and the instant of the newest."""

    reference: str
    likes: int = 0
    comments: int = 0
    changed_at: int = 0


def reacted(reaction: Reaction, *, group: str, reference: str) -> tuple[Statement, ...]:
    """What keeps a reaction, at its instant or right behind the last one's. Raises Conflict for a second like."""
    kind = reaction.kind
    about: dict[str, Value] = {"group_id": group, "reference": reference}
    added = about | {
        "id": reaction.id,
        "kind": kind.value,
        "person": reaction.person,
        "comment": reaction.comment,
    }
    counted = about | {"likes": int(kind is ReactionKind.LIKE), "comments": int(kind is ReactionKind.COMMENT)}
    return (
        Statement("reaction_clocked", {"group_id": group, "at": reaction.at}, NotFound(NO_SUCH_GROUP)),
        Statement("reaction_added", added, Conflict("they like it already")),
        Statement("reaction_counted", counted),
    )


class Reactions:
    """Reads reactions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def like(self, reference: str, *, person: str) -> str | None:
        """The id of somebody's like."""
        rows = await self._database.read(str, "reaction_like", reference=reference, person=person)
        return rows[0] if rows else None

    async def count(self, reference: str) -> ReactionCount:
        rows = await self._database.read(ReactionCount, "reaction_count", reference=reference)
        return rows[0] if rows else ReactionCount(reference=reference)

    async def counts(self, group: str, *, after: int, most: int) -> list[ReactionCount]:
        """So many things of a group with a reaction after that instant, in the order of their newest ones."""
        return await self._database.read(ReactionCount, "reaction_counts", group_id=group, after=after, most=most)

    async def list(self, reference: str, *, kind: ReactionKind | None, after: int, most: int) -> list[Reaction]:
        """So many reactions to a thing, of that kind or of any, after that instant, oldest first."""
        if kind is None:
            return await self._database.read(Reaction, "reactions", reference=reference, after=after, most=most)
        return await self._database.read(
            Reaction, "reactions_of_kind", reference=reference, kind=kind.value, after=after, most=most
        )
