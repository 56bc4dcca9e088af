"""Groups: who is in which, and the events that tell of members who come and go."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from tidings.access.naming import checked_identifier, checked_name
from tidings.access.phone import normal_phone
from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound, TidingsError
from tidings.core.event import Actor, Event, Subject
from tidings.outbox.directory import Directory
from tidings.outbox.publisher import Draft, Publisher
from tidings.store.database import Database
from tidings.store.groups import (
    Group,
    Member,
    Role,
    group_added,
    group_touched,
    member_added,
    member_removed,
    role_changed,
)
from tidings.store.groups import Groups as KeptGroups
from tidings.store.people import People
from tidings.store.subscriptions import withholding
from tidings.workspace.rights import Rights, rules_all

# Kaizala's published API description.
MOST_MEMBERS_A_CALL = 100
# As long as a message may be, which is how it is shown.
_LONGEST_WELCOME = 4_000
_TYPES = ("Group", "ConnectGroup")
_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGroup:
    """A group to make. Members and admins are phone numbers as people write them; unknown ones become people."""

    name: str
    welcome_message: str = ""
    members: Sequence[str] = ()
    admins: Sequence[str] = ()
    type: str = "Group"
    id: str | None = None


class Groups:
    """What callers do with groups; each change is kept together with the event that tells of it."""

    def __init__(
        self, database: Database, *, publisher: Publisher, directory: Directory, rights: Rights, clock: Clock
    ) -> None:
        self._database = database
        self._kept = KeptGroups(database)
        self._people = People(database)
        self._publisher = publisher
        self._directory = directory
        self._rights = rights
        self._clock = clock

    async def create(self, caller: Caller, new: NewGroup) -> Group:
        """Make a group; the caller becomes Admin. No event tells of it. Raises Invalid, Forbidden and Conflict."""
        if caller.kind is TokenKind.GROUP:
            raise Forbidden("a group token acts in its own group only; create groups with a user or tenant token")
        if new.type not in _TYPES:
            raise Invalid(f"groupType: expected one of {', '.join(_TYPES)}")
        if new.type == "ConnectGroup" and not rules_all(caller):
            raise Forbidden("groupType: only a tenant token may create a ConnectGroup")
        if len(new.welcome_message) > _LONGEST_WELCOME:
            raise Invalid(f"welcomeMessage: expected at most {_LONGEST_WELCOME} characters")
        group = Group(
            id=checked_identifier(new.id),
            name=checked_name(new.name),
            welcome_message=new.welcome_message,
            type=new.type,
            created_at=self._clock.now(),
        )
        roles = await self._first_roles(caller, new)
        if not (roles or rules_all(caller)):
            raise Forbidden("this token speaks for no person who could be the group's admin; use a user's token")
        at = group.created_at
        await self._database.write(
            group_added(group),
            *(member_added(group.id, person, role=role, at=at) for person, role in roles.items()),
        )
        return await self.get(caller, group.id)

    async def list_for(self, caller: Caller, *, after: str = "", most: int = _PAGE) -> list[Group]:
        """So many groups of the caller by id, from `after` on, exclusive; of all groups with a tenant token."""
        if rules_all(caller):
            return await self._kept.all(person=caller.person.id, after=after, most=most)
        if caller.kind is TokenKind.GROUP:
            return [await self.get(caller, caller.group)] if after < caller.group else []
        return await self._kept.of_person(caller.person.id, after=after, most=most)

    async def get(self, caller: Caller, group: str) -> Group:
        """One group as the caller sees it: `role` is what they may do there. Raises NotFound."""
        role = await self._rights.role_in(caller, group)
        found = await self._kept.get(group, person=caller.person.id)
        return msgspec.structs.replace(found, role=role)

    async def members(self, caller: Caller, group: str, *, after: str = "", most: int = _PAGE) -> list[Member]:
        """So many members by id, from `after` on, exclusive. Raises NotFound if the caller is not in the group."""
        await self._rights.role_in(caller, group)
        return await self._kept.members(group, after=after, most=most)

    async def add_members(self, caller: Caller, group: str, *, phones: Sequence[str]) -> None:
        """Add people as members, a MemberAdded for each. Whoever is there stays as they are, and nothing tells of it.

        Raises Invalid before anybody is added; Forbidden and NotFound.
        """
        await self._rights.must_be_admin(caller, group)
        numbers = _numbers(phones, field="members")
        at = self._clock.now()
        drafts = [
            Draft(
                event=_told("MemberAdded", person, group=group, role=Role.MEMBER, by=caller.person, at=at),
                also=(
                    group_touched(group, at=at),
                    member_added(group, person.id, role=Role.MEMBER, at=at, otherwise=_there_already()),
                ),
            )
            for person in await self._people.of_phones(numbers, at=at)
        ]
        for result in await self._publisher.publish(drafts):
            if isinstance(result, TidingsError) and not isinstance(result, Conflict):
                raise result

    async def remove_member(self, caller: Caller, group: str, *, person: str) -> None:
        """Remove somebody, with a MemberRemoved; whoever removes themselves leaves, and needs no right to.

        What the group owed to webhooks of a removed admin is held. Raises NotFound, Forbidden, and Conflict for the
        last admin.
        """
        if person != caller.person.id:
            await self._rights.must_be_admin(caller, group)
        member = await self._member(group, person)
        at = self._clock.now()
        event = _told("MemberRemoved", member, group=group, role=member.role, by=caller.person, at=at)
        changes = [group_touched(group, at=at), member_removed(group, person)]
        if member.role is Role.ADMIN:
            changes.append(withholding(owner=person, group=group))
        await self._publisher.publish_one(Draft(event=event, also=changes))
        await self._directory.refresh()

    async def set_role(self, caller: Caller, group: str, *, person: str, role: str) -> None:
        """Make a member Admin or Member; no event tells of it.

        What the group owes to the webhooks of a former admin is held until they are admin again. Raises Invalid,
        NotFound, Forbidden, and Conflict for the last admin.
        """
        wanted = next((one for one in Role if one.lower() == role.lower()), None)
        if wanted is None:
            raise Invalid("role: expected Admin or Member")
        await self._rights.must_be_admin(caller, group)
        await self._member(group, person)
        await self._database.write(
            group_touched(group, at=self._clock.now()),
            role_changed(group, person, role=wanted),
            withholding(owner=person, group=group, withheld=wanted is not Role.ADMIN),
        )
        await self._directory.refresh()

    async def _member(self, group: str, person: str) -> Member:
        member = await self._kept.member(group, person)
        if member is None:
            raise NotFound("no member of the group has this id; list them with GET /v1/groups/{id}/members")
        return member

    async def _first_roles(self, caller: Caller, new: NewGroup) -> dict[str, Role]:
        at = self._clock.now()
        members = await self._people.of_phones(_numbers(new.members, field="members"), at=at)
        admins = await self._people.of_phones(_numbers(new.admins, field="admins"), at=at)
        roles = dict.fromkeys((person.id for person in members), Role.MEMBER)
        roles |= dict.fromkeys((person.id for person in admins), Role.ADMIN)
        return roles | ({caller.person.id: Role.ADMIN} if caller.person.id else {})


def _there_already() -> Conflict:
    return Conflict("they are a member of the group already")


def _numbers(phones: Sequence[str], *, field: str) -> list[str]:
    if len(phones) > MOST_MEMBERS_A_CALL:
        raise Invalid(f"{field}: expected at most {MOST_MEMBERS_A_CALL} phone numbers a call; add the others after it")
    numbers = (normal_phone(phone, field=f"{field}[{place}]") for place, phone in enumerate(phones))
    return list(dict.fromkeys(numbers))


def _told(type_: str, person: Actor, *, group: str, role: Role, by: Actor, at: int) -> Event:
    # Kaizala's "Webhook response schema"; memberId is what its receivers read besides.
    data = {
        "member": person.phone,
        "memberName": person.name,
        "memberProfilePic": person.picture,
        "type": role.value,
        "memberId": person.id,
    }
    return Event(type=type_, subjects=(Subject("Group", group),), data=msgspec.json.encode(data), at=at, actor=by)
