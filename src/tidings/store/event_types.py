"""Event types: what applications registered, each with a description and, if it has one, a JSON Schema of its data."""

import msgspec

from tidings.core.errors import Conflict, NotFound
from tidings.store.database import Database, Statement, Value


class EventType(msgspec.Struct, frozen=True, kw_only=True):
    """A registered type. `schema` is JSON, empty for none; `connector` is who registered it."""

    name: str
    description: str
    schema: str
    connector: str
    changed_at: int = 0


class EventTypes:
    """Keeps registered types."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, event_type: EventType, *, now: int) -> None:
        """Register a type. Raises Conflict if the name is taken."""
        taken = Conflict(f"the event type {event_type.name!r} is registered already; change it with PUT")
        values: dict[str, Value] = {
            "name": event_type.name,
            "description": event_type.description,
            "schema": event_type.schema,
            "connector": event_type.connector,
            "now": now,
        }
        await self._database.write(Statement("event_type_added", values, taken))

    async def change(self, event_type: EventType, *, now: int) -> None:
        """Describe a registered type anew."""
        values: dict[str, Value] = {
            "name": event_type.name,
            "description": event_type.description,
            "schema": event_type.schema,
            "now": now,
        }
        await self._database.write(Statement("event_type_changed", values))

    async def get(self, name: str) -> EventType:
        """A registered type. Raises NotFound."""
        rows = await self._database.read(EventType, "event_type", name=name)
        if not rows:
            raise NotFound(f"there is no event type {name!r}; register it with POST /v1/eventTypes")
        return rows[0]

    async def page(self, *, after: str, most: int) -> list[EventType]:
        """Registered types by name, from that name on, exclusive."""
        return await self._database.read(EventType, "event_types", after=after, most=most)

    async def changed(self, *, since: int, most: int) -> list[EventType]:
        """What changed since that instant, and at it, oldest change first."""
        return await self._database.read(EventType, "event_types_changed", since=since, most=most)
