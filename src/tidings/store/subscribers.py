"""Subscribers as they are kept: who reads what a ConnectGroup sends."""

from tidings.core.errors import NotFound
from tidings.core.event import Actor
from tidings.store.database import Database, Statement
from tidings.store.groups import NO_SUCH_GROUP

CONNECT_GROUP = "ConnectGroup"


class Subscriber(Actor, frozen=True, kw_only=True):
    """A person who subscribes to a group."""

    has_signed_in: bool


def subscriber_added(group: str, person: str, *, at: int) -> Statement:
    return Statement("subscriber_added", {"group_id": group, "person": person, "at": at})


def subscriber_removed(group: str, person: str) -> Statement:
    return Statement("subscriber_removed", {"group_id": group, "person": person})


class Subscribers:
    """Reads subscribers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def group_type(self, group: str) -> str:
        """Of what type a group is. Raises NotFound."""
        rows = await self._database.read(str, "group_type", id=group)
        if not rows:
            raise NotFound(NO_SUCH_GROUP)
        return rows[0]

    async def by_phone(self, group: str, phone: str) -> str | None:
        """The id of a group's subscriber, by a number as `normal_phone` spells it."""
        rows = await self._database.read(str, "subscriber_by_phone", group_id=group, phone=phone)
        return rows[0] if rows else None

    async def has(self, group: str, person: str) -> bool:
        return (await self._database.read(int, "is_subscriber", group_id=group, person=person))[0] > 0

    async def list(self, group: str, *, after: str, most: int) -> list[Subscriber]:
        """So many subscribers by id, from `after` on, exclusive."""
        return await self._database.read(Subscriber, "subscribers", group_id=group, after=after, most=most)
