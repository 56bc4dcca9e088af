"""Event types over HTTP: applications register what they will publish, and how its data looks."""

from collections.abc import Collection, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Forbidden, Invalid
from tidings.core.pattern import check_type
from tidings.core.route import Call, Route
from tidings.store.event_types import EventType, EventTypes
from tidings.web.cursor import LIST_PARAMETERS, limit_of
from tidings.web.login import caller_of
from tidings.web.schemas import LARGEST_SCHEMA, Schemas, usable
from tidings.workspace.rights import rules_all

_NAME = "name"
_NULL = b"null"
Schema = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": ["object", "boolean", "null"]})]
Description = Annotated[str, msgspec.Meta(max_length=2_000)]


class TypeOrder(msgspec.Struct):
    """A type to register. `schema` is the JSON Schema that the data of its events must follow; null for none."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=128, examples=["order.created"])]
    description: Description = ""
    schema: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(_NULL))


class TypeChange(msgspec.Struct):
    """What to change of a type; what is left out stays as it is, and a `schema` of null is taken away."""

    description: Description | UnsetType = UNSET
    schema: Schema | UnsetType = UNSET


class TypeShown(msgspec.Struct, rename="camel"):
    """A registered type."""

    name: str
    description: str
    schema: Schema
    changed_at: int


class TypesShown(msgspec.Struct, rename="camel"):
    """Registered types by name; with a `cursor` if there may be more."""

    event_types: list[TypeShown]
    cursor: str | UnsetType = UNSET


class EventTypesApi:
    """Serves the types that are kept; `reserved` names belong to the sources and to ourselves."""

    def __init__(self, types: EventTypes, *, schemas: Schemas, clock: Clock, reserved: Collection[str] = ()) -> None:
        self._types = types
        self._schemas = schemas
        self._clock = clock
        self._reserved = frozenset(reserved)

    def routes(self) -> Sequence[Route]:
        return [
            _route(
                "POST",
                "/v1/eventTypes",
                name="registerEventType",
                summary="Register an event type, with a schema that its events are checked against",
                handler=self._register,
                needs="publish",
                body=TypeOrder,
                answers=TypeShown,
                errors=(Conflict,),
            ),
            *self._routes_of_one(),
            _route(
                "GET",
                "/v1/eventTypes",
                name="listEventTypes",
                summary="List the registered event types by name",
                handler=self._list,
                needs="events.read",
                answers=TypesShown,
                parameters=LIST_PARAMETERS,
            ),
        ]

    def _routes_of_one(self) -> Sequence[Route]:
        return [
            _route(
                "PUT",
                "/v1/eventTypes/{name}",
                name="changeEventType",
                summary="Change an event type that you registered",
                handler=self._change,
                needs="publish",
                body=TypeChange,
                answers=TypeShown,
            ),
            _route(
                "GET",
                "/v1/eventTypes/{name}",
                name="getEventType",
                summary="Show a registered event type",
                handler=self._get,
                needs="events.read",
                answers=TypeShown,
            ),
        ]

    async def _register(self, call: Call) -> TypeShown:
        order: TypeOrder = call.body
        name = check_type(order.name, place=_NAME)
        if name in self._reserved:
            raise Conflict(f"{name} is an event of Tidings' own; choose another name")
        kept = EventType(
            name=name,
            description=order.description,
            schema=_schema(order.schema),
            connector=caller_of(call).connector,
        )
        await self._types.add(kept, now=self._clock.now())
        return await self._shown(name)

    async def _change(self, call: Call) -> TypeShown:
        change: TypeChange = call.body
        kept = await self._types.get(call.path[_NAME])
        caller = caller_of(call)
        if caller.connector != kept.connector and not rules_all(caller):
            raise Forbidden(f"the event type {kept.name} was registered by another program, which alone may change it")
        if change.description is not UNSET:
            kept = msgspec.structs.replace(kept, description=change.description)
        if change.schema is not UNSET:
            kept = msgspec.structs.replace(kept, schema=_schema(change.schema))
        await self._types.change(kept, now=self._clock.now())
        return await self._shown(kept.name)

    async def _get(self, call: Call) -> TypeShown:
        return _told(await self._types.get(call.path[_NAME]))

    async def _list(self, call: Call) -> TypesShown:
        limit = limit_of(call)
        found = await self._types.page(after=call.query.get("cursor", ""), most=limit)
        return TypesShown(
            event_types=[_told(one) for one in found], cursor=found[-1].name if len(found) == limit else UNSET
        )

    async def _shown(self, name: str) -> TypeShown:
        # Whoever was answered may publish at once, and is checked by what was just registered.
        await self._schemas.refresh()
        return _told(await self._types.get(name))


def _route(method: str, path: str, **rest: Any) -> Route:  # noqa: ANN401 - the fields of a Route
    return Route(method=method, path=path, tag="Event types", **rest)


def _schema(raw: msgspec.Raw) -> str:
    text = bytes(raw)
    if text == _NULL:
        return ""
    if len(text) > LARGEST_SCHEMA:
        raise Invalid(f"schema: has {len(text)} bytes; send at most {LARGEST_SCHEMA}")
    usable(msgspec.json.decode(text))
    return text.decode()


def _told(kept: EventType) -> TypeShown:
    return TypeShown(
        name=kept.name,
        description=kept.description,
        schema=msgspec.Raw(kept.schema.encode() or _NULL),
        changed_at=kept.changed_at,
    )
