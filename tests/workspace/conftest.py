"""A store of either engine."""

from collections.abc import AsyncIterator

import pytest

from tidings.store.database import Database
from tidings.store.open import open_database
from tidings.testing.clock import ManualClock


@pytest.fixture
async def database(database_url: str, manual_clock: ManualClock) -> AsyncIterator[Database]:
    opened = await open_database(database_url, clock=manual_clock)
    await opened.migrate()
    yield opened
    await opened.close()
