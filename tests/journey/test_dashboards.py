"""From answers in a group to the charts of a dashboard, and to the kits for everybody else's."""

import asyncio
import uuid
from typing import Any

import pytest

from tests.journey.conftest import House
from tests.journey.test_tables import Shop
from tests.web.conversation import Answer, ask
from tidings.access.scope import ADMIN, TABLES_READ
from tidings.core.clock import SECOND
from tidings.core.row import Cell
from tidings.tables.reader_role import drop_reader_role


class Reader:
    """A program with a key of its own."""

    def __init__(self, house: House, key: str) -> None:
        self.house = house
        self.headers = {"authorization": f"Bearer {key}"}

    async def ask(self, line: str, *, json: object = None) -> Answer:
        return await ask(self.house.parts.settings.port, line, headers=self.headers, json=json)

    async def get(self, path: str) -> dict[str, Any]:
        answer = await self.ask(f"GET {path}")
        assert answer.status == 200, answer.body
        found: dict[str, Any] = answer.json
        return found


async def key(house: House, *scopes: str) -> Reader:
    connector = await house.parts.access.create_connector("Finance", actor="test", scopes=scopes)
    return Reader(house, await house.parts.access.create_key(connector.id, actor="test", scopes=scopes))


@pytest.fixture
async def reader(house: House) -> Reader:
    shop = await Shop(house).open()
    for number in range(5):
        await shop.order(["Market" if number % 2 else "Harbour"], number, ["Salt"], {"lt": 1.5, "lg": 2.5, "n": "Quay"})
    await shop.rows("responses_orderform", least=5)
    # New tables are seen a second later.
    await house.clock.advance(2 * SECOND)
    return await key(house, TABLES_READ)


async def test_answers_stand_in_the_charts_of_a_dashboard(reader: Reader) -> None:
    listed = await reader.get("/v1/dashboards")
    shown = await reader.get("/v1/dashboards/responses_orderform")
    one = await reader.get("/v1/dashboards/responses_orderform?question=Outlet&since=0")

    assert "responses_orderform" in [board["name"] for board in listed["dashboards"]]
    charts = {chart["name"]: chart for chart in shown["charts"]}
    assert charts["in-all"]["data"] == [{"count": 5}]
    assert charts["outlet"]["data"] == [{"value": "Harbour", "count": 3}, {"value": "Market", "count": 2}]
    assert charts["extras"]["data"] == [{"value": "Salt", "count": 5}]
    assert charts["rice_1kg"]["summary"]["sum"] == 10
    assert charts["outlet"]["spec"]["$schema"] == "https://vega.github.io/schema/vega-lite/v6.json"
    assert [chart["name"] for chart in one["charts"]] == ["outlet"]


async def test_a_chart_is_drawn_as_svg_and_png(reader: Reader) -> None:
    svg = await reader.ask("GET /v1/dashboards/responses_orderform/outlet.svg")
    png = await reader.ask("GET /v1/dashboards/responses_orderform/outlet.png?since=0")

    assert (svg.status, svg.headers["content-type"]) == (200, "image/svg+xml")
    assert b"Harbour" in svg.body
    assert (png.status, png.headers["content-type"], png.body[:4]) == (200, "image/png", b"\x89PNG")
    assert svg.headers["content-security-policy"] == "sandbox"


REFUSED = [
    ("GET /v1/dashboards/nothing", 404),
    ("GET /v1/dashboards/responses_orderform?question=Beans", 404),
    ("GET /v1/dashboards/responses_orderform?since=yesterday", 400),
    ("GET /v1/dashboards/responses_orderform/outlet.gif", 404),
    ("GET /v1/dashboards/responses_orderform/nothing.svg", 404),
    ("GET /v1/dashboards/responses_orderform/outlet.svg?until=x", 400),
    ("POST /v1/connect/powerbi", 403),
]


async def test_what_is_not_there_or_not_understood_is_refused(reader: Reader) -> None:
    for line, status in REFUSED:
        answer = await reader.ask(line, json={} if line.startswith("POST") else None)

        assert (line, answer.status) == (line, status)


