"""What conftest.py promises to every other test."""

import asyncio
from collections.abc import Callable

import asyncpg
import uvloop


async def test_async_tests_run_on_uvloop() -> None:
    assert isinstance(asyncio.get_running_loop(), uvloop.Loop)


async def test_each_postgresql_database_is_new(new_postgresql_database: Callable[[], str]) -> None:
    used, fresh = new_postgresql_database(), new_postgresql_database()

    await tables(used, first="CREATE TABLE owed (id bigint)")

    assert await tables(used) == ["owed"]
    assert await tables(fresh) == []


async def tables(url: str, *, first: str = "SELECT 1") -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(first)
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await connection.close()
    return [row["tablename"] for row in rows]


def test_a_database_url_names_its_engine(database_url: str) -> None:
    assert database_url.startswith(("sqlite:/", "postgresql://"))
