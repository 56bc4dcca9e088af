"""Sub-groups: which group goes beneath which, what is beneath one, and the events that tell of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound, TidingsError
from tidings.core.event import Actor, Event, Subject
from tidings.outbox.directory import Directory
from tidings.outbox.publisher import Draft, Publisher
from tidings.store.database import Database, Statement
from tidings.store.groups import Group, Groups, Role
from tidings.store.subscriptions import following_tree
from tidings.store.tree import Links, sub_group_added, sub_group_removed
from tidings.workspace import data
from tidings.workspace.rights import Rights, rules_all
from tidings.workspace.tree import Tree

# A guess: as many as members a call.
MOST_SUB_GROUPS_A_CALL = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A group and what is beneath it. `is_duplicate`: it was shown before, and what is beneath it is shown there."""

    group: Group
    beneath: Sequence["Branch"] = ()
    is_duplicate: bool = False


class SubGroups:
    """What callers do with groups beneath groups.

    A sub-group has members of its own: who is Admin above it sees that it is there, and is nothing in it. The token of
    a group is an admin of all that is beneath (Kaizala's FAQ 4).
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
        self._groups = Groups(database)
        self._links = Links(database)
        self._publisher = publisher
        self._directory = directory
        self._rights = rights
        self._tree = tree
        self._clock = clock

    async def beneath(self, caller: Caller, group: str, *, after: str = "", most: int) -> tuple[Branch, str]:
        """A group and so many groups beneath it, nearest first; and the cursor to go on with, empty at the end.

        Of its own sub-groups it begins with those by id from `after` on, exclusive. Who is admin of a group at or above
        it sees all of them, a member those that they are in too. Raises NotFound.
        """
        sees_all = await self._sees_all(caller, group)
        links = await self._links.beneath(group, after=after, most=most)
        children: defaultdict[str, list[str]] = defaultdict(list)
        for link in links:
            children[link.parent].append(link.child)
        ids = {group, *(link.child for link in links)}
        told = {one.id: one for one in await self._groups.told(sorted(ids), person=caller.person.id)}
        if rules_all(caller) or caller.kind is TokenKind.GROUP:
            told = {name: msgspec.structs.replace(one, role=Role.ADMIN) for name, one in told.items()}
        elif not sees_all:
            told = {name: one for name, one in told.items() if one.role}
        cursor = children[group][-1] if len(children[group]) == most else ""
        return _branch(group, told=told, children=children, shown=set()), cursor

    async def add(
        self, caller: Caller, parent: str, *, children: Sequence[str], also: Sequence[Statement] = ()
    ) -> None:
        """Put groups beneath another, a GroupAdded for each; whichever is there stays, and nothing tells of it.

        The caller is an admin of all of them. Raises Invalid, NotFound, Forbidden, and Conflict for a circle.
        """
        if len(children) > MOST_SUB_GROUPS_A_CALL:
            raise Invalid(f"subGroups: expected at most {MOST_SUB_GROUPS_A_CALL} ids a call; add the others after it")
        await self._rights.must_be_admin(caller, parent)
        for child in children:
            await self._rights.must_be_admin(caller, child)
            if await self._tree.is_within(parent, child):
                raise Conflict(f"subGroups: {child} is this group or above it; a group cannot be beneath itself")
        subjects, at = await self._tree.subjects(parent), self._clock.now()
        there = Conflict("it is a sub-group of this group already")
        drafts = []
        for group in await self._groups.told(children, person=""):
            event = group_told("GroupAdded", group, subjects=subjects, by=caller.person, at=at)
            changes = (*sub_group_added(parent, group.id, at=at, otherwise=there), following_tree(group.id))
            drafts.append(Draft(event=event, also=(*changes, *also)))
        results = await self._publisher.publish(drafts)
        await self._directory.refresh()
        for result in results:
            if isinstance(result, TidingsError) and result is not there:
                raise result

    async def remove(self, caller: Caller, parent: str, *, child: str, also: Sequence[Statement] = ()) -> None:
        """Take a group from beneath another, with a GroupRemoved; an admin of either may. The group itself stays.

        Raises NotFound and Forbidden.
        """
        try:
            await self._rights.must_be_admin(caller, child)
        except (Forbidden, NotFound):
            await self._rights.must_be_admin(caller, parent)
        group = await self._groups.get(child, person="")
        event = group_told(
            "GroupRemoved",
            group,
            subjects=await self._tree.subjects(parent),
            by=caller.person,
            at=self._clock.now(),
        )
        changes = (*sub_group_removed(parent, child), following_tree(child), *also)
        await self._publisher.publish_one(Draft(event=event, also=changes))
        await self._directory.refresh()

    async def _sees_all(self, caller: Caller, group: str) -> bool:
        if caller.kind is not TokenKind.GROUP and await self._links.is_admin_over(group, person=caller.person.id):
            return True
        return await self._rights.role_in(caller, group) is Role.ADMIN


def _branch(group: str, *, told: Mapping[str, Group], children: Mapping[str, Sequence[str]], shown: set[str]) -> Branch:
    if group in shown:
        return Branch(group=told[group], is_duplicate=True)
    shown.add(group)
    beneath = [_branch(one, told=told, children=children, shown=shown) for one in children[group] if one in told]
    return Branch(group=told[group], beneath=beneath)


def group_told(type_: str, group: Group, *, subjects: tuple[Subject, ...], by: Actor, at: int) -> Event:
    """What tells those above that a group came to be, or ceased to be, beneath them."""
    told = data.Group(group=group.id, group_name=group.name, group_image_url=group.photo, type=group.type)
    return Event(type=type_, subjects=subjects, data=msgspec.json.encode(told), at=at, actor=by)
