"""Applications register their types, and change them; the schemas count at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.web.callers import OTHER, SHOP
from tests.web.conversation import ask
from tidings.core.clock import Clock
from tidings.store.database import Database
from tidings.store.event_types import EventType, EventTypes
from tidings.testing.clock import ManualClock
from tidings.web.door import Door
from tidings.web.event_types import EventTypesApi
from tidings.web.login import Login
from tidings.web.refusal import Unprocessable
from tidings.web.schemas import LARGEST_SCHEMA, Schemas
from tidings.web.server import Server

ORDER = {
    "name": "order.created",
    "description": "An order came",
    "schema": {"properties": {"lines": {"type": "array", "items": {"required": ["sku"]}}}},
}


@pytest.fixture
def schemas(database: Database, manual_clock: ManualClock) -> Schemas:
    return Schemas(EventTypes(database), manual_clock)


@pytest.fixture
async def port(*, database: Database, schemas: Schemas, manual_clock: ManualClock, login: Login) -> AsyncIterator[int]:
    api = EventTypesApi(EventTypes(database), schemas=schemas, clock=manual_clock, reserved=["MemberAdded"])
    async with Server(Door(routes=api.routes(), pages=(), login=login), clock=Clock()).listening(
        "127.0.0.1", 0
    ) as port:
        yield port


async def test_a_registered_type_is_shown_and_its_schema_counts_at_once(port: int, schemas: Schemas) -> None:
    made = await ask(port, "POST /v1/eventTypes", headers=SHOP, json=ORDER)

    assert made.status == 200
    assert made.json == {**ORDER, "changedAt": made.json["changedAt"]}
    assert (await ask(port, "GET /v1/eventTypes/order.created", headers=SHOP)).json == made.json
    with pytest.raises(Unprocessable, match=r'data\.lines\[1\]: "sku" is a required property'):
        schemas.check("order.created", b'{"lines": [{"sku": 1}, {}]}')


async def test_a_change_leaves_what_it_does_not_name_and_null_takes_a_schema_away(port: int, schemas: Schemas) -> None:
    await ask(port, "POST /v1/eventTypes", headers=SHOP, json=ORDER)

    described = await ask(port, "PUT /v1/eventTypes/order.created", headers=SHOP, json={"description": "New"})
    assert (described.json["description"], described.json["schema"]) == ("New", ORDER["schema"])

    freed = await ask(port, "PUT /v1/eventTypes/order.created", headers=SHOP, json={"schema": None})
    assert (freed.json["description"], freed.json["schema"]) == ("New", None)
    schemas.check("order.created", b'{"lines": [{}]}')


async def test_only_who_registered_a_type_changes_it(port: int) -> None:
    await ask(port, "POST /v1/eventTypes", headers=SHOP, json=ORDER)

    assert (await ask(port, "PUT /v1/eventTypes/order.created", headers=OTHER, json={})).status == 403
    assert (await ask(port, "PUT /v1/eventTypes/unknown", headers=OTHER, json={})).status == 404


@pytest.mark.parametrize("name", ["MemberAdded", "order.created"])
async def test_a_name_that_is_taken_is_a_conflict(port: int, name: str) -> None:
    await ask(port, "POST /v1/eventTypes", headers=SHOP, json=ORDER)

    assert (await ask(port, "POST /v1/eventTypes", headers=SHOP, json={"name": name})).status == 409


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "a b"}, "name: 'a b' cannot name an event type"),
        ({"schema": {"type": "text"}}, "schema.type: is not a usable JSON Schema"),
        ({"schema": {"$ref": "http://127.0.0.1:1/schema"}}, "references to other documents are not followed"),
        ({"schema": {"pattern": "(?=a)"}}, "schema.pattern: is not a usable JSON Schema"),
        ({"schema": {"description": "a" * LARGEST_SCHEMA}}, f"send at most {LARGEST_SCHEMA}"),
    ],
)
async def test_what_cannot_be_registered_is_refused_with_the_place(
    port: int, *, change: dict[str, object], words: str
) -> None:
    answer = await ask(port, "POST /v1/eventTypes", headers=SHOP, json=ORDER | change)

    assert answer.status == 400
    assert words in answer.json["message"]


async def test_types_are_listed_in_pieces(port: int) -> None:
    for name in ("a", "b", "c"):
        await ask(port, "POST /v1/eventTypes", headers=SHOP, json={"name": name})

    first = (await ask(port, "GET /v1/eventTypes?limit=2", headers=OTHER)).json
    second = (await ask(port, f"GET /v1/eventTypes?limit=2&cursor={first['cursor']}", headers=OTHER)).json

    assert [one["name"] for one in first["eventTypes"] + second["eventTypes"]] == ["a", "b", "c"]
    assert "cursor" not in second


async def test_what_another_process_registered_counts_within_a_second(
    *, database: Database, schemas: Schemas, manual_clock: ManualClock
) -> None:
    one = EventType(name="a", description="", schema="false", connector="shop")
    async with asyncio.TaskGroup() as group:
        task = group.create_task(schemas.keep_fresh())
        await manual_clock.advance(0)
        await EventTypes(database).add(one, now=manual_clock.now())
        await manual_clock.advance(1_000)
        async with asyncio.timeout(60):
            while not _refuses(schemas, "a"):
                await Clock().sleep(0.01)
        task.cancel()


def _refuses(schemas: Schemas, name: str) -> bool:
    try:
        schemas.check(name, b"{}")
    except Unprocessable:
        return True
    return False


async def test_what_is_known_goes_on_counting_while_the_store_is_away(
    *, database: Database, schemas: Schemas, manual_clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    await EventTypes(database).add(
        EventType(name="a", description="", schema="false", connector="shop"), now=manual_clock.now()
    )
    await schemas.refresh()
    await database.close()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(schemas.keep_fresh())
        await manual_clock.advance(1_000)
        async with asyncio.timeout(60):
            while "schemas.not_refreshed" not in caplog.text:
                await Clock().sleep(0.01)
        task.cancel()

    assert _refuses(schemas, "a")
