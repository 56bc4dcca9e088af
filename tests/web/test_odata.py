"""The OData feed over a real socket, and as somebody else's client reads it."""

import asyncio
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from odata import ODataService

from tests.dashboards.orders import AT, COLUMNS, ORDERS, order
from tests.web.tabled import KEY, tabled
from tidings.core.row import Cell
from tidings.dashboards.moment import moment_text
from tidings.tables.tables import Tables, open_tables
from tidings.web.login import Login

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
ROOT = "/odata/v4/"


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    with open_tables(f"sqlite:{tmp_path / 'tables.db'}") as tables:
        tables.write([order(*cells) for cells in ORDERS])
        yield tables


@pytest.fixture
async def http(tables: Tables, login: Login) -> AsyncIterator[httpx.AsyncClient]:
    async with tabled(tables, login) as http:
        yield http


def entity(cells: tuple[Cell, ...]) -> dict[str, Cell]:
    row = dict(zip(COLUMNS, cells, strict=True))
    return row | {"at": moment_text(int(row["at"])) if row["at"] is not None else None}


async def ask(http: httpx.AsyncClient, path: str = "orders", **options: str) -> Any:  # noqa: ANN401 - any JSON
    answer = await http.get(ROOT + path, params={f"${name}": value for name, value in options.items()})
    assert answer.status_code == 200, answer.text
    assert answer.headers["odata-version"] == "4.0"
    return answer.json()


async def test_the_service_document_lists_the_tables(http: httpx.AsyncClient) -> None:
    told = await ask(http, "")

    assert told["@odata.context"] == f"{http.base_url}/odata/v4/$metadata"
    assert told["value"] == [{"name": "orders", "kind": "EntitySet", "url": "orders"}]
    assert (await http.get("/odata/v4")).json() == told


async def test_the_metadata_tells_types_keys_and_meanings(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"{ROOT}$metadata")
    root = ET.fromstring(answer.content)  # noqa: S314 - our own

    assert answer.headers["content-type"] == "application/xml"
    [kind] = root.iter(f"{EDM}EntityType")
    assert [ref.get("Name") for ref in kind.iter(f"{EDM}PropertyRef")] == ["id", "line"]
    assert {one.get("Name"): one.get("Type") for one in kind.iter(f"{EDM}Property")} == {
        "id": "Edm.String",
        "line": "Edm.Int64",
        "goods": "Edm.String",
        "price": "Edm.Double",
        "paid": "Edm.Boolean",
        "at": "Edm.DateTimeOffset",
    }
    told = [one.get("String") for one in kind.findall(f"{EDM}Annotation")]
    assert told == ['What was <ordered> & "paid". ']
    [entity_set] = root.iter(f"{EDM}EntitySet")
    assert (entity_set.get("Name"), entity_set.get("EntityType")) == ("orders", "Tidings.orders")


async def test_an_entity_set_holds_every_value_as_it_is(http: httpx.AsyncClient) -> None:
    told = await ask(http)

    assert told == {
        "@odata.context": f"{http.base_url}/odata/v4/$metadata#orders",
        "value": [entity(cells) for cells in ORDERS],
    }


async def test_columns_rows_and_order_can_be_chosen(http: httpx.AsyncClient) -> None:
    told = await ask(http, select="line, id", orderby="price desc,id", top="2", skip="1", count="true")

    assert told["@odata.context"].endswith("$metadata#orders(line,id)")
    assert told["@odata.count"] == 4
    assert told["value"] == [{"line": 2**53 + 1, "id": "o'neil"}, {"line": 2, "id": "a"}]
    assert "@odata.nextLink" not in told
    assert (await ask(http, top="0", count="true"))["value"] == []
    assert len((await ask(http, top="9" * 15))["value"]) == 4


