"""A store of either engine, brought up to date; more of them on the same data; and a way past the contract."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import apsw
import asyncpg
import pytest

from tests.store.factories import subscribed
from tidings.core.clock import Clock
from tidings.store.database import Database
from tidings.store.history import History
from tidings.store.open import open_database

Opener = Callable[[], Awaitable[Database]]
Raw = Callable[[str], Awaitable[list[tuple[Any, ...]]]]


@pytest.fixture
async def open_store(database_url: str) -> AsyncIterator[Opener]:
    """Opens the store as one more process would; each is closed when the test has ended."""
    async with _opening(database_url) as open_one:
        yield open_one


@pytest.fixture
async def open_empty(empty_url: str) -> AsyncIterator[Opener]:
    """The same of a database that was never brought up to date."""
    async with _opening(empty_url) as open_one:
        yield open_one


@asynccontextmanager
async def _opening(url: str) -> AsyncIterator[Opener]:
    async with AsyncExitStack() as stack:

        async def open_one() -> Database:
            database = await open_database(url, clock=Clock())
            stack.push_async_callback(database.close)
            return database

        yield open_one


@pytest.fixture
async def database(open_store: Opener) -> Database:
    database = await open_store()
    await database.migrate()
    return database


@pytest.fixture
async def owner(database: Database) -> int:
    return await database.enrol()


@pytest.fixture
def history(database: Database) -> History:
    return History(database)


@pytest.fixture
async def number(database: Database) -> int:
    """A subscription's, that is sending."""
    return await subscribed(database)


@pytest.fixture
def raw(database_url: str) -> Raw:
    """Runs SQL past the contract, to bring about what only time or accident would."""

    async def run(sql: str) -> list[tuple[Any, ...]]:
        engine, _, path = database_url.partition(":")
        if engine == "sqlite":
            return await asyncio.to_thread(_run_sqlite, path, sql)
        connection = await asyncpg.connect(database_url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return run


def _run_sqlite(path: str, sql: str) -> list[tuple[Any, ...]]:
    connection = apsw.Connection(path)
    connection.set_busy_timeout(5_000)
    rows: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
    connection.close()
    return rows
