"""Tree: which groups are above a group, and so who else hears what happens in it."""

from tidings.core.event import Subject
from tidings.store.database import Database
from tidings.store.tree import Links


class Tree:
    """Looks upwards. Groups beneath a group do not hear what happens in it."""

    def __init__(self, database: Database) -> None:
        self._links = Links(database)

    async def subjects(self, group: str, *, is_beneath: int = 1) -> tuple[Subject, ...]:
        """What an event in a group is about: that group, then all above it, nearest first, each once.

        Who knows that it is beneath no other spares the look.
        """
        if not is_beneath:
            return (Subject("Group", group),)
        return tuple(Subject("Group", one) for one in await self._links.above(group))

    async def is_within(self, group: str, ancestor: str) -> bool:
        """Whether a group is that one, or beneath it by however many steps."""
        return group == ancestor or await self._links.is_beneath(group, ancestor)
