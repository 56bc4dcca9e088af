"""Groups and their members as they are kept, and what is said in them."""

from enum import StrEnum

import msgspec

from tidings.core.errors import Conflict, NotFound, TidingsError
from tidings.core.event import Actor
from tidings.store.database import Database, Statement, Value


class Role(StrEnum):
    """What a person is in a group."""

    ADMIN = "Admin"  # may change members and hear events
    MEMBER = "Member"  # may post


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group as one person sees it: `role` is that person's, empty for none. `members` is their number."""

    id: str
    name: str
    welcome_message: str
    type: str
    created_at: int
    role: str = ""
    members: int = 0


class Member(Actor, frozen=True, kw_only=True):
    """A person in a group."""

    role: Role
    has_signed_in: bool


NO_SUCH_GROUP = "there is no such group, or you are not in it; list yours with GET /v1/groups"


def group_added(group: Group) -> Statement:
    """Raises Conflict if there is one of that id."""
    values: dict[str, Value] = {
        "id": group.id,
        "name": group.name,
        "welcome_message": group.welcome_message,
        "type": group.type,
        "at": group.created_at,
    }
    return Statement("group_added", values, Conflict(f"there is a group {group.id} already; use another id"))


def group_touched(group: str, *, at: int) -> Statement:
    """Goes before every change of members: two admins who remove each other at once must not both succeed."""
    return Statement("group_touched", {"id": group, "at": at}, NotFound(NO_SUCH_GROUP))


def member_added(group: str, person: str, *, role: Role, at: int, otherwise: TidingsError | None = None) -> Statement:
    return Statement("member_added", {"group_id": group, "person": person, "role": role.value, "at": at}, otherwise)


def member_removed(group: str, person: str) -> Statement:
    """Raises Conflict if that leaves the group without an admin."""
    return Statement("member_removed", {"group_id": group, "person": person}, _last_admin())


def role_changed(group: str, person: str, *, role: Role) -> Statement:
    """Raises Conflict if that leaves the group without an admin."""
    return Statement("member_role", {"group_id": group, "person": person, "role": role.value}, _last_admin())


def message_posted(identifier: str, *, group: str, author: str, text: str, at: int) -> Statement:
    return Statement("message_posted", {"id": identifier, "group_id": group, "author": author, "text": text, "at": at})


def _last_admin() -> Conflict:
    return Conflict("a group keeps at least one admin; make somebody else admin first")


class Groups:
    """Reads groups and members."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def role(self, group: str, person: str) -> str | None:
        """What a person is in a group, empty for nothing; None if there is no such group."""
        rows = await self._database.read(str, "group_role", id=group, person=person)
        return rows[0] if rows else None

    async def get(self, group: str, *, person: str) -> Group:
        """One group as a person sees it, who need not be in it. Raises NotFound."""
        rows = await self._database.read(Group, "group", id=group, person=person)
        if not rows:
            raise NotFound(NO_SUCH_GROUP)
        return rows[0]

    async def of_person(self, person: str, *, after: str, most: int) -> list[Group]:
        """So many groups of a person by id, from `after` on, exclusive."""
        return await self._database.read(Group, "groups_of_person", person=person, after=after, most=most)

    async def all(self, *, person: str, after: str, most: int) -> list[Group]:
        """So many groups by id, as that person sees them."""
        return await self._database.read(Group, "groups", person=person, after=after, most=most)

    async def members(self, group: str, *, after: str, most: int) -> list[Member]:
        """So many members by their id, from `after` on, exclusive."""
        return await self._database.read(Member, "members", group_id=group, after=after, most=most)

    async def member(self, group: str, person: str) -> Member | None:
        rows = await self._database.read(Member, "member", group_id=group, person=person)
        return rows[0] if rows else None
