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
from tidings.store.database import Database, Statement
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
from tidings.store.posts import GroupTexts, group_changed
from tidings.store.subscriptions import following_role, held_authors
from tidings.store.tree import sub_group_added
from tidings.workspace import data
from tidings.workspace.rights import Rights, rules_all
from tidings.workspace.sub_groups import group_told
from tidings.workspace.tree import Tree

# Kaizala's published API description.
MOST_MEMBERS_A_CALL = 100
# As long as a message may be, which is how it is shown.
_LONGEST_WELCOME = 4_000
# Guesses: the address of a picture, and two texts that a page still shows whole.
_LONGEST_ADDRESS, _LONGEST_SHORT, _LONGEST_LONG = 2_048, 400, 4_000
_TYPES = ("Group", "ConnectGroup")
_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGroup:
    """A group to make. Members and admins are phone numbers as people write them; unknown ones become people.

    `member_ids` are people's ids. With a `parent` it becomes a sub-group. `is_joining`: whoever asks becomes an Admin.
    """

    name: str
    welcome_message: str = ""
    members: Sequence[str] = ()
    member_ids: Sequence[str] = ()
    admins: Sequence[str] = ()
    is_joining: bool = True
    type: str = "Group"
    photo: str = ""
    background: str = ""
    short_description: str = ""
    long_description: str = ""
    id: str | None = None
    parent: str = ""


