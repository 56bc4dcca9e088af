"""Connections to PostgreSQL: a pool, how they are set up, and what the server's errors mean."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import asyncpg

from tidings.core.errors import Conflict, Invalid, Unavailable
from tidings.store.database import Stale
from tidings.store.postgresql.hosts import CONNECT_S, Hosts
from tidings.store.postgresql.session import Argument, Connection, Session

T = TypeVar("T")

# Publishing, settling and claiming take three or four, receiving, pulling and passing on as many; the rest is for
# those who read. When the server hangs, each holds one until its patience ends, and publishers must not wait for that.
_MOST = 20
# A guess: what takes longer does not get better by waiting, and the publisher's own patience ends about there.
PATIENCE_S = 10.0
_CLOSE_S = 2.0
# So often a transaction is begun anew that lost against another (a deadlock, a key that both took).
_TRIES = 3

_SETTINGS = {
    "application_name": "tidings",
    # Statements that run for a millisecond are not worth compiling.
    "jit": "off",
    # Whether a batch matched the present subscriptions is seen by a statement that begins after a lock is held.
    "default_transaction_isolation": "read committed",
    # A process that froze inside a transaction must not keep everybody else waiting.
    "idle_in_transaction_session_timeout": "15s",
    "lock_timeout": "5s",
    # Nor one whose machine or network disappeared, while the server waits for it to take an answer: what it holds is
    # let go within the time after which it is taken for dead. A socket of the same machine needs none of these.
    "tcp_user_timeout": "10s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "3",
    "tcp_keepalives_count": "3",
}

# Another transaction won, or another process migrated meanwhile: the same work succeeds when it is done again.
_BEATEN = (
    asyncpg.TransactionRollbackError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
)
# The server says that it did not do it.
_REFUSED = (
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.LockNotAvailableError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # the database accepts no connections just now
    asyncpg.QueryCanceledError,
    asyncpg.ReadOnlySQLTransactionError,
    *_BEATEN,
)
# The connection ended, or no answer came in time: it may have been done.
_LOST = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # used after the server said that it ends the session, and before it did
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresConnectionError,
    asyncpg.PostgresSystemError,
    OSError,
    TimeoutError,
)
# Raised by the functions of migration 0001_hub_functions.
_STALE = "TD001"
_DEAD = "TD002"


class Connections:
    """A pool that opens connections when they are needed, and so recovers from a lost server by itself."""

    def __init__(self, hosts: Hosts, *, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._hosts = hosts
        self._pool = pool

    async def close(self) -> None:
        # A server that disappeared does not say goodbye; whoever stops does not wait for it.
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self._pool.close()

    async def connect(self, *, patience_s: float = PATIENCE_S) -> Connection:
        """A connection outside the pool, whose statements may take so many seconds each. Raises Unavailable."""
        with meant(None):
            return await self._hosts.connect(command_timeout=patience_s, server_settings=_SETTINGS)

    async def disconnect(self, connection: Connection) -> None:
        with suppress(*_LOST):
            await connection.close(timeout=CONNECT_S)

    async def run(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Lend a connection to the work; once more if its transaction lost against another one. See `meant`."""
        with meant(None):
            connection = await self._pool.acquire(timeout=PATIENCE_S)
        try:
            with meant(connection):
                return await self._until_it_wins(Session(connection), work)
        except Unavailable as error:
            if error.is_fate_unknown:
                # Nobody is to wait in vain on each of the others in turn, should they all have led to the same place.
                await self._pool.expire_connections()
                with suppress(asyncpg.InterfaceError):  # the pool may have taken it back already
                    connection.terminate()
            raise
        except asyncio.CancelledError:
            with suppress(asyncpg.InterfaceError):
                connection.terminate()  # else the pool waits for a server that may never answer
            raise
        finally:
            with suppress(*_LOST):
                await self._pool.release(connection, timeout=PATIENCE_S)

    async def _until_it_wins(self, session: Session, work: Callable[[Session], Awaitable[T]]) -> T:
        for _ in range(_TRIES - 1):
            try:
                return await work(session)
            except asyncpg.CheckViolationError:
                # Nobody has beaten for days, or the server's clock leapt: the partition for now is missing.
                await session.fetch("partitions_made", days=0)
            except _BEATEN:
                continue
        return await work(session)

    async def fetch(self, name: str, /, **values: Argument) -> list[asyncpg.Record]:
        """Run a named statement in a transaction of its own: one round trip."""
        return await self.run(lambda session: session.fetch(name, **values))


@contextmanager
def meant(connection: "Connection | None") -> Iterator[None]:
    """Raise what the server or the connection says as an error of the contract.

    That is Unavailable, whose fate is unknown if there was a connection and no answer; Stale, and Conflict for an owner
    that was declared dead, from our functions. What means a mistake of ours is raised as it is.
    """
    try:
        yield
    except _REFUSED as error:
        raise Unavailable(f"nothing can be kept just now: PostgreSQL says {error.args[0]!r}") from error
    except asyncpg.ClientConfigurationError:
        # Not `from` it: it may quote the password.
        raise Invalid(
            "cannot read the address of PostgreSQL; write postgresql://user:password@host:port/database"
        ) from None
    except _LOST as error:
        if isinstance(error, asyncpg.InterfaceError) and connection is not None and _is_open(connection):
            raise  # it is used wrongly
        raise Unavailable(
            "nothing can be kept just now: PostgreSQL does not answer", is_fate_unknown=connection is not None
        ) from error
    except asyncpg.PostgresError as error:
        if error.sqlstate == _STALE:
            raise Stale from error
        if error.sqlstate == _DEAD:
            raise Conflict("this process was declared dead after a silence; enrol anew") from error
        raise


def _is_open(connection: Connection) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False  # the pool took it back, as it does with one that was lost


async def pooled(url: str) -> Connections:
    """Connect once, so that a mistake shows at once. Raises Unavailable, and Invalid if the URL cannot be read."""
    hosts = Hosts(url)
    pool = await asyncpg.create_pool(
        url,
        connect=hosts.connect,
        connection_class=_Closing,
        min_size=0,
        max_size=_MOST,
        max_queries=2**62,  # connections do not wear out
        command_timeout=PATIENCE_S,
        statement_cache_size=500,  # more than there are named statements
        max_cached_statement_lifetime=0,
        server_settings=_SETTINGS,
        reset=_leave_as_it_is,
    )
    connections = Connections(hosts, pool=pool)
    try:
        await connections.fetch("answered")
    except BaseException:
        await connections.close()
        raise
    return connections


class _Closing(asyncpg.Connection):
    """Replaced by the pool in a task that nobody waits for: a server that does not say goodbye is nobody's error."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncpg's
        with suppress(*_LOST):
            await super().close(timeout=timeout)


async def _leave_as_it_is(_: Connection) -> None:
    """Save the round trip that a pool makes when it is given back a connection: we change nothing in a session."""
