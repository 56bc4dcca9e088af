"""Reading, writing and migrating: one behaviour, two engines."""

import asyncio

import msgspec
import pytest

from tests.store.conftest import Opener, Raw
from tests.store.factories import kept, publication
from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Invalid, NotFound, Unavailable
from tidings.store.database import Database, Stale, Statement
from tidings.store.open import open_database


def proposed(name: str, *, value: str = "1") -> Statement:
    return Statement("setting_proposed", {"name": name, "value": value}, otherwise=Conflict(f"{name} is taken"))


async def test_migrating_twice_changes_nothing(open_empty: Opener) -> None:
    database = await open_empty()

    assert "0001_hub" in await database.migrate()
    assert await database.migrate() == []


async def test_processes_that_migrate_at_the_same_time_do_it_once(open_empty: Opener) -> None:
    databases = [await open_empty() for _ in range(3)]

    done = await asyncio.gather(*(database.migrate() for database in databases))

    names = [name for names in done for name in names]
    assert len(names) == len(set(names))
    assert "0001_hub" in names


async def test_rows_are_read_as_the_shape_that_is_asked_for(database: Database) -> None:
    class Setting(msgspec.Struct):
        value: str

    await database.write(proposed("a", value="7"))

    assert await database.read(Setting, "setting_value", name="a") == [Setting(value="7")]
    assert await database.read(str, "setting_value", name="a") == ["7"]
    assert await database.read(int, "setting_value", name="a") == [7]
    assert await database.read(Setting, "setting_value", name="b") == []


async def test_statements_are_written_together_or_not_at_all(database: Database) -> None:
    await database.write(proposed("taken"))

    with pytest.raises(Conflict, match="taken is taken"):
        await database.write(proposed("a"), proposed("taken"), proposed("b"))

    assert await database.read(str, "setting_value", name="a") == []
    assert await database.read(str, "setting_value", name="b") == []


async def test_a_statement_without_a_condition_may_touch_nothing(database: Database) -> None:
    await database.write(proposed("a"), msgspec.structs.replace(proposed("a", value="2"), otherwise=None))

    assert await database.read(str, "setting_value", name="a") == ["1"]


async def test_a_query_that_finds_something_has_touched_it(database: Database) -> None:
    await database.write(proposed("a"))
    there = Statement("setting_value", {"name": "a"}, otherwise=NotFound("no such setting"))
    absent = Statement("setting_value", {"name": "b"}, otherwise=NotFound("no such setting"))

    assert await database.write(there, proposed("c")) == [[("1",)], []]
    with pytest.raises(NotFound):
        await database.write(absent, proposed("d"))
    assert await database.read(str, "setting_value", name="d") == []


async def test_what_is_written_is_read_by_every_process_at_once(database: Database, open_store: Opener) -> None:
    other = await open_store()

    await database.write(proposed("a"))

    assert await other.read(str, "setting_value", name="a") == ["1"]


async def test_one_of_many_writers_gets_its_error_alone(database: Database) -> None:
    await database.write(proposed("7"))

    answers = await asyncio.gather(
        *(database.write(proposed(str(number))) for number in range(20)), return_exceptions=True
    )

    assert [number for number, answer in enumerate(answers) if isinstance(answer, Conflict)] == [7]
    assert [await database.read(str, "setting_value", name=str(number)) for number in range(20)] == [["1"]] * 20


async def test_an_unknown_statement_is_a_mistake_of_ours_and_sinks_nobody_else(database: Database) -> None:
    answers = await asyncio.gather(
        database.write(proposed("a")), database.write(Statement("no_such_statement")), return_exceptions=True
    )

    assert isinstance(answers[1], KeyError)
    assert await database.read(str, "setting_value", name="a") == ["1"]


async def test_a_batch_that_is_stale_sinks_nobody_else(database: Database, owner: int) -> None:
    answers = await asyncio.gather(
        database.keep([publication(1)], version=7, owner=owner),
        database.keep([publication(1)], version=0, owner=owner),
        database.write(proposed("a")),
        return_exceptions=True,
    )

    assert isinstance(answers[0], Stale)
    assert [len(answer) for answer in answers[1:] if isinstance(answer, list)] == [1, 1]


async def test_a_store_that_is_closed_says_so(open_store: Opener) -> None:
    database = await open_store()
    await database.migrate()
    await database.close()

    for use in (
        database.write(proposed("a")),
        database.read(str, "setting_value", name="a"),
        database.keep([publication()], version=0, owner=0),
    ):
        with pytest.raises(Unavailable):
            await use


async def test_closing_finishes_what_was_begun(database: Database, raw: Raw) -> None:
    keeping = asyncio.ensure_future(kept(database, publication()))
    writing = asyncio.ensure_future(database.write(proposed("a")))
    await writing

    await keeping
    await database.close()

    assert await raw("SELECT count(*) FROM event") == [(1,)]


async def test_another_process_that_changes_something_is_heard(database: Database, open_store: Opener) -> None:
    other = await open_store()
    hearing = asyncio.ensure_future(database.heard())

    await other.write(proposed("a"))
    await other.ring("access")

    async with asyncio.timeout(60):
        assert await hearing in {"access", "poll"}


@pytest.mark.parametrize("url", ["", "mysql://127.0.0.1/x", "tidings.db", "sqlite:"])
async def test_a_url_that_names_no_engine_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="write sqlite:PATH or postgresql://"):
        await open_database(url, clock=Clock())
