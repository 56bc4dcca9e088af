"""A ConnectReport server reads our tables and charts, below a base URL that holds its token."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.dashboards.orders import AT, ORDERS, order
from tidings.core.cell import iso
from tidings.core.clock import Clock
from tidings.core.row import Place
from tidings.dashboards.drawing import Drawing
from tidings.dashboards.showing import Showing
from tidings.dialects.connectreport.connector import WebConnector
from tidings.dialects.connectreport.wire.connector import MOST_ROWS
from tidings.tables.pieces import Pieces
from tidings.tables.query import Query
from tidings.tables.tables import Tables, open_tables
from tidings.web.door import Door
from tidings.web.login import Login
from tidings.web.web_connector import WebConnectorPages

BASE = "https://tidings.example.com/web-connector/tdk_shop"
USER = {"username": "jsmith"}
GOODS = {"fieldDef": "orders.goods", "fieldName": "goods"}
PRICE, PAID, TIME = {"fieldDef": "orders.price"}, {"fieldDef": "orders.paid"}, {"fieldDef": "orders.at"}
ODD = ORDERS[3][2]


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    with open_tables(f"sqlite:{tmp_path / 'tables.db'}") as tables:
        tables.write([order(*cells) for cells in ORDERS])
        yield tables


@pytest.fixture
async def http(tables: Tables, login: Login) -> AsyncIterator[httpx.AsyncClient]:
    query, drawing = Query(tables.engine, clock=Clock()), Drawing(Clock())
    showing = Showing(lambda: Pieces(query))
    connector = WebConnector(lambda: query, showing=showing, drawing=drawing)
    door = Door(routes=(), pages=WebConnectorPages(connector, login=login).pages(), login=login)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url=BASE) as http:
        yield http
    await drawing.close()


async def asked(http: httpx.AsyncClient, route: str, *, status: int = 200, **options: Any) -> Any:  # noqa: ANN401 - any JSON
    answer = await http.post(f"{BASE}/{route}", json={"options": options, "user": USER})
    assert answer.status_code == status, answer.text
    return answer.json()


def texts(told: dict[str, Any]) -> list[list[str]]:
    return [[cell["text"] for cell in row] for row in told["table"]]


async def test_the_metadata_name_tables_fields_and_charts(http: httpx.AsyncClient) -> None:
    told = await asked(http, "getMetadata")

    [table] = told["tables"]
    kinds = {field["fieldDef"]: field["fieldType"] for field in table["fields"]}
    assert (table["name"], kinds["orders.goods"], kinds["orders.price"]) == ("orders", "dimension", "measure")
    assert GOODS | {"fieldType": "dimension"} in told["filterFields"]
    assert told["visualizations"] == []


async def test_rows_come_by_key_from_top_on_with_how_many_there_are(http: httpx.AsyncClient) -> None:
    told = await asked(http, "getTable", fields=[PRICE, GOODS, PAID, TIME, PRICE], height=2, top=2)

    assert texts(told) == [["", "", "", "", ""], ["0.1", ODD, "true", iso(AT + 2_000), "0.1"]]
    assert told["table"][1][0] == {"text": "0.1", "number": "0.1"}
    assert told["size"] == {"width": 5, "height": 4}
    assert texts(await asked(http, "getTable", fields=[{"fieldDef": "id"}], tableName="orders", height=0)) == []


@pytest.mark.parametrize(
    ("field", "values", "found"),
    [
        ("orders.goods", ["rice", "' OR 1=1 --"], ["a"]),
        ("orders.goods", [ODD, ""], ["b", "o'neil"]),
        ("orders.goods", [], []),
        ("orders.price", ["-3", "0.1"], ["a", "o'neil"]),
        ("orders.paid", ["true"], ["a", "o'neil"]),
        ("orders.at", [iso(AT)], ["a"]),
        ("orders.line", [str(2**53 + 1)], ["o'neil"]),
    ],
)
async def test_selections_are_filters_whatever_stands_in_them(
    http: httpx.AsyncClient, field: str, values: list[str], found: list[str]
) -> None:
    selection = {"fieldDef": field, "fieldName": "x", "fieldValues": [{"text": value} for value in values]}

    told = await asked(http, "getTable", fields=[{"fieldDef": "orders.id"}], height=10, selections=[selection])

    assert texts(told) == [[one] for one in found]
    assert told["size"]["height"] == len(found)


async def test_values_of_a_field_come_once_each_and_can_be_searched(http: httpx.AsyncClient) -> None:
    every = await asked(http, "getFieldValues", field={"fieldDef": "orders.id"})
    some = await asked(http, "getFieldValues", field={"fieldDef": "orders.id"}, top=1, height=1)
    rice = await asked(http, "getFieldValues", field=GOODS, search="RI")
    none = await asked(http, "getFieldValues", field=PRICE, search="cheap")

    assert [one["text"] for one in every["fieldValues"]] == ["a", "b", "o'neil"]
    assert (some["fieldValues"], some["size"]) == ([{"text": "b"}], {"width": 1, "height": 3})
    assert rice["fieldValues"] == [{"text": "rice"}]
    assert none == {"fieldValues": [], "size": {"width": 1, "height": 0}}


@pytest.mark.parametrize(
    "options",
    [
        {"fields": [{"fieldDef": "people.name"}], "height": 1},
        {"fields": [{"fieldDef": "orders.name"}], "height": 1},
        {"fields": [{"fieldDef": "id"}], "height": 1},
        {"fields": [GOODS], "tableName": "people", "height": 1},
        {"fields": [GOODS, {"fieldDef": "people.name"}], "height": 1},
        {"fields": [GOODS], "height": MOST_ROWS + 1},
        {"fields": [GOODS], "height": 1, "top": -1},
        {"fields": [GOODS], "height": 1, "selections": [{"fieldDef": "orders.x", "fieldValues": []}]},
        {"fields": [GOODS], "height": 1, "selections": [{"fieldDef": "orders.at", "fieldValues": ["soon"]}]},
        {"fields": [GOODS], "height": 1, "selections": [{"fieldDef": "orders.at", "fieldValues": [iso(AT) * 9]}]},
        {"fields": [], "height": 1},
    ],
)
async def test_what_cannot_be_answered_is_told_as_connectreport_understands_it(
    http: httpx.AsyncClient, options: dict[str, Any]
) -> None:
    told = await asked(http, "getTable", status=500, **options)

    assert told["disableRetry"]
    assert told["message"]


async def test_nobody_is_answered_without_a_token_that_reads_tables(http: httpx.AsyncClient) -> None:
    for token, status in (("nobody", 401), ("tdk_reader", 403)):
        answer = await http.post(f"https://tidings.example.com/web-connector/{token}/getMetadata", json={})

        assert (answer.status_code, answer.json()["disableRetry"]) == (status, True)


async def test_a_fault_of_ours_is_told_and_logged_without_the_token(
    login: Login, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Pieces:
        raise RuntimeError("the fault")

    connector = WebConnector(lambda: broken().query, showing=Showing(broken), drawing=Drawing(Clock()))
    door = Door(routes=(), pages=WebConnectorPages(connector, login=login).pages(), login=login)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url=BASE) as http:
        told = await asked(http, "getMetadata", status=500)

    assert not told["disableRetry"]
    assert "the fault" in caplog.text
    assert "tdk_shop" not in caplog.text


async def test_a_chart_is_a_page_that_tells_when_it_is_drawn(http: httpx.AsyncClient, tables: Tables) -> None:
    tables.write([order(*cells, place=Place("events", "events", "")) for cells in ORDERS])
    chart = (await asked(http, "getMetadata"))["visualizations"][0]["id"]
    query = {"vizId": chart, "width": "300", "height": "200", "selections": "[]"}

    page = await http.get(f"{BASE}/loadVisualization", params=query)

    assert (page.status_code, chart) == (200, "events/in-all"), page.text
    assert 'width="300" height="200" src="data:image/svg+xml;base64,' in page.text
    assert "completedVizLoad" in page.text
    assert "script-src 'sha256-" in page.headers["content-security-policy"]
    by_goods = json.dumps([{"fieldDef": "orders.goods", "fieldValues": [{"text": "rice"}]}])
    for wrong in ({"vizId": "events/none"}, {"width": "0"}, {"height": "99999"}, {"selections": by_goods}):
        told = await http.get(f"{BASE}/loadVisualization", params=query | wrong)
        assert (told.status_code, told.json()["disableRetry"]) == (500, True)
