"""Reactions as they are kept, and how many there are of each.

Each reaction in a group has an instant of its own, and they are kept in that order: whoever has read up to one of them
has missed none.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from tidings.core.errors import Conflict, NotFound
from tidings.store.database import Database, Statement, Value
from tidings.store.groups import NO_SUCH_GROUP

# After every reaction.
_LAST = 2**62


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


class Tally(ReactionCount, frozen=True, kw_only=True):
    """The same, and whether somebody is among those who like it."""

    is_liked: bool = False


class Comment(Reaction, frozen=True, kw_only=True):
    """A comment, and what it is on."""

    reference: str


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


def like_taken_back(person: str, *, group: str, reference: str, at: int) -> tuple[Statement, ...]:
    """What takes a like back, as a change of its own. Raises NotFound if there is none."""
    about: dict[str, Value] = {"group_id": group, "reference": reference}
    missing = NotFound("they do not like it; there is nothing to take back")
    return (
        Statement("reaction_clocked", {"group_id": group, "at": at}, NotFound(NO_SUCH_GROUP)),
        Statement("like_taken_back", {"reference": reference, "person": person}, missing),
        Statement("reaction_counted", about | {"likes": -1, "comments": 0}),
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

    async def tallies(self, references: Iterable[str], *, person: str) -> list[Tally]:
        """What was reacted to of those things, and what a person likes of them."""
        return await self._database.read(Tally, "reaction_tallies", names=_json(references), person=person)

    async def comments(self, references: Iterable[str], *, most: int, before: int = _LAST) -> list[Comment]:
        """So many comments on each of those things, the latest before that instant, oldest first."""
        return await self._database.read(
            Comment, "comments_latest", names=_json(references), before=before, others=most - 1
        )

    async def list(self, reference: str, *, kind: ReactionKind | None, after: int, most: int) -> list[Reaction]:
        """So many reactions to a thing, of that kind or of any, after that instant, oldest first."""
        if kind is None:
            return await self._database.read(Reaction, "reactions", reference=reference, after=after, most=most)
        return await self._database.read(
            Reaction, "reactions_of_kind", reference=reference, kind=kind.value, after=after, most=most
        )


def _json(names: Iterable[str]) -> str:
    return msgspec.json.encode(sorted(set(names))).decode()
