"""Forgetting on SQLite, and what the file gives back: in steps that nobody waits for."""

import asyncio
from pathlib import Path

import apsw
import pytest

from tests.store.conftest import Raw
from tests.store.factories import NOW, event, kept, publication, settlement
from tidings.core.clock import DAY, Clock
from tidings.core.identifier import identifier_at
from tidings.store.database import Database, Key
from tidings.store.sqlite.room import SPARE, give_back
from tidings.store.sqlite.transaction import Transaction

TOMORROW = NOW + DAY
PAGE = 4_096
# Events of so many pages each, so that the file has more empty ones in the end than it keeps.
COUNT, PAGES = 300, 10
BIG = event(data=b'{"text":"' + b"x" * PAGES * PAGE + b'"}')
# Of one transaction.
MOST_PAGES, MOST_BYTES = 500, 4_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tidings.db"


@pytest.fixture
def database_url(path: Path) -> str:
    return f"sqlite:{path}"


@pytest.fixture
def transaction(path: Path, database: Database) -> Transaction:
    """The writer's way to the file, for steps one by one."""
    assert database.engine == "sqlite"
    return Transaction(str(path), clock=Clock(), busy_ms=5_000)


async def room(raw: Raw) -> tuple[int, int]:
    """Pages of the file, and how many of them are empty."""
    [(pages, empty)] = await raw("SELECT page_count, freelist_count FROM pragma_page_count, pragma_freelist_count")
    return pages, empty


async def test_what_was_forgotten_leaves_the_file_but_for_what_will_be_used_again(database: Database, raw: Raw) -> None:
    await kept(database, *[publication(of=BIG) for _ in range(COUNT)])
    before, _ = await room(raw)

    assert await database.expire(before=TOMORROW, most=COUNT + 1) == COUNT

    pages, empty = await room(raw)
    assert before > COUNT * PAGES
    assert pages < before - COUNT * PAGES + SPARE + MOST_PAGES
    assert empty <= SPARE


async def test_the_file_on_the_disk_is_shorter_once_the_log_is_taken_back(
    database: Database, raw: Raw, path: Path
) -> None:
    await kept(database, *[publication(of=BIG) for _ in range(COUNT)])
    await raw("PRAGMA wal_checkpoint(TRUNCATE)")
    before = (await asyncio.to_thread(path.stat)).st_size

    await database.expire(before=TOMORROW, most=COUNT + 1)
    await raw("PRAGMA wal_checkpoint(TRUNCATE)")

    pages, _ = await room(raw)
    after = (await asyncio.to_thread(path.stat)).st_size
    assert after == pages * PAGE < before - (COUNT * PAGES - SPARE - MOST_PAGES) * PAGE


async def test_the_file_is_made_shorter_by_few_pages_at_a_time(
    database: Database, raw: Raw, transaction: Transaction
) -> None:
    await kept(database, *[publication(of=BIG) for _ in range(COUNT)])
    await raw("DELETE FROM event")
    before, _ = await room(raw)

    transaction.begin(patience_ms=0)
    is_shorter = give_back(transaction)
    transaction.commit()
    transaction.close()

    assert is_shorter
    assert (await room(raw))[0] == before - MOST_PAGES


async def test_a_few_empty_pages_are_kept(database: Database, raw: Raw) -> None:
    await kept(database, *[publication(of=BIG) for _ in range(SPARE // PAGES // 2)])
    before, _ = await room(raw)

    assert await database.expire(before=TOMORROW, most=COUNT) == SPARE // PAGES // 2

    pages, empty = await room(raw)
    assert pages == before
    assert 0 < empty <= SPARE


async def test_a_file_from_before_uses_its_empty_pages_again_and_stays_as_long(path: Path) -> None:
    earlier = apsw.Connection(str(path))
    earlier.execute("PRAGMA auto_vacuum = NONE; CREATE TABLE earlier (text TEXT)")
    earlier.execute("INSERT INTO earlier VALUES (zeroblob(?)); DELETE FROM earlier", (2 * SPARE * PAGE,))
    transaction = Transaction(str(path), clock=Clock(), busy_ms=5_000)
    before = transaction.run("pages")

    assert not give_back(transaction)

    assert transaction.run("pages") == before
    assert before[0][1] > SPARE
    transaction.close()
    earlier.close()


async def test_a_step_forgets_no_more_events_than_four_megabytes(database: Database, transaction: Transaction) -> None:
    await kept(database, *[publication(of=BIG) for _ in range(COUNT)])
    big = len(BIG.data)

    transaction.begin(patience_ms=0)
    gone = transaction.change("events_expired", before=identifier_at(TOMORROW), most=COUNT)
    transaction.commit()
    transaction.close()

    assert gone * big <= MOST_BYTES < (gone + 1) * big


async def test_an_event_that_is_larger_than_a_step_is_forgotten_too(database: Database, raw: Raw) -> None:
    huge = event(data=b'{"text":"' + b"x" * (MOST_BYTES + 1) + b'"}')
    await kept(database, publication(of=huge), publication())

    assert await database.expire(before=TOMORROW, most=10) == 2

    assert await raw("SELECT count(*) FROM event") == [(0,)]


@pytest.mark.parametrize("name", ["attempts_expired", "keys_expired", "events_expired"])
async def test_a_step_forgets_as_many_as_it_is_asked_to(
    database: Database, owner: int, transaction: Transaction, name: str
) -> None:
    ids = await kept(database, *[publication(1, keys=[Key(f"key {n}", b"hash")]) for n in range(20)])
    await database.settle([settlement(id_) for id_ in ids], (), owner=owner)
    before = TOMORROW if name == "keys_expired" else identifier_at(TOMORROW)

    transaction.begin(patience_ms=0)
    gone = transaction.change(name, before=before, most=7)
    transaction.rollback()
    transaction.close()

    assert gone == 7


async def test_what_is_owed_and_young_stays_while_the_file_shrinks(database: Database, raw: Raw) -> None:
    old = await kept(database, *[publication(of=BIG) for _ in range(COUNT)])
    young = await kept(database, *[publication(1) for _ in range(3)])
    await raw(f"UPDATE event SET id = id - {identifier_at(2 * DAY)} WHERE id IN {tuple(old)}")  # noqa: S608 - ids of ours

    assert await database.expire(before=NOW - DAY, most=COUNT + 1) == COUNT

    assert await raw("SELECT id FROM event ORDER BY id") == [(id_,) for id_ in young]
    assert await raw("SELECT event FROM owed ORDER BY event") == [(id_,) for id_ in young]
    assert (await room(raw))[0] < SPARE + MOST_PAGES
