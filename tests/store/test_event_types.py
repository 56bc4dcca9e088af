"""Registered types are kept by name, and what changed is told to whoever asks."""

import pytest

from tidings.core.errors import Conflict, NotFound
from tidings.store.database import Database
from tidings.store.event_types import EventType, EventTypes


def registered(name: str, schema: str = "", *, changed_at: int = 0) -> EventType:
    return EventType(name=name, description=f"{name} happened", schema=schema, connector="shop", changed_at=changed_at)


async def test_a_type_is_kept_once(database: Database) -> None:
    types = EventTypes(database)
    await types.add(registered("order.created", "{}"), now=5)

    assert await types.get("order.created") == registered("order.created", "{}", changed_at=5)
    with pytest.raises(Conflict, match=r"order\.created' is registered already"):
        await types.add(registered("order.created"), now=6)


async def test_an_unknown_type_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound, match="there is no event type 'none'"):
        await EventTypes(database).get("none")


async def test_types_are_listed_by_name_from_one_on(database: Database) -> None:
    types = EventTypes(database)
    for name in ("c", "a", "b"):
        await types.add(registered(name), now=1)

    assert [one.name for one in await types.page(after="", most=2)] == ["a", "b"]
    assert [one.name for one in await types.page(after="b", most=2)] == ["c"]


async def test_what_changed_is_told_in_order_even_if_a_clock_goes_back(database: Database) -> None:
    types = EventTypes(database)
    await types.add(registered("a"), now=100)
    await types.add(registered("b"), now=100)
    await types.change(registered("a", "true"), now=7)

    found = [(one.name, one.schema, one.changed_at) for one in await types.changed(since=101, most=10)]
    assert found == [("b", "", 101), ("a", "true", 102)]
