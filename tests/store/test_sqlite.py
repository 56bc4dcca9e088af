"""What only the store on SQLite has to stand: one file, its locks, and the disk below it."""

import asyncio
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import apsw
import pytest

from tests.store.factories import NOW, claimed, event, events_of, kept, publication
from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Invalid, Unavailable
from tidings.core.identifier import identifier_at
from tidings.store.database import Statement
from tidings.store.open import open_database
from tidings.store.sqlite.connection import CHECKPOINT_PAGES
from tidings.store.sqlite.database import SqliteDatabase, open_sqlite
from tidings.store.statements import statements
from tidings.testing.clock import ManualClock

Opener = Callable[..., Awaitable[SqliteDatabase]]

BIG = event(data=b'{"text":"' + b"x" * 100_000 + b'"}')


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tidings.db"


@pytest.fixture
async def open_file(path: Path) -> AsyncIterator[Opener]:
    """Opens the store, brought up to date; each is closed when the test has ended."""
    async with AsyncExitStack() as stack:

        async def open_one(
            *, clock: Clock | None = None, serving: bool = False, busy_ms: int = 5_000
        ) -> SqliteDatabase:
            database = await open_sqlite(str(path), clock=clock or Clock(), serving=serving, busy_ms=busy_ms)
            stack.push_async_callback(database.close)
            await database.migrate()
            return database

        yield open_one


def proposed(name: str) -> Statement:
    return Statement("setting_proposed", {"name": name, "value": "1"})


# The file


async def test_the_folder_of_a_new_store_is_made(tmp_path: Path) -> None:
    database = await open_database(f"sqlite:{tmp_path}/new/folder/tidings.db", clock=Clock())
    await database.close()

    assert (tmp_path / "new/folder/tidings.db").exists()


async def test_a_file_that_is_no_database_is_refused_when_it_is_opened(path: Path) -> None:
    await asyncio.to_thread(path.write_text, "This is not a database, however long one looks at it. " * 10)

    with pytest.raises(Unavailable, match="not a SQLite database"):
        await open_database(f"sqlite:{path}", clock=Clock())


async def test_a_file_that_cannot_be_opened_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Unavailable):
        await open_database(f"sqlite:{tmp_path}", clock=Clock())
    with pytest.raises(Invalid, match="cannot be made"):
        await open_database(f"sqlite:{tmp_path}/file/tidings.db", clock=Clock())


async def test_what_is_kept_survives_the_process(open_file: Opener) -> None:
    database = await open_file()
    ids = await kept(database, publication(1))
    await database.close()

    again = await open_file()

    assert events_of(await claimed(again, 1, owner=await again.enrol())) == ids


# Who serves


async def test_one_process_serves_at_a_time(open_file: Opener, path: Path) -> None:
    first = await open_file(serving=True)

    with pytest.raises(Conflict, match="serves"):
        await open_database(f"sqlite:{path}", clock=Clock(), serving=True)

    await first.close()
    assert await (await open_file(serving=True)).enrol()


async def test_the_command_line_works_beside_the_process_that_serves(open_file: Opener) -> None:
    await open_file(serving=True)

    beside = await open_file()

    assert len(await kept(beside, publication(1))) == 1


@pytest.mark.parametrize("ahead_ms", [0, 3_600_000])
async def test_whoever_serves_knows_that_all_earlier_owners_are_dead(open_file: Opener, ahead_ms: int) -> None:
    crashed = await open_file(clock=ManualClock(Clock().now() + ahead_ms))
    former = await crashed.enrol()
    ids = await kept(crashed, publication(1, handed_over=True), owner=former)

    serving = await open_file(serving=True)
    owner = await serving.enrol()

    assert events_of(await claimed(serving, 1, owner=owner)) == ids
    assert await serving.enrol() > owner
    assert await serving.beat(owner) == []


# Other processes


async def test_our_own_changes_are_not_heard(open_file: Opener) -> None:
    clock = ManualClock()
    database = await open_file(clock=clock)
    other = await open_file()
    assert await heard_within(database, clock, seconds=1)

    await database.write(proposed("ours"))
    assert not await heard_within(database, clock, seconds=2)

    await other.write(proposed("theirs"))
    assert await heard_within(database, clock, seconds=1)


async def heard_within(database: SqliteDatabase, clock: ManualClock, *, seconds: int) -> bool:
    hearing = asyncio.ensure_future(database.heard())
    for _ in range(seconds * 2):
        await clock.advance(500)
        # A round through the writer: what the poll asked it is answered by then.
        await database.probe()
        await clock.advance(0)
    if not hearing.done():
        hearing.cancel()
        return False
    return await hearing == "poll"


