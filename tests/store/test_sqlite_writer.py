"""Who does what of a write: the loop what is quick, its thread whatever may take long, and never both at once."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Unavailable
from tidings.store.sqlite.transaction import Transaction
from tidings.store.sqlite.writer import Writer

# Longer than any test: whoever waits so long has failed.
BUSY_MS = 120_000
MANY = 1_000_000


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[Writer]:
    one = Writer(str(tmp_path / "a.db"), clock=Clock(), busy_ms=BUSY_MS)
    await one.do(lambda transaction: transaction.script("CREATE TABLE said (word TEXT)"))
    yield one
    await one.close()


def saying(word: str, places: list[str] | None = None) -> Callable[[Transaction], None]:
    """Write the word, and note the name of the thread that does."""

    def work(transaction: Transaction) -> None:
        transaction.script(f"INSERT INTO said VALUES ('{word}')")  # noqa: S608 - a word of these tests
        if places is not None:
            places.append(threading.current_thread().name)

    return work


def said(path: Path) -> list[str]:
    """The words that are on disk."""
    connection = apsw.Connection(str(path / "a.db"), flags=apsw.SQLITE_OPEN_READONLY)
    words = [word for (word,) in connection.execute("SELECT word FROM said ORDER BY rowid")]
    connection.close()
    return words


async def test_the_loop_writes_what_is_quick_and_the_thread_what_may_take_long(writer: Writer, tmp_path: Path) -> None:
    places: list[str] = []

    await writer.do(saying("few", places), rows=1)
    await writer.do(saying("many", places), rows=MANY)
    await writer.do(saying("nobody knows", places))

    assert places == [threading.current_thread().name, "tidings-writer", "tidings-writer"]
    assert said(tmp_path) == ["few", "many", "nobody knows"]


async def test_the_loop_does_not_wait_for_another_process(writer: Writer, tmp_path: Path) -> None:
    stranger = apsw.Connection(str(tmp_path / "a.db"))
    stranger.execute("BEGIN IMMEDIATE")

    writing = asyncio.create_task(writer.do(saying("quick"), rows=1))
    await asyncio.sleep(0)  # noqa: TID251 - one round of the loop, in which it is begun
    await asyncio.sleep(0)  # noqa: TID251
    # Were the loop to wait itself, it would never come here.
    stranger.execute("COMMIT")
    await writing

    assert said(tmp_path) == ["quick"]
    stranger.close()


async def test_what_fails_is_undone_alone(writer: Writer, tmp_path: Path) -> None:
    def fails(transaction: Transaction) -> None:
        saying("undone")(transaction)
        raise Conflict("it cannot be")

    answers = await asyncio.gather(
        writer.do(saying("first"), rows=1),
        writer.do(fails, rows=1),
        writer.do(saying("last"), rows=1, can_wait=True),
        return_exceptions=True,
    )

    assert [type(answer) for answer in answers] == [type(None), Conflict, type(None)]
    assert said(tmp_path) == ["first", "last"]


async def test_a_closed_writer_has_finished_what_was_waiting_and_takes_no_more(tmp_path: Path, writer: Writer) -> None:
    # The first one begins at once; the second waits for company when the writer is told to close.
    waiting = [
        asyncio.create_task(writer.do(saying(word), rows=1, can_wait=can_wait))
        for word, can_wait in (("at once", False), ("waits", True))
    ]
    await asyncio.sleep(0)  # noqa: TID251 - one round of the loop, in which they are asked for
    await writer.close()

    assert [task.done() for task in waiting] == [True, True]
    assert said(tmp_path) == ["at once", "waits"]
    with pytest.raises(Unavailable, match="closed"):
        await writer.do(saying("late"))


JOBS = st.lists(st.tuples(st.sampled_from([1, 600, MANY]), st.booleans(), st.integers(0, 3)), min_size=1, max_size=40)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(jobs=JOBS)
async def test_whatever_comes_together_is_written_once_and_by_one_at_a_time(
    writer: Writer, tmp_path: Path, jobs: list[tuple[int, bool, int]]
) -> None:
    """Each job is of some rows, may be able to wait, and is asked for so many rounds of the loop after the last one."""
    before = len(await asyncio.to_thread(said, tmp_path))
    alone = threading.Lock()

    def work(transaction: Transaction, word: str) -> None:
        assert alone.acquire(blocking=False), "two write at once"
        saying(word)(transaction)
        alone.release()

    asked = []
    for number, (rows, can_wait, rounds) in enumerate(jobs):
        job = writer.do(partial(work, word=str(number)), rows=rows, can_wait=can_wait)
        asked.append(asyncio.create_task(job))
        for _ in range(rounds):
            await asyncio.sleep(0)  # noqa: TID251 - a round of the loop
    async with asyncio.timeout(60):
        await asyncio.gather(*asked)

    words = await asyncio.to_thread(said, tmp_path)
    assert words[before:] == [str(number) for number in range(len(jobs))]