async def test_rows_can_be_filtered(http: httpx.AsyncClient) -> None:
    async def found(wanted: str) -> list[str]:
        told = await ask(http, filter=wanted, count="true")
        assert told["@odata.count"] == len(told["value"])
        assert (await http.get(f"{ROOT}orders/$count", params={"$filter": wanted})).text == str(len(told["value"]))
        return [f"{one['id']}{one['line']}" for one in told["value"]]

    assert await found("contains(goods,'ic') and price gt 5") == ["a1"]
    assert await found(f"at ge {moment_text(AT + 1_000)} and not (paid eq false)") == [f"o'neil{2**53 + 1}"]
    assert await found("id eq 'o''neil' or goods eq null") == ["b1", f"o'neil{2**53 + 1}"]
    assert await found("line in (1,2) and year(at) eq 2024 and date(at) eq 2024-01-15") == ["a1", "a2"]
    assert await found("goods eq '' or 1 eq 2") == []


async def test_pages_follow_one_another_until_the_end(http: httpx.AsyncClient) -> None:
    seen: list[str] = []
    url = str(http.base_url) + ROOT + "orders?$orderby=price desc&$count=true&$select=id,line&other=1&$skip=1"
    pages = []
    while url:
        answer = await http.get(url, headers={"prefer": "odata.maxpagesize=1"})
        pages.append(answer.json())
        assert answer.headers["preference-applied"] == "odata.maxpagesize=1"
        seen += [one["id"] for one in pages[-1]["value"]]
        url = pages[-1].get("@odata.nextLink", "")

    assert seen == ["o'neil", "a", "b"]
    assert [page.get("@odata.count") for page in pages] == [4, None, None]
    limited = (await http.get(f"{ROOT}orders?$top=2", headers={"prefer": "maxpagesize=1"})).json()
    second = (await http.get(limited["@odata.nextLink"], headers={"prefer": "maxpagesize=1"})).json()
    assert "$top=1&" in limited["@odata.nextLink"]
    assert "@odata.nextLink" not in second


async def test_a_link_begins_as_the_outside_reaches_us(tables: Tables, login: Login) -> None:
    async with tabled(tables, login, public_url="https://news.example.com/") as http:
        page = (await http.get(f"{ROOT}orders", headers={"prefer": "odata.maxpagesize=1"})).json()

    assert page["@odata.nextLink"].startswith("https://news.example.com/odata/v4/orders?$skiptoken=")


async def test_one_entity_is_found_by_its_key_in_any_order(http: httpx.AsyncClient) -> None:
    for key in ("(id='a',line=2)", "(line=2, id='a')"):
        told = await ask(http, f"orders{key}")

        assert told == {"@odata.context": f"{http.base_url}/odata/v4/$metadata#orders/$entity"} | entity(ORDERS[1])
    strange = await ask(http, "orders(id='o%27%27neil',line=9007199254740993)", select="id")
    assert strange["id"] == "o'neil"
    assert (await http.get(f"{ROOT}orders(id='a',line=7)")).status_code == 404


async def test_no_more_than_the_data_comes_when_that_is_wished(http: httpx.AsyncClient) -> None:
    bare = {"accept": "application/json;odata.metadata=none"}

    answer = await http.get(f"{ROOT}orders?$top=1&$format=json", headers=bare)

    assert answer.json() == {"value": [entity(ORDERS[0])]}
    assert "odata.metadata=none" in answer.headers["content-type"]


