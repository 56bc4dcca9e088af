"""Tables with a few orders in them, on one engine: that all behave alike is what tests/tables shows. And an office."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.dashboards.office import REAL, Office, OpenOffice
from tests.dashboards.orders import ORDERS, order
from tidings.app.compose import opened, running
from tidings.app.settings import Settings, load
from tidings.core.vault import new_key
from tidings.tables.query import Query
from tidings.tables.tables import Tables, open_tables
from tidings.testing.authority import Authority
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import Endpoint


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    with open_tables(f"sqlite:{tmp_path / 'tables.db'}") as tables:
        tables.write([order(*cells) for cells in ORDERS])
        yield tables


@pytest.fixture
def query(tables: Tables) -> Query:
    return Query(tables.engine, clock=ManualClock())


@pytest.fixture
async def open_office(database_url: str, tmp_path: Path) -> AsyncIterator[OpenOffice]:
    """Opens an office; the second one is a restart."""
    clock, authority = ManualClock(REAL.now()), Authority(tmp_path)
    allowed = {"egress_allow": "127.0.0.1/32", "egress_ca": str(authority.ca_file)}
    settings: Settings = load({}, folder=tmp_path, database=database_url, secret_key=new_key(), **allowed)
    async with Endpoint(tls=authority.issue("127.0.0.1").server_context()) as endpoint:

        @contextlib.asynccontextmanager
        async def make(*, is_at_work: bool = False) -> AsyncIterator[Office]:
            async with (
                opened(settings, clock=clock) as parts,
                running(parts) if is_at_work else parts.hub.running(),
            ):
                yield Office(parts, endpoint, clock)

        yield make


@pytest.fixture
async def office(open_office: OpenOffice) -> AsyncIterator[Office]:
    """With a table of words already, and a sink of it."""
    async with open_office() as office:
        await office.inbox.create_source("box", dialect="words", actor="test")
        await office.tell({"word": "first", "count": 0})
        await office.passing.create("list", to=office.endpoint.url, table="words", actor="test", token="sesame")
        yield office
