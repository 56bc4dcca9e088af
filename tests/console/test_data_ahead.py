"""The tables are opened before anybody looks at them, if there are sources from which rows could come."""

import asyncio

from tests.console.conftest import REAL
from tests.console.house import ConsoleHouse


async def test_whoever_has_sources_finds_the_tables_open(house: ConsoleHouse) -> None:
    parts = house.parts
    file = parts.settings.data_folder / "tables.db"
    await parts.inbox.create_source("shop", dialect="standard", actor="test")
    assert not file.exists()

    async with asyncio.timeout(60):
        while not file.exists():
            await house.clock.advance(2_000)
            await REAL.sleep(0.05)
