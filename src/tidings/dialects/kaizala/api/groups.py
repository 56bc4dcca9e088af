"""The calls about groups and their members."""

from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET

from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.core.route import Call, Parameter, Route
from tidings.dialects.kaizala.api.bearer import bearer
from tidings.dialects.kaizala.api.listing import MOST_LISTED, PAGE, cursor_after, limit_of
from tidings.dialects.kaizala.wire import group as wire
from tidings.dialects.kaizala.wire.lenient import body_of, is_true, read
from tidings.workspace.groups import Groups

# A guess at what nobody reads through.
_FURTHEST = 1_000_000

_TAG = "Groups"
_LIST = (
    *PAGE,
    Parameter(name="showDetails", meaning="Taken, and changes nothing: all that is known of a group is told."),
    Parameter(name="fetchAllGroups", meaning="Whether to list all that is beneath the groups whose Admin you are too."),
)
_SEARCH = (
    Parameter(name="query", meaning="A part of the group's name, in either case.", is_required=True),
    Parameter(
        name="resultsOffset",
        meaning="How many to leave out, none if absent.",
        schema={"type": "integer", "minimum": 0, "maximum": _FURTHEST},
    ),
    Parameter(
        name="pageSize",
        meaning=f"How many to list, {MOST_LISTED} if absent.",
        schema={"type": "integer", "minimum": 1, "maximum": MOST_LISTED},
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupApi:
    """Whoever is not in a group is told that there is none."""

    groups: Groups

    def routes(self) -> list[Route]:
        return [
            *self._group_routes(),
            self._search_route(),
            *self._member_routes(),
            *self._routes_of_one_member(),
        ]

    def _group_routes(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/groups",
                name="createGroup",
                summary="Make a group",
                handler=self._create,
                needs="groupinfo.write",
                body=body_of(wire.NewGroup),
                answers=wire.GroupMade,
                errors=(Invalid, Forbidden, NotFound, Conflict),
                tag=_TAG,
            ),
            Route(
                method="GET",
                path="/v1/groups",
                name="listGroups",
                summary="List the caller's groups",
                handler=self._list,
                needs="groupinfo.read",
                answers=wire.GroupsTold,
                parameters=_LIST,
                errors=(Invalid,),
                tag=_TAG,
            ),
            Route(
                method="GET",
                path="/v1/groups/{groupId}",
                name="getGroup",
                summary="Show a group",
                handler=self._get,
                needs="groupinfo.read",
                answers=wire.GroupAlone,
                errors=(NotFound,),
                tag=_TAG,
            ),
        ]

    def _search_route(self) -> Route:
        return Route(
            method="GET",
            path="/v1/tenant/findGroupsByQuery",
            name="findGroups",
            summary="Find groups of the whole installation by name",
            handler=self._find,
            needs="tenant.read",
            answers=wire.GroupsFound,
            parameters=_SEARCH,
            errors=(Invalid, Forbidden),
            tag=_TAG,
        )

    def _member_routes(self) -> list[Route]:
        return [
            _of_members(
                "GET",
                name="listMembers",
                summary="List the members of a group",
                handler=self._list_members,
                needs="groupmember.read",
                answers=wire.MembersTold,
                parameters=PAGE,
                errors=(Invalid, NotFound),
            ),
            _of_members(
                "PUT",
                name="addMembers",
                summary="Add members by phone number",
                handler=self._add_members,
                needs="groupmember.write",
                body=body_of(wire.NewMembers),
                answers=wire.Done,
                errors=(Invalid, Forbidden, NotFound),
            ),
        ]

    def _routes_of_one_member(self) -> list[Route]:
        return [
            _of_members(
                "DELETE",
                "/{memberId}",
                name="removeMember",
                summary="Remove a member",
                handler=self._remove_member,
                needs="groupmember.remove",
                answers=wire.Done,
                errors=(Forbidden, NotFound, Conflict),
            ),
            _of_members(
                "PUT",
                "/{memberId}",
                name="changeMemberRole",
                summary="Make a member admin, or an admin member",
                handler=self._change_role,
                needs="groupmember.write",
                body=body_of(wire.NewRole),
                answers=wire.Done,
                errors=(Invalid, Forbidden, NotFound, Conflict),
            ),
        ]

    async def _create(self, call: Call) -> wire.GroupMade:
        asked = read(wire.NewGroup, call.body)
        caller = bearer(call)
        group = await self.groups.create(caller, asked.called(asked.name))
        return wire.GroupMade(
            group_name=group.name,
            group_id=group.id,
            members_added=True,
            is_added_as_sub_group=True if caller.group else UNSET,
        )

    async def _list(self, call: Call) -> wire.GroupsTold:
        most = limit_of(call)
        found = await self.groups.list_for(
            bearer(call),
            after=call.query.get("cursor", ""),
            most=most,
            is_reaching=is_true(call.query.get("fetchAllGroups", "")),
        )
        groups = [wire.group_told(one) for one in found]
        return wire.GroupsTold(groups=groups, cursor=cursor_after([one.group_id for one in groups], most=most))

    async def _find(self, call: Call) -> wire.GroupsFound:
        most = int(call.query.get("pageSize", MOST_LISTED))
        skip = int(call.query.get("resultsOffset", 0))
        found = await self.groups.find(bearer(call), part=call.query["query"], skip=skip, most=most + 1)
        return wire.GroupsFound(groups=[wire.group_told(one) for one in found[:most]], has_more=len(found) > most)

    async def _get(self, call: Call) -> wire.GroupAlone:
        told = wire.group_told(await self.groups.get(bearer(call), call.path["groupId"]))
        return wire.GroupAlone(**msgspec.structs.asdict(told), groups=[told])

    async def _list_members(self, call: Call) -> wire.MembersTold:
        most = limit_of(call)
        found = await self.groups.members(
            bearer(call), call.path["groupId"], after=call.query.get("cursor", ""), most=most
        )
        members = [wire.member_told(one) for one in found]
        return wire.MembersTold(members=members, cursor=cursor_after([one.id for one in members], most=most))

    async def _add_members(self, call: Call) -> wire.Done:
        asked = read(wire.NewMembers, call.body)
        await self.groups.add_members(bearer(call), call.path["groupId"], phones=asked.members)
        return wire.Done()

    async def _remove_member(self, call: Call) -> wire.Done:
        await self.groups.remove_member(bearer(call), call.path["groupId"], person=call.path["memberId"])
        return wire.Done()

    async def _change_role(self, call: Call) -> wire.Done:
        role = read(wire.NewRole, call.body).role
        await self.groups.set_role(bearer(call), call.path["groupId"], person=call.path["memberId"], role=role)
        return wire.Done()


def _of_members(method: str, suffix: str = "", /, **rest: Any) -> Route:  # noqa: ANN401 - the fields of a Route
    return Route(method=method, path=f"/v1/groups/{{groupId}}/members{suffix}", tag=_TAG, **rest)
