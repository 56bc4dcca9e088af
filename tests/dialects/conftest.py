"""A whole installation on SQLite behind its HTTP door, with a connector and an endpoint over TLS."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.dialects.installation import Installation
from tidings.app.compose import opened, running
from tidings.app.front import front
from tidings.app.settings import load
from tidings.tables.tables import Tables, open_tables
from tidings.testing.authority import Authority
from tidings.testing.endpoint import Endpoint


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    """Tables in a SQLite of the test's own."""
    with open_tables(f"sqlite:{tmp_path / 'tables.db'}") as tables:
        yield tables


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def endpoint(authority: Authority) -> AsyncIterator[Endpoint]:
    async with Endpoint(tls=authority.issue("127.0.0.1").server_context()) as endpoint:
        yield endpoint


@pytest.fixture
async def installation(tmp_path: Path, sqlite_url: str, authority: Authority) -> AsyncIterator[Installation]:
    settings = load(
        {},
        folder=tmp_path,
        database=sqlite_url,
        public_url="https://tidings.example.com/",
        egress_allow="127.0.0.1/32",
        egress_ca=str(authority.ca_file),
    )
    async with opened(settings) as parts, running(parts):
        transport = httpx.ASGITransport(front(parts).application)
        async with httpx.AsyncClient(transport=transport, base_url="https://tidings.example.com") as http:
            connector = await parts.access.create_connector("tests", actor="test")
            yield Installation(parts=parts, http=http, connector=connector)