class Groups:
    """What callers do with groups; each change is kept together with the event that tells of it.

    `also` is true exactly if anything was changed; whatever is in it may be stated several times.
    """

    def __init__(
        self,
        database: Database,
        *,
        publisher: Publisher,
        directory: Directory,
        rights: Rights,
        tree: Tree,
        clock: Clock,
    ) -> None:
        self._database = database
        self._kept = KeptGroups(database)
        self._people = People(database)
        self._publisher = publisher
        self._directory = directory
        self._rights = rights
        self._tree = tree
        self._clock = clock

    async def create(self, caller: Caller, new: NewGroup, *, also: Sequence[Statement] = ()) -> Group:
        """Make a group; nothing tells of it. A sub-group's parent and all above it hear GroupAdded.

        Whatever a group token makes is a sub-group of its group, or of the one beneath it that is named as the parent.
        Raises Invalid, NotFound, Forbidden and Conflict.
        """
        parent = new.parent or caller.group
        if parent:
            await self._rights.must_be_admin(caller, parent)
        group = self._checked(caller, new)
        roles = await self._first_roles(caller, new)
        # Who rules all, and the token of a group above, need nobody in it.
        if Role.ADMIN not in roles.values() and not (rules_all(caller) or caller.kind is TokenKind.GROUP):
            raise Forbidden("nobody would be the group's admin; name Admins, or use a user's token and be one")
        at = group.created_at
        kept = (
            group_added(group),
            *(member_added(group.id, person, role=role, at=at) for person, role in roles.items()),
            *(following_role(person, group=group.id) for person, role in roles.items() if role is Role.ADMIN),
            *also,
        )
        if parent:
            subjects = await self._tree.subjects(parent)
            told = group_told("GroupAdded", group, subjects=subjects, by=caller.person, at=at)
            kept += sub_group_added(parent, group.id, at=at)
            await self._publisher.publish_one(Draft(event=told, also=kept))
        else:
            await self._database.write(*kept)
        # Not `get`, which shows a group only to who is in it.
        [made] = await self._seen(caller, [group.id])
        return made

    async def list_for(
        self, caller: Caller, *, after: str = "", most: int = _PAGE, is_reaching: bool = False
    ) -> list[Group]:
        """So many groups of the caller by id, from `after` on, exclusive; of all groups with a tenant token.

        `is_reaching` adds all that is beneath those whose Admin the caller is.
        """
        group = caller.group
        person = "" if group else caller.person.id
        if rules_all(caller):
            found = await self._kept.all(after=after, most=most)
        elif is_reaching:
            found = await self._kept.within_reach(person=person, group=group, after=after, most=most)
        elif group:
            found = [group] if after < group else []
        else:
            found = await self._kept.of_person(person, after=after, most=most)
        return await self._seen(caller, found)

    async def find(self, caller: Caller, *, part: str, skip: int = 0, most: int = _PAGE) -> list[Group]:
        """So many groups by id with that in their name, after so many others. Raises Forbidden."""
        if not rules_all(caller):
            raise Forbidden("only a tenant token may search all groups; list your own with GET /v1/groups")
        return await self._seen(caller, await self._kept.called(part, skip=skip, most=most))

    async def get(self, caller: Caller, group: str) -> Group:
        """One group as the caller sees it: `role` is what they may do there. Raises NotFound."""
        role = await self._rights.role_in(caller, group)
        found = await self._kept.get(group, person=caller.person.id)
        return msgspec.structs.replace(found, role=role)

    async def change(self, caller: Caller, group: str, *, texts: GroupTexts, also: Sequence[Statement] = ()) -> None:
        """Call and describe a group otherwise; no event tells of it. Raises Invalid, Forbidden and NotFound."""
        await self._rights.must_be_admin(caller, group)
        await self._database.write(group_changed(group, _checked_texts(texts), at=self._clock.now()), *also)

    async def _seen(self, caller: Caller, groups: Sequence[str]) -> list[Group]:
        """Those groups as the caller sees them, who rules all of them or sees them as a person."""
        found = await self._kept.told(groups, person=caller.person.id)
        if rules_all(caller) or caller.kind is TokenKind.GROUP:
            return [msgspec.structs.replace(group, role=Role.ADMIN) for group in found]
        return found

    async def members(self, caller: Caller, group: str, *, after: str = "", most: int = _PAGE) -> list[Member]:
        """So many members by id, from `after` on, exclusive. Raises NotFound if the caller is not in the group."""
        await self._rights.role_in(caller, group)
        return await self._kept.members(group, after=after, most=most)

    async def add_members(
        self, caller: Caller, group: str, *, phones: Sequence[str], also: Sequence[Statement] = ()
    ) -> None:
        """Add people as members, a MemberAdded for each. Whoever is there stays as they are, and nothing tells of it.

        Raises Invalid before anybody is added; Forbidden and NotFound.
        """
        await self._rights.must_be_admin(caller, group)
        numbers = _numbers(phones, field="members")
        people = await self._people.of_phones(numbers, at=self._clock.now())
        await self.admit(caller, group, people=people, also=also)

    async def admit(
        self, caller: Caller, group: str, *, people: Sequence[Actor], also: Sequence[Statement] = ()
    ) -> None:
        """Add people who are known already, as `add_members` does."""
        await self._rights.must_be_admin(caller, group)
        subjects, at = await self._tree.subjects(group), self._clock.now()
        held = await held_authors(self._database, [person.id for person in people])
        drafts = [
            Draft(
                event=_told("MemberAdded", person, subjects=subjects, role=Role.MEMBER, by=caller.person, at=at),
                also=(
                    group_touched(group, at=at),
                    member_added(group, person.id, role=Role.MEMBER, at=at, otherwise=_there_already()),
                    # An author who comes back hears of their own actions again.
                    *([following_role(person.id, group=group)] if person.id in held else []),
                    *also,
                ),
            )
            for person in people
        ]
        for result in await self._publisher.publish(drafts):
            if isinstance(result, TidingsError) and not isinstance(result, Conflict):
                raise result
        if held:
            await self._directory.refresh()

    async def remove_member(self, caller: Caller, group: str, *, person: str, also: Sequence[Statement] = ()) -> None:
        """Remove somebody, with a MemberRemoved; whoever removes themselves leaves, and needs no right to.

        What the group owed to webhooks of a removed admin is held. Raises NotFound, Forbidden, and Conflict for the
        last admin.
        """
        if person != caller.person.id:
            await self._rights.must_be_admin(caller, group)
        member = await self._member(group, person)
        subjects, at = await self._tree.subjects(group), self._clock.now()
        event = _told("MemberRemoved", member, subjects=subjects, role=member.role, by=caller.person, at=at)
        changes = [group_touched(group, at=at), member_removed(group, person), following_role(person, group=group)]
        await self._publisher.publish_one(Draft(event=event, also=(*changes, *also)))
        await self._directory.refresh()

    async def set_role(
        self, caller: Caller, group: str, *, person: str, role: str, also: Sequence[Statement] = ()
    ) -> None:
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
            following_role(person, group=group),
            *also,
        )
        await self._directory.refresh()

    async def _member(self, group: str, person: str) -> Member:
        member = await self._kept.member(group, person)
        if member is None:
            raise NotFound("no member of the group has this id; list them with GET /v1/groups/{id}/members")
        return member

    def _checked(self, caller: Caller, new: NewGroup) -> Group:
        if new.type not in _TYPES:
            raise Invalid(f"groupType: expected one of {', '.join(_TYPES)}")
        if new.type == "ConnectGroup" and not rules_all(caller):
            raise Forbidden("groupType: only a tenant token may create a ConnectGroup")
        identifier = checked_identifier(new.id)
        texts = _checked_texts(
            GroupTexts(
                name=new.name,
                welcome_message=new.welcome_message,
                short_description=new.short_description,
                long_description=new.long_description,
            )
        )
        return Group(
            id=identifier,
            **msgspec.structs.asdict(texts),
            type=new.type,
            created_at=self._clock.now(),
            photo=_short_enough(new.photo, _LONGEST_ADDRESS, field="GroupPhoto"),
            background=_short_enough(new.background, _LONGEST_ADDRESS, field="BackgroundPhoto"),
        )

    async def _first_roles(self, caller: Caller, new: NewGroup) -> dict[str, Role]:
        at = self._clock.now()
        numbers, admins = _numbers(new.members, field="members"), _numbers(new.admins, field="admins")
        roles = dict.fromkeys(await self._known(new.member_ids), Role.MEMBER)
        roles |= dict.fromkeys([person.id for person in await self._people.of_phones(numbers, at=at)], Role.MEMBER)
        roles |= dict.fromkeys([person.id for person in await self._people.of_phones(admins, at=at)], Role.ADMIN)
        return roles | ({caller.person.id: Role.ADMIN} if caller.person.id and new.is_joining else {})

    async def _known(self, people: Sequence[str]) -> list[str]:
        if len(people) > MOST_MEMBERS_A_CALL:
            raise Invalid(f"memberUserIds: expected at most {MOST_MEMBERS_A_CALL} ids a call; add the others after it")
        for place, person in enumerate(people):
            if await self._people.get(person) is None:
                raise Invalid(f"memberUserIds[{place}]: there is no person of this id; name members by phone number")
        return list(people)


