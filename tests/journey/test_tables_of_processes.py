"""Servers as processes of their own: fifty answers to an order form, and every way in which others look at them."""

import asyncio
import contextlib
import csv
import io
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import requests
from odata import ODataService

from tests.cli.terminal import Terminal
from tests.dashboards.test_feeds import cells_of
from tests.journey.conftest import ADMIN as ASHA
from tests.journey.test_pull import Rows, rows_of
from tests.journey.test_tables import FORM
from tests.ports import free_port
from tests.reliability.program import Program
from tidings.access.scope import ADMIN, TABLES_READ
from tidings.app.compose import opened
from tidings.app.settings import load, variable
from tidings.core.caller import TokenKind
from tidings.core.cell import instant_of
from tidings.core.clock import SECOND, Clock
from tidings.core.signature import new_secret
from tidings.core.vault import new_key
from tidings.dashboards.changes import DEBOUNCE_S
from tidings.tables.tables import open_tables

T = TypeVar("T")

ORDERS = 50
_SOURCE = "shop"
_TABLE = "responses_orderform"
# Seconds. What a killed process had begun to lay is taken up after ten.
_SETTLES_WITHIN_S = 120.0
_CLOCK = Clock()


class Site:
    """An installation: a server, and whoever asks it with a key of their own."""

    def __init__(self, folder: Path, database: str) -> None:
        folder.mkdir()
        self.folder = folder
        self.token = new_secret().text  # of the sources, one of which is signed
        given = {
            "database": database,
            "secret_key": new_key(),
            "port": str(free_port()),
            "egress_allow": "127.0.0.1/32",
            "egress_http": "on",
            # Long enough that nothing is given up, short enough that a test sees the retries.
            "retry_schedule": ",".join(["500ms"] * 20),
        }
        self.settings = load({}, folder=folder, **given)
        self.variables = {variable(name): value for name, value in given.items()}
        self.program = Program("serve", folder=folder, settings=self.variables)
        self.keys: Mapping[str, str] = {}
        self.pull: tuple[str, ...] = ()
        self.group = self.action = ""

    async def furnish(self) -> None:
        """A source, Asha with a key of hers, an owner's key, one that reads the tables, and what a pull needs."""
        async with opened(self.settings) as parts:
            access = parts.access
            await parts.inbox.create_source(_SOURCE, dialect="kaizala", actor="test", secret=self.token)
            await parts.inbox.create_source("news", dialect="standard", actor="test", secret=self.token)
            await access.create_person(ASHA, actor="test", name="Asha Verma")
            connector = await access.create_connector(
                "Office", actor="test", scopes=(ADMIN, TABLES_READ, "webhook.write")
            )
            self.keys = {
                "owner": await access.create_key(connector.id, actor="test", scopes=(ADMIN, "webhook.write")),
                "reader": await access.create_key(connector.id, actor="test", scopes=(TABLES_READ,)),
            }
            program = await access.create_connector("Program", actor="test")
            self.keys |= {"asha": await access.create_key(program.id, actor="test", phone=ASHA)}
            token = await access.create_refresh_token(program.id, actor="test", kind=TokenKind.USER, phone=ASHA)
            named = ("--application-id", program.id, "--secret", program.secret, "--refresh-token", token.token)
            self.pull = ("--source", _SOURCE, "--remote", self.settings.base_url, *named)

    async def ask(self, line: str, json: object = None, *, who: str = "asha") -> httpx.Response:
        """The answer, whatever it is."""
        method, path = line.split(" /")
        headers = {"authorization": f"Bearer {self.keys[who]}"}
        async with httpx.AsyncClient(base_url=self.settings.base_url, headers=headers, timeout=60) as http:
            return await http.request(method, path, json=json)

    async def call(self, line: str, json: object = None, *, who: str = "asha") -> Any:  # noqa: ANN401 - any JSON
        answer = await self.ask(line, json, who=who)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def open_shop(self, *heard_by: "Site") -> None:
        """A group with an order form, whose webhooks lead to those sites."""
        await self.call("POST /v1/groups", {"name": "Site crew", "members": []})
        [found] = (await self.call("GET /v1/groups"))["groups"]
        self.group = found["groupId"]
        await self.call("POST /v1/actionPackages", FORM)
        about = {"objectId": self.group, "objectType": "Group", "eventTypes": ["ActionCreated", "ActionResponse"]}
        for site in heard_by:
            where = {"callBackUrl": f"{site.settings.base_url}receive/{_SOURCE}", "callBackToken": site.token}
            await self.call("POST /v1/webhook", about | where)
        sent = {"id": FORM["id"], "actionBody": {"title": "May"}}
        self.action = (await self.call(f"POST /v1/groups/{self.group}/actions", sent))["actionId"]

    async def order(self, number: int) -> str:
        """Answer the order form; the response's id."""
        place = {"lt": 1.5, "lg": 2.5 + number, "n": "Quay"} if number % 5 else None
        answers = [["Market" if number % 2 else "Harbour"], number, ["Salt", "Oil"][: number % 3], place]
        path = f"/v1/groups/{self.group}/actions/{self.action}/responses"
        return str((await self.call(f"POST {path}", {"actionBody": {"answers": answers}}))["responseId"])

    async def csv(self, table: str) -> list[dict[str, str]]:
        """A table's rows; none if it is not there yet."""
        answer = await self.ask(f"GET /tables/{table}.csv", who="reader")
        assert answer.status_code in {200, 404}, answer.text
        return list(csv.DictReader(io.StringIO(answer.text, newline=""))) if answer.status_code == 200 else []

    async def has(self, number: int) -> list[dict[str, str]]:
        """The orders, as soon as there are so many."""
        return await eventually(lambda: self.csv(_TABLE), until=lambda rows: len(rows) >= number)

    async def tables(self) -> dict[str, Rows]:
        """All tables."""

        def look() -> dict[str, Rows]:
            with open_tables(self.settings.tables_url) as tables:
                return {name: rows_of(tables, name) for name in tables.known()}

        return await asyncio.to_thread(look)


