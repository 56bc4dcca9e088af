"""The calls about groups, their members and what is said in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.core.route import Call, Parameter, Route
from tidings.dialects.kaizala.api.bearer import bearer
from tidings.dialects.kaizala.wire import group as wire
from tidings.dialects.kaizala.wire.lenient import body_of, read
from tidings.workspace.groups import Groups
from tidings.workspace.messages import Messages

# Kaizala's clients know no pages: nearly all get everything at once, and nobody a megabyte.
MOST_LISTED = 1_000

_TAG = "Groups"
_PAGE = (
    Parameter(
        name="limit",
        meaning=f"How many to list, {MOST_LISTED} if absent.",
        schema={"type": "integer", "minimum": 1, "maximum": MOST_LISTED},
    ),
    Parameter(name="cursor", meaning="Where the former list ended."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupApi:
    """Whoever is not in a group is told that there is none."""

    groups: Groups
    messages: Messages

    def routes(self) -> list[Route]:
        return [
            *self._group_routes(),
            *self._member_routes(),
            *self._routes_of_one_member(),
            self._message_route(),
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
                errors=(Invalid, Forbidden, Conflict),
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
                parameters=_PAGE,
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

    def _member_routes(self) -> list[Route]:
        return [
            _of_members(
                "GET",
                name="listMembers",
                summary="List the members of a group",
                handler=self._list_members,
                needs="groupmember.read",
                answers=wire.MembersTold,
                parameters=_PAGE,
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

    def _message_route(self) -> Route:
        return Route(
            method="POST",
            path="/v1/groups/{groupId}/messages",
            name="postMessage",
            summary="Post a text message to a group",
            handler=self._post_message,
            needs="textmessage.write",
            body=body_of(wire.NewMessage),
            answers=wire.MessageMade,
            errors=(Invalid, NotFound),
            tag=_TAG,
        )

    async def _create(self, call: Call) -> wire.GroupMade:
        asked = read(wire.NewGroup, call.body)
        group = await self.groups.create(bearer(call), asked.meant())
        return wire.GroupMade(group_name=group.name, group_id=group.id, members_added=True)

    async def _list(self, call: Call) -> wire.GroupsTold:
        most = _limit(call)
        found = await self.groups.list_for(bearer(call), after=call.query.get("cursor", ""), most=most)
        groups = [wire.group_told(one) for one in found]
        return wire.GroupsTold(groups=groups, cursor=_next([one.group_id for one in groups], most))

    async def _get(self, call: Call) -> wire.GroupAlone:
        told = wire.group_told(await self.groups.get(bearer(call), call.path["groupId"]))
        return wire.GroupAlone(**msgspec.structs.asdict(told), groups=[told])

    async def _list_members(self, call: Call) -> wire.MembersTold:
        most = _limit(call)
        found = await self.groups.members(
            bearer(call), call.path["groupId"], after=call.query.get("cursor", ""), most=most
        )
        members = [wire.member_told(one) for one in found]
        return wire.MembersTold(members=members, cursor=_next([one.id for one in members], most))

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

    async def _post_message(self, call: Call) -> wire.MessageMade:
        asked = read(wire.NewMessage, call.body)
        if asked.subscribers:
            raise Invalid("subscribers: a message goes to the whole group; leave them out")
        reference = await self.messages.post(bearer(call), call.path["groupId"], text=asked.message)
        return wire.MessageMade(reference_id=reference)


def _of_members(method: str, suffix: str = "", /, **rest: Any) -> Route:  # noqa: ANN401 - the fields of a Route
    return Route(method=method, path=f"/v1/groups/{{groupId}}/members{suffix}", tag=_TAG, **rest)


def _limit(call: Call) -> int:
    return int(call.query.get("limit", MOST_LISTED))


def _next(listed: Sequence[str], most: int) -> str | UnsetType:
    # After a full page there may be nothing; that is what the next call tells.
    return listed[-1] if len(listed) == most else UNSET
