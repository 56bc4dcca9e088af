"""A store of either engine."""

from collections.abc import AsyncIterator

import pytest

from tidings.core.clock import Clock
from tidings.store.database import Database
from tidings.store.open import open_database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await open_database(database_url, clock=Clock())
    await database.migrate()
    yield database
    await database.close()
