"""The calls about groups beneath groups."""

from dataclasses import dataclass
from typing import Any

from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.core.route import Call, Parameter, Route
from tidings.dialects.kaizala.api.bearer import bearer
from tidings.dialects.kaizala.api.listing import PAGE, limit_of
from tidings.dialects.kaizala.wire import sub_group as wire
from tidings.dialects.kaizala.wire.group import Done, GroupMade
from tidings.dialects.kaizala.wire.lenient import body_of, read
from tidings.workspace.groups import Groups
from tidings.workspace.sub_groups import SubGroups

_PARAMETERS = (
    *PAGE,
    Parameter(
        name="fetchAllGroups", meaning="Taken, and changes nothing: all that is beneath is told, level by level."
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubGroupApi:
    """An admin sees all that is beneath a group, a member what they are in."""

    groups: Groups
    sub_groups: SubGroups

    def routes(self) -> list[Route]:
        return [
            _of_sub_groups(
                "GET",
                name="listSubGroups",
                summary="Show a group with all that is beneath it",
                handler=self._list,
                needs="groupinfo.read",
                answers=wire.TreeTold,
                parameters=_PARAMETERS,
                errors=(Invalid, NotFound),
            ),
            _of_sub_groups(
                "POST",
                name="createSubGroup",
                summary="Make a sub-group",
                handler=self._create,
                needs="groupinfo.write",
                body=body_of(wire.NewSubGroup),
                answers=GroupMade,
                errors=(Invalid, Forbidden, NotFound, Conflict),
            ),
            *self._link_routes(),
        ]

    def _link_routes(self) -> list[Route]:
        return [
            _of_sub_groups(
                "PUT",
                name="addSubGroups",
                summary="Put groups beneath a group",
                handler=self._add,
                needs="groupinfo.update",
                body=body_of(wire.NewLinks),
                answers=Done,
                errors=(Invalid, Forbidden, NotFound, Conflict),
            ),
            _of_sub_groups(
                "DELETE",
                "/{subGroupId}",
                name="removeSubGroup",
                summary="Take a group from beneath a group; it stays a group",
                handler=self._remove,
                needs="groupinfo.remove",
                answers=Done,
                errors=(Forbidden, NotFound),
            ),
        ]

    async def _list(self, call: Call) -> wire.TreeTold:
        most = limit_of(call)
        branch, cursor = await self.sub_groups.beneath(
            bearer(call), call.path["groupId"], after=call.query.get("cursor", ""), most=most
        )
        return wire.tree_told(branch, cursor=cursor)

    async def _create(self, call: Call) -> GroupMade:
        asked = read(wire.NewSubGroup, call.body)
        made = await self.groups.create(bearer(call), asked.meant(call.path["groupId"]))
        return GroupMade(group_name=made.name, group_id=made.id, members_added=True, is_added_as_sub_group=True)

    async def _add(self, call: Call) -> Done:
        children = read(wire.NewLinks, call.body).sub_groups
        await self.sub_groups.add(bearer(call), call.path["groupId"], children=children)
        return Done()

    async def _remove(self, call: Call) -> Done:
        await self.sub_groups.remove(bearer(call), call.path["groupId"], child=call.path["subGroupId"])
        return Done()


def _of_sub_groups(method: str, suffix: str = "", /, **rest: Any) -> Route:  # noqa: ANN401 - the fields of a Route
    return Route(method=method, path=f"/v1/groups/{{groupId}}/subGroups{suffix}", tag="Sub-groups", **rest)