async def eventually(look: Callable[[], Awaitable[T]], *, until: Callable[[T], object]) -> T:
    """What is seen as soon as it is as it should be. Raises TimeoutError, showing what was seen last."""
    ends_at = _CLOCK.monotonic() + _SETTLES_WITHIN_S
    while not until(found := await look()):
        if _CLOCK.monotonic() > ends_at:
            raise TimeoutError(str(found)[:2_000])
        await _CLOCK.sleep(0.1)
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
async def make_site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Callable[[str], Awaitable[Site]]]:
    """Makes an installation by that name; no server of it runs yet."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(name: str) -> Site:
            database = f"sqlite:{tmp_path / name / 'tidings.db'}"
            if request.param == "postgresql":
                database = await asyncio.to_thread(request.getfixturevalue("new_postgresql_database"))
            site = Site(tmp_path / name, database)
            stack.push_async_callback(site.program.end)
            await site.furnish()
            return site

        yield make


async def test_fifty_orders_are_seen_in_csv_workbook_odata_and_charts_and_told_of(
    make_site: Callable[[str], Awaitable[Site]],
) -> None:
    shop = await make_site("shop")
    await shop.program.start()
    news = {"objectType": "System", "objectId": "tables", "eventTypes": ["table.changed"], "secret": shop.token}
    await shop.call("POST /v1/webhook", news | {"callBackUrl": f"{shop.settings.base_url}receive/news"}, who="owner")
    await shop.open_shop(shop)
    responses = {await shop.order(number) for number in range(ORDERS)}

    rows = await shop.has(ORDERS)
    workbook = await shop.ask(f"GET /tables/{_TABLE}.xlsx", who="reader")
    entities = await asyncio.to_thread(_entities, shop)
    board = await shop.call(f"GET /v1/dashboards/{_TABLE}", who="reader")
    told = await eventually(lambda: shop.csv("news_table_changed"), until=lambda rows: _TABLE in str(rows))

    assert {row["response_id"] for row in rows} == responses
    assert sum(float(row["rice_1kg"]) for row in rows) == sum(range(ORDERS))
    assert len(cells_of(workbook.content)) == 1 + ORDERS
    assert {one.response_id: one.rice_1kg for one in entities} == {
        row["response_id"]: float(row["rice_1kg"]) for row in rows
    }
    charts = {chart["name"]: chart for chart in board["charts"]}
    assert charts["in-all"]["data"] == [{"count": ORDERS}]
    assert charts["outlet"]["data"] == [{"value": "Harbour", "count": 25}, {"value": "Market", "count": 25}]
    assert charts["outlet"]["spec"]["$schema"] == "https://vega.github.io/schema/vega-lite/v6.json"
    times = sorted(_at(row) for row in told)
    # What is waited by one clock is told by another.
    assert all(later - earlier > (DEBOUNCE_S - 1) * SECOND for earlier, later in itertools.pairwise(times))
    shop.program.tell_to_stop()
    assert await shop.program.stopped() == 0


async def test_a_receiver_killed_half_way_and_one_who_pulls_have_the_rows_of_an_undisturbed_one(
    make_site: Callable[[str], Awaitable[Site]],
) -> None:
    shop, killed, puller = [await make_site(name) for name in ("shop", "killed", "puller")]
    await asyncio.gather(shop.program.start(), killed.program.start())
    await shop.open_shop(shop, killed)

    for number in range(ORDERS // 2):
        await shop.order(number)
    await killed.has(1)
    await asyncio.gather(*(shop.order(ORDERS // 2 + number) for number in range(5)), killed.program.kill())
    for number in range(5):
        await shop.order(ORDERS // 2 + 5 + number)
    await killed.program.start()
    for number in range(ORDERS // 2 + 10, ORDERS):
        await shop.order(number)
    await shop.has(ORDERS)
    await killed.has(ORDERS)
    expected = await eventually(shop.tables, until=lambda tables: len(tables["events"]) == 1 + ORDERS)
    terminal = Terminal(folder=puller.folder, settings=puller.variables)
    await asyncio.to_thread(terminal.says, "pull", "create", *shop.pull, "--group", shop.group)
    said = await asyncio.to_thread(terminal.says, "pull", "run", _SOURCE)

    assert len(expected[_TABLE]) == ORDERS
    assert await eventually(killed.tables, until=lambda tables: tables == expected) == expected
    assert said.endswith(" receipts were fetched")
    pulled = await puller.tables()
    # Who is in the group, and what it is called, was told by nobody.
    assert pulled.keys() - expected.keys() == {"member_changes", "members", "group_changes", "groups"}
    pulled["events"] = [one for one in pulled["events"] if one["type"] not in {"MemberAdded", "GroupAdded"}]
    assert {name: pulled[name] for name in expected} == expected


def _entities(site: Site) -> list[Any]:
    """The orders as somebody else's OData client reads them."""
    with requests.Session() as session:
        session.auth = ("whoever", site.keys["reader"])
        service = ODataService(
            f"{site.settings.base_url}odata/v4/", session=session, reflect_entities=True, quiet_progress=True
        )
        return list(service.query(service.entities[_TABLE]))


def _at(row: Mapping[str, str]) -> int:
    at = instant_of(row["at"])
    assert at is not None
    return at
