"""Connections to PostgreSQL: a pool, the named statements, and what the server's errors mean."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from tidings.core.errors import Conflict, Invalid, Unavailable
from tidings.store.database import Stale, Statement, Value
from tidings.store.statements import Text, statements

Lent = PoolConnectionProxy[asyncpg.Record]
Argument = Value | Sequence[Value]

# Publishing, settling and claiming need three or four; the rest is for those who read.
_MOST = 10
# A guess: what takes longer will not get better by waiting, and the publisher's own patience ends about there.
PATIENCE_S = 10.0
_CONNECT_S = 5.0
# As often as that a transaction is tried that lost against another (a deadlock, a key that both took).
_TRIES = 3

_SETTINGS = {
    "application_name": "tidings",
    # Plans of statements that run in a millisecond are not worth compiling.
    "jit": "off",
    # Whether a batch matches the present subscriptions is judged by a snapshot taken after a lock.
    "default_transaction_isolation": "read committed",
    # A process that froze inside a transaction must not hold everybody else's locks.
    "idle_in_transaction_session_timeout": "15s",
    "lock_timeout": "5s",
}

# Another transaction won, or another process migrated meanwhile; the same work succeeds when it is done again.
_AGAIN = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
)
# The server says that it did nothing.
_REFUSED = (
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.ReadOnlySQLTransactionError,
    *_AGAIN,
)
# The connection ended, or no answer came.
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)


class Connections:
    """A pool that opens connections when they are needed, so that it recovers from a lost server by itself."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: asyncpg.Pool[asyncpg.Record] = asyncpg.create_pool(
            url,
            min_size=0,
            max_size=_MOST,
            max_queries=2**62,  # connections do not wear out
            command_timeout=PATIENCE_S,
            timeout=_CONNECT_S,
            statement_cache_size=500,  # all named statements
            max_cached_statement_lifetime=0,
            server_settings=_SETTINGS,
            reset=_nothing_to_reset,
        )
        self.statements = statements("postgresql")

    async def open(self) -> None:
        await self._pool

    async def close(self) -> None:
        await self._pool.close()

    async def alone(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection outside the pool, which the caller closes."""
        with _meaning(is_fate_unknown=False):
            connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
                self._url, timeout=_CONNECT_S, server_settings=_SETTINGS
            )
        return connection

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Lent]:
        """A connection of the pool. Raises Unavailable if there is none; see `_meaning` for what else it raises."""
        with _meaning(is_fate_unknown=False):
            connection = await self._pool.acquire(timeout=PATIENCE_S)
        try:
            with _meaning(is_fate_unknown=True):
                yield connection
        finally:
            with _meaning(is_fate_unknown=True):
                await self._pool.release(connection, timeout=PATIENCE_S)

    async def fetch(self, name: str, /, **values: Argument) -> list[asyncpg.Record]:
        """Run a named statement in a transaction of its own: one round trip."""
        text = self.statements[name]
        arguments = [values[parameter] for parameter in text.parameters]
        for _ in range(_TRIES - 1):
            try:
                async with self.lent() as connection:
                    return await connection.fetch(text.sql, *arguments)
            except _AGAIN:
                continue
        async with self.lent() as connection:
            return await connection.fetch(text.sql, *arguments)
