"""The calls about the subscribers of a ConnectGroup."""

from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from tidings.core.errors import Forbidden, Invalid, NotFound
from tidings.core.route import Call, Parameter, Route
from tidings.dialects.kaizala.api.bearer import bearer
from tidings.dialects.kaizala.wire import subscriber as wire
from tidings.dialects.kaizala.wire.lenient import body_of, read
from tidings.workspace.subscribers import LARGEST_PAGE, Subscribers

_ERRORS = (Invalid, Forbidden, NotFound)
_PAGE = (
    Parameter(
        name="count",
        meaning=f"How many to list, {LARGEST_PAGE} if absent.",
        schema={"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE},
    ),
    Parameter(name="cursor", meaning="Where the former list ended."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberApi:
    """The documentation gets the list by POST, programs that are in use by GET."""

    subscribers: Subscribers

    def routes(self) -> list[Route]:
        return [*self._changing_routes(), *self._listing_routes()]

    def _changing_routes(self) -> list[Route]:
        return [
            _route(
                "PUT",
                "/add",
                name="addSubscribers",
                summary="Add subscribers by phone number",
                handler=self._add,
                needs="groupmember.write",
                body=body_of(wire.ChosenSubscribers),
                answers=wire.AllAdded,
            ),
            _route(
                "PUT",
                "/remove",
                name="removeSubscribers",
                summary="Remove subscribers by phone number",
                handler=self._remove,
                needs="groupmember.remove",
                body=body_of(wire.ChosenSubscribers),
                answers=wire.AllRemoved,
            ),
        ]

    def _listing_routes(self) -> list[Route]:
        return [
            _route(
                "POST",
                name="readSubscribers",
                summary="List the subscribers of a group, asking in the body",
                handler=self._read,
                needs="groupmember.read",
                body=body_of(wire.PageWanted),
                answers=wire.SubscribersTold,
            ),
            _route(
                "GET",
                name="listSubscribers",
                summary="List the subscribers of a group",
                handler=self._list,
                needs="groupmember.read",
                answers=wire.SubscribersTold,
                parameters=_PAGE,
            ),
        ]

    async def _add(self, call: Call) -> wire.AllAdded:
        phones = wire.phones_of(read(wire.ChosenSubscribers, call.body).subscribers)
        return wire.added_of(await self.subscribers.add(bearer(call), call.path["groupId"], phones=phones))

    async def _remove(self, call: Call) -> wire.AllRemoved:
        phones = wire.phones_of(read(wire.ChosenSubscribers, call.body).subscribers)
        return wire.removed_of(await self.subscribers.remove(bearer(call), call.path["groupId"], phones=phones))

    async def _read(self, call: Call) -> wire.SubscribersTold:
        asked = read(wire.PageWanted, call.body)
        count = LARGEST_PAGE if asked.count is None else int(float(asked.count))
        if not 0 < count <= LARGEST_PAGE:
            raise Invalid(f"count: expected 1 to {LARGEST_PAGE}")
        return await self._page(call, cursor=asked.cursor or "", count=count)

    async def _list(self, call: Call) -> wire.SubscribersTold:
        return await self._page(
            call, cursor=call.query.get("cursor", ""), count=int(call.query.get("count", LARGEST_PAGE))
        )

    async def _page(self, call: Call, *, cursor: str, count: int) -> wire.SubscribersTold:
        # One more than is shown tells whether there are more: a cursor promises them.
        found = await self.subscribers.list(bearer(call), call.path["groupId"], after=cursor, most=count + 1)
        shown = [wire.subscriber_told(one) for one in found[:count]]
        return wire.SubscribersTold(subscribers=shown, cursor=shown[-1].id if len(found) > count else UNSET)


def _route(method: str, suffix: str = "", /, **rest: Any) -> Route:  # noqa: ANN401 - the fields of a Route
    path = f"/v1/groups/{{groupId}}/subscribers{suffix}"
    return Route(method=method, path=path, errors=_ERRORS, tag="Subscribers", **rest)