async def test_without_the_right_to_read_tables_nothing_is_shown(house: House, reader: Reader) -> None:
    other = await key(house, "events.read")
    reader.headers = {}

    for path in ("", "/responses_orderform", "/responses_orderform/outlet.svg"):
        assert (await other.ask(f"GET /v1/dashboards{path}")).status == 403
        assert (await reader.ask(f"GET /v1/dashboards{path}")).status == 401


async def test_a_kit_s_login_reads_the_tables_until_it_is_revoked(house: House, reader: Reader) -> None:
    owner = await key(house, ADMIN)
    given = (await owner.ask("POST /v1/connect/excel", json={"name": "Finance", "table": "responses_orderform"})).json
    token = given["steps"].split("password  ")[1].split("\n")[0]
    reader.headers = {"authorization": f"Bearer {token}"}

    before = await reader.ask("GET /odata/v4/responses_orderform")
    publish = await reader.ask("POST /v1/events", json={"type": "x", "subjects": [], "data": {}})
    await house.parts.access.revoke_connector(given["connectorId"], actor="test")
    await house.clock.advance(SECOND)
    after = await reader.ask("GET /odata/v4/responses_orderform")

    assert (before.status, len(before.json["value"]), publish.status, after.status) == (200, 5, 403, 401)
    assert "tables/responses_orderform.xlsx" in given["steps"]


async def test_tools_get_what_they_can_read_where_the_tables_are(house: House, reader: Reader) -> None:
    del reader
    owner = await key(house, ADMIN)
    in_postgresql = house.parts.settings.tables_url.startswith("postgresql")

    power_bi = await owner.ask("POST /v1/connect/powerbi", json={"name": uuid.uuid4().hex})
    metabase = await owner.ask("POST /v1/connect/metabase", json={"name": uuid.uuid4().hex})
    unknown = await owner.ask("POST /v1/connect/abacus", json={})

    assert ("postgresql" in power_bi.json["files"][0]["content"]) is in_postgresql
    assert metabase.status == (200 if in_postgresql else 400)
    assert unknown.status == 404
    if not in_postgresql:
        assert "tidings tables copy --to" in metabase.json["message"]
    tables = await asyncio.to_thread(house.parts.open_tables)
    for role in filter(None, (given.json.get("role") for given in (power_bi, metabase))):
        # Roles belong to the server, and outlive a test's database.
        await asyncio.to_thread(drop_reader_role, tables.engine, role)


async def test_whoever_subscribed_hears_once_of_all_tables_that_changed(house: House, reader: Reader) -> None:
    del reader
    owner = await key(house, ADMIN, "events.read")

    async def told() -> list[dict[str, Any]]:
        answer = await owner.get("/v1/events?eventType=table.changed")
        return [event for event in answer["events"] if event["type"] == "table.changed"]

    await house.clock.advance(6 * SECOND)
    async with asyncio.timeout(60):
        while not any("responses_orderform" in event["data"]["tables"] for event in await told()):
            await house.clock.advance(SECOND)

    assert len(await told()) <= 2


async def test_table_changed_that_leads_to_a_source_of_our_own_is_not_told_of_itself(
    house: House, reader: Reader
) -> None:
    del reader
    owner = await key(house, ADMIN, "webhook.write")
    source = await house.parts.inbox.create_source("news", dialect="standard", actor="test")
    about = {"objectType": "System", "objectId": "*", "eventTypes": ["table.changed"], "secret": source.secret.reveal()}
    await owner.ask("POST /v1/webhook", json=about | {"callBackUrl": f"{house.parts.settings.base_url}receive/news"})
    tables = await asyncio.to_thread(house.parts.open_tables)

    def told() -> list[Cell]:
        tables.refresh()
        is_there = "news_table_changed" in tables.known()
        return [row["tables"] for row in tables.rows("news_table_changed")] if is_there else []

    await house.reaches(told, by=SECOND)
    # What the answers changed may be told in two; then nothing more comes of it.
    quiet, laid = 0, house.parts.inbox.laying.laid
    async with asyncio.timeout(60):
        while quiet < 10:
            await house.clock.advance(6 * SECOND)
            await asyncio.to_thread(house.parts.open_query().sheets)
            quiet = quiet + 1 if house.parts.inbox.laying.laid == laid else 0
            laid = house.parts.inbox.laying.laid

    assert 1 <= len(told()) <= 2
