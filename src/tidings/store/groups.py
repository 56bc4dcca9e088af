"""Groups and their members as they are kept."""

import re
from collections.abc import Iterator, Sequence
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
    """A group as one person sees it: `role` is that person's, empty for none.

    `members` counts its own, `people` everybody in it or beneath it, each once; `…_unseen` those who never signed in.
    `sub_groups` and `parents` are the groups right beneath and right above it.
    """

    id: str
    name: str
    welcome_message: str
    type: str
    created_at: int
    photo: str = ""
    background: str = ""
    short_description: str = ""
    long_description: str = ""
    role: str = ""
    members: int = 0
    members_unseen: int = 0
    people: int = 0
    people_unseen: int = 0
    sub_groups: int = 0
    parents: int = 0


class Member(Actor, frozen=True, kw_only=True):
    """A person in a group."""

    role: Role
    has_signed_in: bool


class _Name(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str


class _Count(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    number: int


class _Within(msgspec.Struct, frozen=True, kw_only=True):
    people: int
    people_unseen: int


# A reader has a second; SQLite looks at so many people in an eighth of it (measured). People beneath a group are
# counted up to here.
MOST_COUNTED = 100_000
# What LIKE does not take for itself.
_ESCAPED = re.compile(r"[%_\\]")


class Standing(msgspec.Struct, frozen=True, gc=False):
    """What a person is in a group, empty for nothing; and whether that group is beneath another."""

    role: str
    is_beneath: int


NO_SUCH_GROUP = "there is no such group, or you are not in it; list yours with GET /v1/groups"


def group_added(group: Group) -> Statement:
    """Raises Conflict if there is one of that id."""
    values: dict[str, Value] = {
        "id": group.id,
        "name": group.name,
        "welcome_message": group.welcome_message,
        "type": group.type,
        "photo": group.photo,
        "background": group.background,
        "short_description": group.short_description,
        "long_description": group.long_description,
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


def _last_admin() -> Conflict:
    return Conflict("a group keeps at least one admin; make somebody else admin first")


class Groups:
    """Reads groups and members."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self, group: str, person: str) -> Standing | None:
        """What a person is in a group; None if there is no such group."""
        rows = await self._database.read(Standing, "group_role", id=group, person=person)
        return rows[0] if rows else None

    async def role(self, group: str, person: str) -> str | None:
        """What a person is in a group, empty for nothing; None if there is no such group."""
        standing = await self.standing(group, person)
        return None if standing is None else standing.role

    async def get(self, group: str, *, person: str) -> Group:
        """One group as a person sees it, who need not be in it. Raises NotFound."""
        for found in await self.told([group], person=person):
            return found
        raise NotFound(NO_SUCH_GROUP)

    async def told(self, groups: Sequence[str], *, person: str) -> list[Group]:
        """Those groups as a person sees them, by id."""
        found = await self._database.read(Group, "groups_told", ids=_listed(groups), person=person)
        unseen: dict[str, int] = {}
        for batch in _batches(found):
            counts = await self._database.read(_Count, "members_unseen", ids=_listed(batch))
            unseen |= {one.id: one.number for one in counts}
        return [await self._counted(group, unseen.get(group.id, 0)) for group in found]

    async def names(self, groups: Sequence[str]) -> dict[str, str]:
        """What those groups are called, by id."""
        found = await self._database.read(_Name, "group_names", ids=_listed(groups))
        return {one.id: one.name for one in found}

    async def _counted(self, group: Group, unseen: int) -> Group:
        within = _Within(people=group.members, people_unseen=unseen)
        if group.sub_groups:
            [within] = await self._database.read(_Within, "people_within", id=group.id, most=MOST_COUNTED)
        return msgspec.structs.replace(
            group, members_unseen=unseen, people=within.people, people_unseen=within.people_unseen
        )

    async def of_person(self, person: str, *, after: str, most: int) -> list[str]:
        """The ids of so many groups of a person, from `after` on, exclusive."""
        return await self._database.read(str, "groups_of_person", person=person, after=after, most=most)

    async def within_reach(self, *, person: str = "", group: str = "", after: str, most: int) -> list[str]:
        """As `of_person`, with all beneath those whose Admin the person is, and with one group and all beneath."""
        return await self._database.read(
            str, "groups_within_reach", person=person, group_id=group, after=after, most=most
        )

    async def all(self, *, after: str, most: int) -> list[str]:
        """The ids of so many groups, from `after` on, exclusive."""
        return await self._database.read(str, "groups", after=after, most=most)

    async def called(self, part: str, *, skip: int, most: int) -> list[str]:
        """The ids of so many groups with that in their name, after so many others; A to Z in either case."""
        like = _ESCAPED.sub(r"\\\g<0>", part)
        return await self._database.read(str, "groups_called", like=f"%{like}%", skip=skip, most=most)

    async def members(self, group: str, *, after: str, most: int) -> list[Member]:
        """So many members by their id, from `after` on, exclusive."""
        return await self._database.read(Member, "members", group_id=group, after=after, most=most)

    async def member(self, group: str, person: str) -> Member | None:
        rows = await self._database.read(Member, "member", group_id=group, person=person)
        return rows[0] if rows else None


def _listed(groups: Sequence[str]) -> str:
    return msgspec.json.encode(groups).decode()


def _batches(groups: Sequence[Group]) -> Iterator[list[str]]:
    """Their ids, together up to so many members."""
    batch: list[str] = []
    members = 0
    for group in groups:
        if batch and members + group.members > MOST_COUNTED:
            yield batch
            batch, members = [], 0
        batch.append(group.id)
        members += group.members
    if batch:
        yield batch
