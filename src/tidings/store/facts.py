"""What a database says of itself, without changing anything in it."""

import asyncio
from datetime import datetime
from pathlib import Path

import msgspec

from tidings.store.postgresql.connection import meant, pooled
from tidings.store.sqlite.connection import connect, unavailable

_BUSY_MS = 2_000


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """`clock` is the database's own, in epoch milliseconds; `migrations` are those that were run."""

    version: str
    clock: int | None = None
    migrations: tuple[str, ...] = ()


async def facts_of(url: str) -> Facts | None:
    """None for a SQLite file that is not there yet. Raises Unavailable if the database does not answer."""
    engine, _, path = url.partition(":")
    if engine != "sqlite":
        return await _facts_of_postgresql(url)
    return await asyncio.to_thread(_facts_of_sqlite, path)


def _facts_of_sqlite(path: str) -> Facts | None:
    if not Path(path).is_file():
        return None
    with unavailable():
        connection = connect(path, busy_ms=_BUSY_MS)
        try:
            [(version,)] = connection.execute("SELECT sqlite_version()").fetchall()
            has_schema = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'migration'").fetchall()
            rows = connection.execute("SELECT name FROM migration").fetchall() if has_schema else []
            return Facts(version=f"SQLite {version}", migrations=tuple(str(name) for (name,) in rows))
        finally:
            connection.close()


async def _facts_of_postgresql(url: str) -> Facts:
    connections = await pooled(url)
    try:
        connection = await connections.connect()
        with meant(connection):
            version = await connection.fetchval("SHOW server_version")
            clock: datetime = await connection.fetchval("SELECT clock_timestamp()")
            has_schema = await connection.fetchval("SELECT to_regclass('migration') IS NOT NULL")
            rows = await connection.fetch("SELECT name FROM migration") if has_schema else []
        await connections.disconnect(connection)
    finally:
        await connections.close()
    return Facts(
        version=f"PostgreSQL {version}",
        clock=int(clock.timestamp() * 1_000),
        migrations=tuple(row["name"] for row in rows),
    )
