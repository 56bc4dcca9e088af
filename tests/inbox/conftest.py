"""A store of either engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.inbox.far_server import FarServer, follow
from tests.journey.conftest import REAL
from tidings.app.compose import opened
from tidings.app.parts import Parts
from tidings.app.settings import load
from tidings.core.clock import Clock
from tidings.core.vault import new_key
from tidings.store.database import Database
from tidings.store.open import open_database
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import Endpoint


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await open_database(database_url, clock=Clock())
    await database.migrate()
    yield database
    await database.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(REAL.now())


@pytest.fixture
def far(clock: ManualClock) -> FarServer:
    return FarServer(clock)


@pytest.fixture
async def endpoint(far: FarServer) -> AsyncIterator[Endpoint]:
    async with Endpoint(far.answer) as endpoint:
        yield endpoint


@pytest.fixture
async def parts(database_url: str, tmp_path: Path, clock: ManualClock, endpoint: Endpoint) -> AsyncIterator[Parts]:
    allowed = {"egress_allow": "127.0.0.1/32", "egress_http": "on"}
    settings = load({}, folder=tmp_path, database=database_url, secret_key=new_key(), **allowed)
    async with opened(settings, clock=clock) as parts:
        await parts.inbox.create_source("crew", dialect="kaizala", actor="test")
        await follow(parts, remote=f"{endpoint.url}base")
        yield parts
