"""A store of either engine, and what stands on it."""

from collections.abc import AsyncIterator

import pytest

from tests.workspace.house import House
from tidings.store.open import open_database
from tidings.testing.clock import ManualClock


@pytest.fixture
async def house(database_url: str, manual_clock: ManualClock) -> AsyncIterator[House]:
    database = await open_database(database_url, clock=manual_clock)
    await database.migrate()
    opened = House(database, clock=manual_clock)
    await opened.settle_in()
    async with opened.publisher.running():
        yield opened
    await database.close()
