"""Tabled: a door with the feeds of a few tables, on loopback."""

import contextlib
from collections.abc import AsyncIterator

import httpx

from tidings.core.clock import Clock
from tidings.dashboards.feeds import Feeds
from tidings.dashboards.odata.root import Service
from tidings.tables.query import Query
from tidings.tables.tables import Tables
from tidings.testing.clock import ManualClock
from tidings.web.door import Door, opened
from tidings.web.feeds import FeedPages
from tidings.web.login import Login
from tidings.web.odata import ODataPages
from tidings.web.server import Server
from tidings.web.tables_login import TablesLogin
from tidings.web.throttle import Throttle

KEY = ("whoever", "tdk_shop")


@contextlib.asynccontextmanager
async def tabled(
    tables: Tables, login: Login, *, throttle: Throttle | None = None, public_url: str = ""
) -> AsyncIterator[httpx.AsyncClient]:
    """A client that has a token; its base is the door's."""
    query = Query(tables.engine, clock=ManualClock())
    admitted = TablesLogin(login, throttle=throttle)
    pages = [
        *FeedPages(Feeds(lambda: query), login=admitted).pages(),
        *ODataPages(Service(lambda: query), login=admitted, public_url=public_url).pages(),
    ]
    async with (
        Server(opened(Door(routes=(), pages=pages, login=login)), clock=Clock()).listening("127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", auth=KEY) as http,
    ):
        yield http
