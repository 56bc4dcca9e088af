"""What is found by key on PostgreSQL is found for everybody who asks in the same moment, and for each as if alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest

from tests.store.conftest import Raw
from tidings.core.errors import Unavailable
from tidings.store.database import Database

DEADLINE_S = 60
MANY = 30
WAITING = "SELECT count(*) FROM pg_locks JOIN pg_class ON oid = relation WHERE NOT granted AND relname = 'application'"


@pytest.fixture
def database_url(new_postgresql_database: Callable[[], str]) -> str:
    return new_postgresql_database()


@pytest.fixture
async def session(database_url: str, database: Database) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Another process's connection."""
    assert database.engine == "postgresql"
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "INSERT INTO application (id, connector, at)"
        " SELECT CAST(n AS TEXT), 'of-' || n, 0 FROM generate_series(0, 99) AS n"
    )
    yield connection
    await connection.close()


def asked(database: Database, name: str) -> "asyncio.Task[list[str]]":
    return asyncio.create_task(database.read(str, "application_connector", id=name))


async def until_a_look_waits(session: "asyncpg.Connection[asyncpg.Record]") -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not await session.fetchval(WAITING):
            pass


@asynccontextmanager
async def waiting(
    session: "asyncpg.Connection[asyncpg.Record]", database: Database
) -> AsyncIterator["asyncio.Task[list[str]]"]:
    """Who asks first waits as long as that lasts."""
    async with session.transaction():
        await session.execute("LOCK TABLE application")
        first = asked(database, "1")
        await until_a_look_waits(session)
        yield first


@pytest.mark.usefixtures("session")
async def test_each_is_answered_what_they_asked(database: Database) -> None:
    found = await asyncio.gather(*(asked(database, str(number)) for number in range(80, 80 + MANY)))

    assert found == [[f"of-{number}"] if number < 100 else [] for number in range(80, 80 + MANY)]


@pytest.mark.usefixtures("session")
async def test_the_rows_of_one_question_come_in_the_order_of_the_query(database: Database, raw: Raw) -> None:
    await raw("INSERT INTO sub_group (parent, child, since) VALUES ('c', 'd', 0), ('a', 'c', 0), ('b', 'c', 0)")

    above = await asyncio.gather(*(database.read(str, "above", id=name, most=9) for name in ("d", "c", "none")))

    assert above == [["d", "c", "a", "b"], ["c", "a", "b"], ["none"]]


async def test_who_goes_away_takes_nobodys_answer_with_them_and_many_wait_as_one(
    database: Database, session: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with waiting(session, database) as first:
        others = [asked(database, str(number)) for number in range(MANY)]
        await until_a_look_waits(session)
        looks = await session.fetchval(WAITING)
        first.cancel()
        others[0].cancel()
        await session.execute("UPDATE application SET connector = 'another' WHERE id = '2'")

    found = await asyncio.gather(*others[1:])

    assert looks == 1
    assert found == [["of-1"], ["another"], *([f"of-{number}"] for number in range(3, MANY))]
    assert first.cancelled()


@pytest.mark.usefixtures("session")
async def test_what_cannot_be_asked_fails_for_who_asked_it(database: Database) -> None:
    answers = await asyncio.gather(*(asked(database, name) for name in ("1", "\x00", "2")), return_exceptions=True)

    assert answers[0] == ["of-1"]
    assert isinstance(answers[1], asyncpg.DataError)
    assert answers[2] == ["of-2"]


async def test_everybody_is_told_when_the_server_ends_their_session(
    database: Database, session: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with waiting(session, database) as first:
        second = asked(database, "2")
        await session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_class ON oid = relation"
            " WHERE NOT granted AND relname = 'application'"
        )
        with pytest.raises(Unavailable):
            await first

    assert await second == ["of-2"]
