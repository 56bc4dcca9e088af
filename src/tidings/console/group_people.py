"""Who is in a group, what is beneath it, and what it is called."""

from collections.abc import Sequence

from starlette.responses import Response

from tidings.console.group_here import GroupHere
from tidings.console.group_wording import at_fields, phones_in
from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.errors import Conflict, Forbidden, Invalid
from tidings.store.groups import Role
from tidings.store.posts import GroupTexts
from tidings.workspace.groups import NewGroup

_A_PAGE = 50
# Groups to choose from that could go beneath this one.
_MOST_TO_CHOOSE = 100


class GroupPeople:
    """Members see who is in the group; its admins, and operators, change that."""

    def __init__(self, offers: Offers) -> None:
        self._groups = offers.workspace.groups
        self._sub_groups = offers.workspace.sub_groups
        self._posts = offers.workspace.posts
        self._here = GroupHere(offers)

    def places(self) -> Sequence[Place]:
        own, path = Right.BE_ONESELF, "/groups/{id}"
        return [
            Place(path=f"{path}/members", does=self._members, needs=own),
            Place(path=f"{path}/members", does=self._add, needs=own, method="POST"),
            Place(path=f"{path}/members/{{person}}/role", does=self._set_role, needs=own, method="POST"),
            Place(path=f"{path}/members/{{person}}/remove", does=self._remove, needs=own, method="POST"),
            Place(path=f"{path}/leave", does=self._leave, needs=own, method="POST"),
            Place(path=f"{path}/sub-groups", does=self._beneath, needs=own),
            Place(path=f"{path}/sub-groups", does=self._put_beneath, needs=own, method="POST"),
            Place(path=f"{path}/sub-groups/{{child}}/remove", does=self._take_out, needs=own, method="POST"),
            Place(path=f"{path}/settings", does=self._settings, needs=own),
            Place(path=f"{path}/settings", does=self._change, needs=own, method="POST"),
        ]

    async def _members(self, visit: Visit, *, error: Invalid | None = None) -> Response:
        here = await self._here.of(visit)
        members = await self._groups.members(visit.caller, here.id, after=visit.query.get("after", ""), most=_A_PAGE)
        after = members[-1].id if len(members) == _A_PAGE else ""
        return visit.page("groups/members.html", error=error, here=here, tab="members", members=members, after=after)

    async def _add(self, visit: Visit) -> Response:
        here = await self._here.of(visit)
        try:
            phones = phones_in(visit.form.needed("members"))
            record = self._here.record(visit, "group.members_added", about=here.id)
            await self._groups.add_members(visit.caller, here.id, phones=phones, also=record)
        except Invalid as error:
            return await self._members(visit, error=at_fields(error))
        return visit.go(f"{here.path}/members", said="They are members of the group now.")

    async def _set_role(self, visit: Visit) -> Response:
        here = await self._here.of(visit)
        role = visit.form.text("role")
        record = self._here.record(visit, "group.role_changed", about=here.id)
        await self._groups.set_role(visit.caller, here.id, person=visit.path["person"], role=role, also=record)
        said = "They are an admin of the group now." if role == Role.ADMIN else "They are no longer an admin."
        return visit.go(f"{here.path}/members", said=said)

    async def _remove(self, visit: Visit) -> Response:
        here = await self._here.of(visit)
        # `remove_member` lets everybody remove themselves; this is the place for others.
        if not here.may_manage:
            raise Forbidden("only an admin of the group may do this; ask one to make you admin")
        record = self._here.record(visit, "group.member_removed", about=here.id)
        await self._groups.remove_member(visit.caller, here.id, person=visit.path["person"], also=record)
        return visit.go(f"{here.path}/members", said="They are no longer in the group.")

    async def _leave(self, visit: Visit) -> Response:
        here = await self._here.of(visit)
        await self._groups.remove_member(visit.member, here.id, person=visit.person.id)
        return visit.go("/console/groups", said=f"You have left {here.card.name}.")

    async def _beneath(self, visit: Visit, *, error: Invalid | None = None) -> Response:
        here = await self._here.of(visit)
        branch, cursor = await self._sub_groups.beneath(
            visit.caller, here.id, after=visit.query.get("after", ""), most=_A_PAGE
        )
        own = await self._posts.groups(visit.caller, most=_MOST_TO_CHOOSE) if here.may_manage else []
        there = {here.id, *(one.group.id for one in branch.beneath)}
        may_rule = visit.may(Right.OPERATE)
        ruled = [(one.id, one.name) for one in own if one.id not in there and (one.role == Role.ADMIN or may_rule)]
        return visit.page(
            "groups/sub_groups.html", error=error, here=here, tab="sub-groups", branch=branch, after=cursor, ruled=ruled
        )

    async def _put_beneath(self, visit: Visit) -> Response:
        here = await self._here.of(visit)
        form, record = visit.form, self._here.record(visit, "group.sub_group_added", about=here.id)
        try:
            if child := form.text("child"):
                await self._sub_groups.add(visit.caller, here.id, children=[child], also=record)
                said = "The group is beneath this one now."
            else:
                new = NewGroup(name=form.text("name"), parent=here.id)
                made = await self._groups.create(visit.caller, new, also=record)
                said = f"The sub-group {made.name} is there, and you are its admin."
        except Invalid as error:
            return await self._beneath(visit, error=at_fields(error))
        except Conflict as error:
            return await self._beneath(visit, error=Invalid(f"child: {_IN_A_CIRCLE}" if child else error.message))
        return visit.go(f"{here.path}/sub-groups", said=said)

    async def _take_out(self, visit: Visit) -> Response:
        here = await self._here.of(visit)
        record = self._here.record(visit, "group.sub_group_removed", about=here.id)
        await self._sub_groups.remove(visit.caller, here.id, child=visit.path["child"], also=record)
        return visit.go(f"{here.path}/sub-groups", said="That group is no longer beneath this one; it is still there.")

    async def _settings(self, visit: Visit, *, error: Invalid | None = None) -> Response:
        here = await self._here.of(visit)
        group = await self._groups.get(visit.caller, here.id)
        return visit.page("groups/settings.html", error=error, here=here, tab="settings", group=group)

    async def _change(self, visit: Visit) -> Response:
        here = await self._here.of(visit)
        form = visit.form
        texts = GroupTexts(
            name=form.text("name"),
            welcome_message=form.text("welcome_message"),
            short_description=form.text("short_description"),
            long_description=form.text("long_description"),
        )
        try:
            record = self._here.record(visit, "group.changed", about=here.id)
            await self._groups.change(visit.caller, here.id, texts=texts, also=record)
        except Invalid as error:
            return await self._settings(visit, error=at_fields(error))
        return visit.go(f"{here.path}/settings", said="The group is changed.")


_IN_A_CIRCLE = "this group is beneath that one; a group cannot be beneath itself"
