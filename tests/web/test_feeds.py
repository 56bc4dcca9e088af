"""Tables as files, over a real socket."""

import base64
import csv
import io
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from tests.dashboards.orders import AT, COLUMNS, ORDERS, order
from tests.web.tabled import tabled
from tidings.core.row import Place
from tidings.dashboards.feeds import CONTENT_TYPES, Format
from tidings.tables.tables import Tables, open_tables
from tidings.testing.clock import ManualClock
from tidings.web.login import Login
from tidings.web.throttle import Throttle


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    with open_tables(f"sqlite:{tmp_path / 'tables.db'}") as tables:
        tables.write([order(*cells) for cells in ORDERS])
        yield tables


@pytest.fixture
async def http(tables: Tables, login: Login) -> AsyncIterator[httpx.AsyncClient]:
    async with tabled(tables, login) as http:
        yield http


def basic(text: bytes) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(text).decode()}"}


async def test_the_list_tells_tables_columns_and_what_they_mean(http: httpx.AsyncClient) -> None:
    [table] = (await http.get("/tables")).json()["tables"]

    assert (table["name"], table["time"]) == ("orders", "at")
    assert [(column["name"], column["type"]) for column in table["columns"]] == list(COLUMNS.items())
    assert table["columns"][0] == {"name": "id", "type": "text", "isKey": True, "comment": "The id, & more."}


async def test_the_list_goes_on_after_its_cursor(http: httpx.AsyncClient, tables: Tables) -> None:
    tables.write([order("x", 1, None, None, None, None, place=Place("places", "places", ""))])

    first = (await http.get("/tables", params={"limit": 1})).json()
    rest = (await http.get("/tables", params={"limit": 1, "cursor": "orders"})).json()

    assert ([table["name"] for table in first["tables"]], first["cursor"]) == (["orders"], "orders")
    assert ([table["name"] for table in rest["tables"]], rest.get("cursor")) == (["places"], None)
    for limit in ("0", "501", "-1", "x"):
        assert (await http.get("/tables", params={"limit": limit})).status_code == 400


@pytest.mark.parametrize("wanted", Format)
async def test_a_table_comes_in_every_format_under_its_name(http: httpx.AsyncClient, wanted: Format) -> None:
    answer = await http.get(f"/tables/orders.{wanted}")
    head = await http.head(f"/tables/orders.{wanted}")

    assert answer.status_code == head.status_code == 200
    for one in (answer, head):
        assert one.headers["content-type"] == CONTENT_TYPES[wanted]
        assert one.headers["content-disposition"] == f'attachment; filename="orders.{wanted}"'
        assert one.headers["x-content-type-options"] == "nosniff"
        assert one.headers["cache-control"] == "no-store"
    assert answer.content
    assert head.content == b""


async def test_what_is_wished_for_stands_in_the_query(http: httpx.AsyncClient) -> None:
    wish = {"columns": "goods, id", "since": "2024-01-15T11:30:46.678+01:00", "until": str(AT + 1_001), "raw": "true"}

    answer = await http.get("/tables/orders.csv", params=wish)

    assert list(csv.reader(io.StringIO(answer.text))) == [["goods", "id"], [ORDERS[1][2], "a"]]
    assert (await http.get("/tables/orders.ndjson", params={"limit": 1})).text.count("\n") == 1


@pytest.mark.parametrize(
    "wish",
    [
        {"columns": "id,other"},
        {"columns": 'id"; drop table orders'},
        {"columns": "*"},
        {"since": "yesterday"},
        {"until": "-1"},
        {"limit": "0"},
        {"limit": "9" * 30},
        {"limit": "٣"},
        {"raw": "maybe"},
        {"columns": "\x00"},
    ],
)
async def test_a_wish_that_cannot_be_is_refused(http: httpx.AsyncClient, wish: Mapping[str, str]) -> None:
    answer = await http.get("/tables/orders.csv", params=wish)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "InvalidParameters")


@pytest.mark.parametrize(
    "path",
    [
        "other.csv",
        "orders",
        "orders.exe",
        "orders.csv.csv",
        "tidings_table.csv",
        ".csv",
        "..%2Forders.csv",
        "orders.CSV",
    ],
)
async def test_what_is_not_there_is_not_found(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(f"/tables/{path}")).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer tdk_shop"},
        {"accessToken": "tdk_shop"},
        basic(b"anybody:tdk_shop"),
        basic(b":tdk_shop"),
        {"authorization": basic(b"x:tdk_shop")["authorization"].replace("Basic", "bAsIc")},
    ],
)
async def test_a_token_opens_in_every_form_that_programs_have(
    http: httpx.AsyncClient, headers: Mapping[str, str]
) -> None:
    for path in ("/tables", "/tables/orders.csv", "/odata/v4/", "/odata/v4/orders"):
        assert (await http.get(path, headers=headers, auth=None)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic(b"tdk_shop:wrong"),
        basic(b"tdk_shop"),
        basic(b"x:"),
        basic(b"x:\xff\xfe"),
        {"authorization": "Basic !!!"},
        {"authorization": "Basic"},
        {"authorization": "Digest tdk_shop"},
        {"authorization": "Bearer nobody"},
    ],
)
async def test_whoever_has_none_is_asked_for_a_password(http: httpx.AsyncClient, headers: Mapping[str, str]) -> None:
    for path in ("/tables", "/tables/orders.csv", "/odata/v4/$metadata", "/odata/v4/other"):
        answer = await http.get(path, headers=headers, auth=None)

        assert answer.status_code == 401
        challenges = answer.headers.get_list("www-authenticate")
        assert challenges == ['Basic realm="Tidings tables", charset="UTF-8"', "Bearer"]
        assert "orders" not in answer.text


async def test_a_token_for_something_else_does_not_open(http: httpx.AsyncClient) -> None:
    for path in ("/tables", "/tables/orders.csv", "/odata/v4/orders"):
        answer = await http.get(path, auth=("x", "tdk_reader"))

        assert answer.status_code == 403
        assert "tables.read" in answer.text


async def test_reading_counts_as_calls_of_the_connector(tables: Tables, login: Login) -> None:
    async with tabled(tables, login, throttle=Throttle(ManualClock(), per_connector=2)) as http:
        answers = [await http.get(path) for path in ("/tables", "/tables/orders.csv", "/odata/v4/")]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "retry-after" in answers[2].headers
