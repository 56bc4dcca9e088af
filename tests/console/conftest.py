"""An installation with its console, and people of each role who look at it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.console.house import ConsoleHouse
from tidings.app.serve import served
from tidings.app.settings import load
from tidings.core.clock import Clock
from tidings.core.vault import new_key
from tidings.testing.clock import ManualClock

REAL = Clock()


@pytest.fixture
async def house(tmp_path: Path, sqlite_url: str) -> AsyncIterator[ConsoleHouse]:
    """One engine is enough here: that they behave alike is what tests/store shows."""
    clock = ManualClock(REAL.now())
    settings = load({}, folder=tmp_path, database=sqlite_url, port="0", secret_key=new_key())
    async with (
        served(settings, clock=clock) as server,
        httpx.AsyncClient(base_url=server.url, headers={"accept": "text/html"}, timeout=60) as stranger,
        ConsoleHouse(server, clock=clock, stranger=stranger) as house,
    ):
        yield house