async def test_a_change_elsewhere_is_heard_even_if_somebody_beside_us_fails(open_file: Opener) -> None:
    clock = ManualClock()
    database = await open_file(clock=clock)
    other = await open_file()
    assert await heard_within(database, clock, seconds=1)
    await other.write(proposed("theirs"))

    hearing = asyncio.ensure_future(database.heard())
    await clock.advance(400)
    failing = [asyncio.ensure_future(database.write(Statement("no_such_statement"))) for _ in range(20)]
    await clock.advance(100)
    answers = await asyncio.gather(*failing, return_exceptions=True)

    assert all(isinstance(answer, KeyError) for answer in answers)
    async with asyncio.timeout(60):
        assert await hearing == "poll"


async def test_processes_that_write_at_once_never_make_the_same_identifier(open_file: Opener) -> None:
    clock = ManualClock(NOW)
    databases = [await open_file(clock=clock) for _ in range(3)]

    batches = await asyncio.gather(
        *(kept(database, *[publication(1) for _ in range(10)]) for database in databases for _ in range(10))
    )

    ids = [id_ for batch in batches for id_ in batch]
    assert len(set(ids)) == 300


async def test_identifiers_rise_even_if_the_clock_is_set_back(open_file: Opener) -> None:
    before = await open_file(clock=ManualClock(NOW))
    [first] = await kept(before, publication())
    await before.close()

    after = await open_file(clock=ManualClock(NOW - 3_600_000))
    second, third = await kept(after, publication(), publication())

    assert identifier_at(NOW) <= first < second < third


# The disk and the locks


async def test_a_full_disk_is_told_and_everything_goes_on_when_there_is_room(open_file: Opener) -> None:
    database = await open_file()
    await limit_pages(database, 100)

    for _ in range(3):
        with pytest.raises(Unavailable, match="disk is full"):
            await kept(database, *[publication(1, of=BIG) for _ in range(20)])
        # The connection is a new one now, and has to be told again.
        await limit_pages(database, 100)

    await limit_pages(database, 1_000_000)
    assert len(await kept(database, *[publication(1, of=BIG) for _ in range(20)])) == 20
    assert len(await claimed(database, 1, owner=await database.enrol())) == 20


async def limit_pages(database: SqliteDatabase, most: int) -> None:
    await database._writer.do(lambda transaction: transaction.script(f"PRAGMA max_page_count = {most}"))  # noqa: SLF001 - no disk of a test's own is as small


