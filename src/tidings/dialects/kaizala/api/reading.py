"""The content queries: the calls that read actions and responses back."""

from collections.abc import Mapping
from dataclasses import dataclass

from tidings.core.clock import SECOND
from tidings.core.errors import Forbidden, Invalid, NotFound
from tidings.core.route import Call, Parameter, Route
from tidings.dialects.kaizala.api.bearer import bearer
from tidings.dialects.kaizala.wire import reading as wire
from tidings.dialects.kaizala.wire.response import ResponsesTold, responses_told
from tidings.store.actions import ActionType
from tidings.workspace.reading import Query, Reading

_TAG = "Actions"
# The actions page of Kaizala's documentation.
_PAGE = 30
# A guess: what is answered in a tenth of a second and a few megabytes. Whoever asks for more is told that there is.
_MOST = 200
# Of responses; a survey of a small company in one answer.
_MOST_RESPONSES = 500
# Whoever counts seconds is before this, which is the year 5138, and whoever counts milliseconds after it: 1973.
_LAST_SECOND = 10**11
# What Kaizala let people share, and nobody can post here.
_NEVER_HERE = frozenset({"sharelocation", "photowithlocation", "checklist"})
_TYPES: Mapping[str, ActionType | None] = {"": None} | {type_.lower(): type_ for type_ in ActionType}

_CURSOR = Parameter(name="cursor", meaning="The cursor of the answer before; absent there, the list has ended.")
_DETAILS = Parameter(name="getDetails", meaning="`true`: with the responses.")
# Up to what a double holds exactly; empty for what is not asked.
_DIGITS = {"type": "string", "pattern": "^[0-9]{0,15}$"}
_LIMIT = Parameter(
    name="limit", meaning=f"How many responses to list, {_MOST_RESPONSES} if absent and at most.", schema=_DIGITS
)
_OF_LIST = (
    Parameter(name="actionType", meaning="Only actions of a type."),
    Parameter(name="id", meaning="Only actions of a package, of whatever version."),
    Parameter(
        name="fromDate",
        meaning="Only what was posted since then, epoch seconds or milliseconds, and oldest first.",
        schema=_DIGITS,
    ),
    Parameter(
        name="changedSince",
        meaning="All that changed since then, epoch milliseconds, a response being a change; in the order of changes.",
        schema=_DIGITS,
    ),
    Parameter(name="count", meaning=f"How many to list, {_PAGE} if absent, at most {_MOST}.", schema=_DIGITS),
    _DETAILS,
    Parameter(name="groupScope", meaning="Kaizala's; here the responses are always all that the caller may see."),
    _CURSOR,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingApi:
    """Whoever is in a group reads its actions, newest first, or from a date on; its admins read all responses."""

    reading: Reading

    def routes(self) -> list[Route]:
        return [
            Route(
                method="GET",
                path="/v1/groups/{groupId}/actions",
                name="listActions",
                summary="List the actions of a group, with the responses to them if asked for",
                handler=self._list,
                needs="action.read",
                parameters=_OF_LIST,
                answers=wire.ActionsTold,
                errors=(Invalid, NotFound),
                tag=_TAG,
            ),
            self._route_of_one(),
            self._route_of_responses(),
        ]

    def _route_of_one(self) -> Route:
        return Route(
            method="GET",
            path="/v1/groups/{groupId}/actions/{actionId}",
            name="getAction",
            summary="Show an action, with the responses to it if asked for, or if it is a job",
            handler=self._get,
            needs="action.read",
            parameters=(_DETAILS, _LIMIT, _CURSOR),
            answers=wire.ActionAlone,
            errors=(Invalid, NotFound),
            tag=_TAG,
        )

    def _route_of_responses(self) -> Route:
        return Route(
            method="GET",
            path="/v1/groups/{groupId}/responses",
            name="listResponses",
            summary="List all responses in a group in the order in which they changed",
            handler=self._list_responses,
            needs="action.read",
            parameters=(
                Parameter(
                    name="changedSince",
                    meaning="Only what was given or replaced since then, epoch milliseconds.",
                    schema=_DIGITS,
                ),
                _LIMIT,
                _CURSOR,
            ),
            answers=ResponsesTold,
            errors=(Invalid, Forbidden, NotFound),
            tag=_TAG,
        )

    async def _list(self, call: Call) -> wire.ActionsTold:
        name = call.query.get("actionType", "").lower()
        if name in _NEVER_HERE:
            return wire.ActionsTold(actions=[], has_more=False)
        if name not in _TYPES:
            raise Invalid(f"actionType: expected one of {', '.join(ActionType)}")
        since = _number(call, "fromDate")
        page = await self.reading.actions(
            bearer(call),
            call.path["groupId"],
            query=Query(
                type=_TYPES[name],
                package=call.query.get("id", ""),
                since=since * SECOND if since is not None and since < _LAST_SECOND else since,
                changed_since=_number(call, "changedSince"),
                has_responses=_has_details(call),
                cursor=call.query.get("cursor", ""),
                most=min(_number(call, "count") or _PAGE, _MOST),
            ),
        )
        return wire.actions_told(page)

    async def _get(self, call: Call) -> wire.ActionAlone:
        seen = await self.reading.action(
            bearer(call),
            call.path["groupId"],
            action=call.path["actionId"],
            has_responses=_has_details(call),
            most=_limit(call),
            cursor=call.query.get("cursor", ""),
        )
        return wire.action_alone(seen)

    async def _list_responses(self, call: Call) -> ResponsesTold:
        page = await self.reading.responses(
            bearer(call),
            call.path["groupId"],
            most=_limit(call),
            changed_since=_number(call, "changedSince") or 0,
            cursor=call.query.get("cursor", ""),
        )
        return responses_told(page)


def _number(call: Call, name: str) -> int | None:
    # Programs that fill in a form of a query leave what they do not need empty.
    text = call.query.get(name, "")
    return int(text) if text else None


def _limit(call: Call) -> int:
    return min(_number(call, "limit") or _MOST_RESPONSES, _MOST_RESPONSES)


def _has_details(call: Call) -> bool:
    return call.query.get("getDetails", "").lower() == "true"
