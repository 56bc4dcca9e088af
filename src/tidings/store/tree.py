"""The tree of groups as it is kept: which group is a sub-group of which."""

import msgspec

from tidings.core.errors import Conflict, NotFound, TidingsError
from tidings.store.database import Database, Statement

# Each event in a group carries all groups above it. A guess: ten levels with a few parents each still fit.
MOST_ABOVE = 50


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A group and a sub-group of it."""

    parent: str
    child: str


def sub_group_added(
    parent: str, child: str, *, at: int, otherwise: TidingsError | None = None
) -> tuple[Statement, ...]:
    """Raises `otherwise` if it is there; Conflict for a circle, or if the child would have too many above it."""
    circle = Conflict(f"{child} is this group or above it; a group cannot be beneath itself")
    deep = Conflict(f"{child}, or a group beneath it, would have over {MOST_ABOVE} groups above it; make it less deep")
    return (
        Statement("tree_held"),
        Statement("sub_group_added", {"parent": parent, "child": child, "at": at}, otherwise),
        Statement("tree_without_circle", {"parent": parent, "child": child}, circle),
        Statement("tree_not_too_deep", {"child": child, "most": MOST_ABOVE}, deep),
    )


def sub_group_removed(parent: str, child: str) -> tuple[Statement, ...]:
    """Raises NotFound if it is none."""
    gone = NotFound(f"{child} is no sub-group of this group; list them with GET /v1/groups/{parent}/subGroups")
    return Statement("tree_held"), Statement("sub_group_removed", {"parent": parent, "child": child}, gone)


class Links:
    """Reads the tree."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def above(self, group: str) -> list[str]:
        """A group and all that it is beneath, nearest first, each once."""
        return await self._database.read(str, "above", id=group, most=MOST_ABOVE)

    async def is_beneath(self, group: str, ancestor: str) -> bool:
        """Whether a group is beneath another, by however many steps."""
        return bool(await self._database.read(str, "is_beneath", id=group, ancestor=ancestor))

    async def is_admin_over(self, group: str, *, person: str) -> bool:
        """Whether a person is admin of a group, or of one above it."""
        return bool(await self._database.read(str, "admin_over", id=group, person=person))

    async def beneath(self, group: str, *, after: str, most: int) -> list[Link]:
        """What is beneath a group, nearest first; of its own sub-groups those by id from `after` on, exclusive."""
        return await self._database.read(
            Link, "links_beneath", id=group, after=after, page=most, most=most, deepest=MOST_ABOVE
        )