async def test_a_disk_that_fails_is_told_and_everything_goes_on_when_it_is_well(open_file: Opener) -> None:
    database = await open_file()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        for _ in range(3):
            with pytest.raises(Unavailable):
                await kept(database, *[publication(1, of=BIG) for _ in range(20)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert len(await kept(database, *[publication(1, of=BIG) for _ in range(20)])) == 20
    assert len(await claimed(database, 1, owner=await database.enrol())) == 20


async def test_a_locked_database_is_told_and_everything_goes_on_when_it_is_free(open_file: Opener, path: Path) -> None:
    database = await open_file(busy_ms=20)
    stranger = apsw.Connection(str(path))
    stranger.execute("BEGIN IMMEDIATE")

    with pytest.raises(Unavailable, match="locked"):
        await kept(database, publication(1))
    assert await database.read(int, "subscriptions_version") == [0]

    stranger.execute("ROLLBACK")
    assert len(await kept(database, publication(1))) == 1
    stranger.close()


async def test_whoever_listens_while_the_database_is_locked_looks_again(open_file: Opener, path: Path) -> None:
    clock = ManualClock()
    database = await open_file(clock=clock, busy_ms=20)
    assert await heard_within(database, clock, seconds=1)
    stranger = apsw.Connection(str(path))
    stranger.execute("BEGIN IMMEDIATE")

    hearing = asyncio.ensure_future(database.heard())
    await clock.advance(500)

    async with asyncio.timeout(60):
        assert await hearing == "poll"
    stranger.close()


async def test_everybody_whose_change_shared_a_failed_commit_is_told(open_file: Opener, path: Path) -> None:
    database = await open_file(busy_ms=20)
    stranger = apsw.Connection(str(path))
    stranger.execute("BEGIN IMMEDIATE")

    answers = await asyncio.gather(
        *(database.write(proposed(str(number))) for number in range(20)), return_exceptions=True
    )

    assert all(isinstance(answer, Unavailable) for answer in answers)
    stranger.close()


async def test_the_log_levels_off(open_file: Opener, path: Path) -> None:
    database = await open_file()
    for _ in range(40):
        await kept(database, *[publication(1, of=BIG) for _ in range(20)])

    # The log is taken back once it is longer than that, and one transaction is at most two megabytes here.
    log = await asyncio.to_thread(Path(f"{path}-wal").stat)
    assert log.st_size < CHECKPOINT_PAGES * 4_096 + 4_000_000


async def test_a_query_that_takes_too_long_is_ended(open_file: Opener) -> None:
    class Hurried(Clock):
        def monotonic(self) -> float:
            self.seconds = getattr(self, "seconds", 0.0) + 10.0
            return self.seconds

    database = await open_file(clock=Hurried())
    await kept(database, publication(*range(1, 20_001)))

    with pytest.raises(Unavailable, match="too long"):
        await database.read(int, "debts_standing", unopened="", most=1_000_000)
    assert await database.read(int, "subscriptions_version") == [0]


# The statements


async def test_every_statement_can_be_prepared(open_file: Opener, path: Path) -> None:
    await open_file()
    connection = apsw.Connection(str(path))

    for name, text in statements("sqlite").items():
        try:
            connection.execute(f"EXPLAIN {text.sql}", [None] * len(text.parameters)).fetchall()
        except apsw.Error as error:
            pytest.fail(f"{name}: {error}")
    connection.close()


@pytest.fixture
async def plans(open_file: Opener, path: Path) -> AsyncIterator[Callable[[str], str]]:
    """Tells how a statement is run in a database that has something in it."""
    await open_file()
    connection = apsw.Connection(str(path))

    def plan(name: str) -> str:
        text = statements("sqlite")[name]
        is_repeated = "VALUES" in text.sql
        sql = text.repeated(3) if is_repeated else text.sql
        values = [None] * len(text.parameters) * (3 if is_repeated else 1)
        rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
        return "\n".join(str(row[3]) for row in rows)

    yield plan
    connection.close()


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("keys_known", ["SEARCH publication_key USING PRIMARY KEY (connector=? AND key=?)"]),
        ("due", ["SEARCH owed USING INDEX owed_due (subscription=? AND due<?)"]),
        ("events_due", ["SEARCH event USING INTEGER PRIMARY"]),
        ("due_ordered", ["owed_due (subscription=? AND due<?)", "owed_order (subscription=? AND order_key=? AND"]),
        ("next_due", ["SEARCH owed USING COVERING INDEX owed_due (subscription=?)"]),
        ("debt_claimed", ["SEARCH owed USING PRIMARY KEY (subscription=? AND event=?)"]),
        ("debt_waits", ["SEARCH owed USING PRIMARY KEY (subscription=? AND event=?)"]),
        ("debt_deleted", ["SEARCH owed USING PRIMARY KEY (subscription=? AND event=?)"]),
        ("debt_ended", ["SEARCH owed USING PRIMARY KEY (subscription=? AND event=?)"]),
        ("debt_postponed", ["SEARCH owed USING PRIMARY KEY (subscription=? AND event=?)"]),
        ("debt_released", ["SEARCH owed USING PRIMARY KEY (subscription=? AND event=?)"]),
        ("finals_known", ["SEARCH attempt USING INDEX attempt_delivery (subscription=? AND event=?)"]),
        ("lane_paces", ["SEARCH lane USING INTEGER PRIMARY KEY"]),
        ("debt_further_on", ["SEARCH owed USING PRIMARY KEY ((subscription,event)>(?,?))"]),
        ("debts_freed", ["SEARCH owed USING PRIMARY KEY ((subscription,event)>(?,?) AND (subscription,event)<(?,?))"]),
        ("backlog", ["owed_due (subscription>?)", "owed_due (subscription=?)"]),
        ("newest_identifier", ["SEARCH event", "SEARCH attempt"]),
        ("debts_expired", ["SEARCH owed USING PRIMARY KEY (subscription=? AND event<?)"]),
        ("attempts_expired", ["SEARCH attempt USING INTEGER PRIMARY KEY (rowid<?)"]),
        ("keys_expired", ["publication_key_at (at<?)"]),
        ("events_expired", ["SEARCH event USING INTEGER PRIMARY KEY (rowid<?)"]),
        ("subscriptions_changed", ["subscription_changes (version>?)"]),
        ("subscriptions_of_subject", ["subscription_subject (kind=? AND object=? AND number>?)"]),
        ("events_listed", ["SEARCH event USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"]),
        ("deliveries_listed", ["owed USING PRIMARY KEY (subscription=? AND event<?)", "attempt_delivery"]),
        ("attempts_listed", ["attempt_delivery (subscription=? AND event=? AND rowid<?)"]),
        ("finals_looked_at", ["SEARCH attempt USING COVERING INDEX attempt_delivery (subscription=? AND event>?"]),
        ("finals_found", ["attempt_delivery (subscription=? AND event>? AND event<?)"]),
    ],
)
async def test_a_hot_statement_goes_by_its_index(plans: Callable[[str], str], name: str, wanted: list[str]) -> None:
    plan = plans(name)

    for step in wanted:
        assert step in plan
    scanned = [line for line in plan.splitlines() if line.startswith("SCAN ")]
    assert not [line for line in scanned if line.split()[1] in ("owed", "event", "attempt", "subscription")]