@pytest.mark.parametrize(
    "options",
    [
        {"$filter": "goods eq 'a' or 1=1 --"},
        {"$filter": "goods eq 'a'; drop table orders"},
        {"$filter": "(" * 3_000},
        {"$filter": "not " * 1_900},
        {"$filter": "paid or " * 2_000},
        {"$filter": "tidings_version eq 1"},
        {"$filter": "price gt 1e999"},
        {"$filter": "at gt 99999-01-01T00:00:00Z"},
        {"$orderby": "id; drop table orders"},
        {"$orderby": "other"},
        {"$orderby": "id up"},
        {"$orderby": "id asc desc"},
        {"$orderby": ","},
        {"$select": "id,tidings_version"},
        {"$select": ""},
        {"$top": "-1"},
        {"$top": "1e3"},
        {"$top": "9" * 16},
        {"$skip": "x"},
        {"$skip": "٣"},
        {"$count": "1"},
        {"$format": "xml"},
        {"$expand": "*"},
        {"$search": "x"},
        {"$apply": "aggregate($count as n)"},
        {"$top": ["1", "2"]},
        {"@p": "1"},
        {"$skiptoken": "x"},
        {"$skiptoken": "é"},
        {"$skiptoken": "WzFd"},
        {"$skiptoken": "WyJhIiwiMSJd"},
        {"$skiptoken": "WyJhIix0cnVlXQ"},
        {"$skiptoken": "WyJhIixudWxsXQ"},
        {"$skiptoken": "WyJhXHUwMDAwIiwxXQ"},
        {"$skiptoken": "WyJhIiw5OTk5OTk5OTk5OTk5OTk5OTk5OTldXQ"},
        {"$skiptoken": "W1tbW1tbW1tbW1tb" * 400},
    ],
)
async def test_whatever_is_not_understood_is_refused_as_odata_refuses(
    http: httpx.AsyncClient, options: Mapping[str, str]
) -> None:
    answer = await http.get(f"{ROOT}orders", params=options)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidParameters")
    assert answer.headers["odata-version"] == "4.0"
    assert "SELECT" not in answer.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("other", 404),
        ("tidings_table", 404),
        ("sqlite_master", 404),
        ("$batch", 404),
        ("orders/goods", 404),
        ("orders;drop", 404),
        ("orders(id='a',line=1)/goods", 404),
        ("orders(id='a',line=1)/$count", 404),
        ("orders('a')", 400),
        ("orders()", 400),
        ("orders(id='a')", 400),
        ("orders(id='a',id='a')", 400),
        ("orders(id='a',line=1,goods='rice')", 400),
        ("orders(id='a',line='1')", 400),
        ("orders(id='a',line=null)", 400),
        ("orders(id='a',line=99999999999999999999)", 400),
        ("orders(id='a' or 1 eq 1,line=1)", 400),
        ("orders(id='a',line=1)x)", 400),
        ("orders?$filter=goods", 400),
        ("orders/$count?$top=1", 400),
        ("$metadata?$format=json", 200),
    ],
)
async def test_what_is_not_there_is_told_as_odata_tells_it(http: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await http.get(ROOT + path)

    assert answer.status_code == status
    assert status == 200 or answer.json()["error"]["message"]


async def test_what_is_refused_at_the_door_is_told_as_odata_tells_it(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"{ROOT}orders", auth=None)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "Unauthenticated")
    assert (await http.post(f"{ROOT}orders", json={})).status_code == 405
    assert (await http.get(f"{ROOT}orders", headers={"prefer": "odata.maxpagesize=0"})).status_code == 400


async def test_somebody_elses_client_reads_the_feed(http: httpx.AsyncClient, tables: Tables) -> None:
    tables.write([order(f"k{number:05}", 1, "rice", 1.0, None, AT + number) for number in range(11_000)])

    def read() -> tuple[Any, ...]:
        with requests.Session() as session:
            session.auth = KEY
            service = ODataService(
                str(http.base_url) + ROOT, session=session, reflect_entities=True, quiet_progress=True
            )
            kind = service.entities["orders"]
            query = service.query(kind)
            everything = list(query)
            chosen = query.filter((kind.goods == "rice") & (kind.paid == True)).order_by(kind.id.desc()).all()  # noqa: E712
            holding = query.filter(kind.goods.contains("🍚")).limit(1).first()
            one = query.get(id="a", line=1)
            return everything, chosen, holding, one, query.filter(kind.goods == None).count()  # noqa: E711 - its way

    everything, chosen, holding, one, empty = await asyncio.to_thread(read)

    assert len(everything) == 11_000 + len(ORDERS)
    assert len({(each.id, each.line) for each in everything}) == len(everything)
    assert [(each.id, each.price, each.paid) for each in chosen] == [("a", 10.5, True)]
    assert holding.id == "o'neil"
    assert (one.id, one.line, round(one.at.timestamp() * 1_000)) == ("a", 1, AT)
    assert empty == 1