def _checked_texts(texts: GroupTexts) -> GroupTexts:
    return GroupTexts(
        name=checked_name(texts.name),
        welcome_message=_short_enough(texts.welcome_message, _LONGEST_WELCOME, field="welcomeMessage"),
        short_description=_short_enough(texts.short_description, _LONGEST_SHORT, field="ShortDescriptionString"),
        long_description=_short_enough(texts.long_description, _LONGEST_LONG, field="LongDescriptionString"),
    )


def _short_enough(text: str, most: int, *, field: str) -> str:
    if len(text) > most:
        raise Invalid(f"{field}: expected at most {most} characters")
    return text


def _there_already() -> Conflict:
    return Conflict("they are a member of the group already")


def _numbers(phones: Sequence[str], *, field: str) -> list[str]:
    if len(phones) > MOST_MEMBERS_A_CALL:
        raise Invalid(f"{field}: expected at most {MOST_MEMBERS_A_CALL} phone numbers a call; add the others after it")
    numbers = (normal_phone(phone, field=f"{field}[{place}]") for place, phone in enumerate(phones))
    return list(dict.fromkeys(numbers))


def _told(type_: str, person: Actor, *, subjects: tuple[Subject, ...], role: Role, by: Actor, at: int) -> Event:
    told = data.Member(
        member=person.phone,
        member_name=person.name,
        member_profile_pic=person.picture,
        type=role.value,
        member_id=person.id,
    )
    return Event(type=type_, subjects=subjects, data=msgspec.json.encode(told), at=at, actor=by)
