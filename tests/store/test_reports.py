"""Runs and files of reports as they are kept: whoever takes one has it alone, and lists find what they name."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import asyncpg
import pytest

from tests.store.conftest import Opener
from tidings.core.clock import Clock
from tidings.core.errors import Conflict, NotFound
from tidings.core.report import Cause, Filter, JobState, ReportFile, ReportFormat, ReportState, ReportTask
from tidings.store import reports as keeping
from tidings.store.database import Database
from tidings.store.media import CHUNK
from tidings.store.open import open_database
from tidings.store.report_files import FileStore, JobStore, Order, finishing
from tidings.store.reports import ReportStore, Run, Tried, Wish
from tidings.store.statements import statements

NORTH = (Filter(field="region", values=("North", 7, None)),)


def task(**changed: object) -> ReportTask:
    told = {
        "id": "t-1",
        "title": "Sales",
        "template": "m-1",
        "frequency": "Daily",
        "owner": "p-1",
        "is_waiting": False,
        "made_at": 1,
        "saved_at": 1,
        "next_at": None,
    } | changed
    return ReportTask(**told)  # type: ignore[arg-type]  # the test names real fields


@pytest.fixture
def store(database: Database) -> ReportStore:
    return ReportStore(database)


async def add(
    store: ReportStore,
    of: ReportTask | None = None,
    *,
    claim: str = "",
    now: int = 1_000,
    is_dry: bool = False,
    cycled: tuple[Filter, ...] = (),
) -> str:
    report = str(uuid.uuid4())
    statements_ = keeping.adding(
        report,
        of or task(),
        cause=Cause.SCHEDULE,
        claim=claim or report,
        due_at=now,
        now=now,
        is_dry=is_dry,
        cycled=cycled,
    )
    await store.write(*statements_)
    return report


async def take(store: ReportStore, owner: int, *, now: int = 9_000) -> Run:
    run = await store.take(owner=owner, now=now)
    assert run is not None
    return run


async def test_a_claim_is_kept_once_and_once_for_each_value_of_a_cycle(store: ReportStore) -> None:
    first = await add(store, task(tags=("a", "b")), claim="at:1")
    await add(store, task(tags=("c",)), claim="at:1", now=2_000)
    cycled = await add(store, claim="at:1", cycled=NORTH)
    await add(store, task(id="t-2"), claim="at:1")

    found, total = await store.list(Wish(task="t-1"), skip=0, most=10)

    assert {one.id for one in found} == {first, cycled}
    assert total == 2
    assert (await store.get(cycled)).cycled == NORTH
    assert (await store.get(first)).tags == ("a", "b")
    assert await store.list(Wish(tag="c"), skip=0, most=10) == ([], 0)


async def test_the_queue_gives_the_most_urgent_and_of_those_the_oldest_when_its_time_has_come(
    store: ReportStore, owner: int
) -> None:
    later = await add(store, task(priority=10), now=5_000)
    young, old = await add(store, now=2_000), await add(store, now=1_000)

    taken = [(await take(store, owner, now=4_000)).id for _ in range(2)]
    is_due = [await store.is_due(now=4_000), await store.is_due(now=5_000)]
    nothing = await store.take(owner=owner, now=4_000)
    last = await take(store, owner, now=5_000)

    assert taken == [old, young]
    assert (nothing, is_due) == (None, [False, True])
    assert (last.id, last.state, last.attempt, last.began_at) == (later, ReportState.RUNNING, 1, 5_000)
    assert await store.running(owner=owner) == {old, young, later}


async def test_takers_never_get_the_same_run(store: ReportStore, open_store: Opener, owner: int) -> None:
    other = ReportStore(await open_store())
    reports = {await add(store, now=number) for number in range(12)}

    taken = await asyncio.gather(*(take(one, owner) for one in [store, other] * 6))

    assert {run.id for run in taken} == reports


async def test_only_the_attempt_that_is_under_way_ends_a_run(store: ReportStore, owner: int) -> None:
    await add(store)
    first = await take(store, owner)
    await store.write(keeping.postponing(first, retry_at=2_000, error="away"))
    second = await take(store, owner)

    for late in (
        keeping.ending(first, state=ReportState.FAILURE, at=3_000),
        keeping.postponing(first, retry_at=0, error=""),
        keeping.giving_back(first),
        keeping.telling(first, gate_since=0),
    ):
        with pytest.raises(Conflict):
            await store.write(late)
    tried = Tried(number=2, began_at=2_000, ended_at=3_000, outcome="success", reading_ms=5, rows=3)
    await store.write(
        keeping.ending(second, state=ReportState.SUCCESS, at=3_000, rows=3), keeping.tried(second.id, tried)
    )

    ended = await store.get(second.id)
    assert (ended.state, ended.attempt, ended.rows, ended.completed_at) == (ReportState.SUCCESS, 2, 3, 3_000)
    assert await store.attempts(second.id) == [tried]
    with pytest.raises(Conflict):
        await store.write(keeping.cancelling(second.id, at=4_000, error="no"))


async def test_what_an_owner_that_is_gone_has_is_found_and_what_moved_is_not(
    store: ReportStore, database: Database, owner: int
) -> None:
    lost, moved = await add(store, now=1), await add(store, now=2)
    dead = await database.enrol()
    first = await take(store, dead)
    await store.move(before=dead, owner=owner)
    second = await take(store, dead)

    await database.retire(dead)
    [found] = await store.lost(most=10)
    await store.write(keeping.finding(found, now=3, error="gone"))
    again = await take(store, owner)

    assert (first.id, second.id, found.id) == (lost, moved, moved)
    assert (again.id, again.attempt, again.losses, again.failures) == (moved, 2, 1, 0)
    assert await store.lost(most=10) == []


async def test_lists_are_by_what_they_name_and_newest_first(store: ReportStore, owner: int) -> None:
    north = await add(store, task(tags=("sales",)), now=1)
    south = await add(store, task(id="t-2", template="m-2", tags=("sales",)), now=2)
    dry = await add(store, now=3, is_dry=True)
    for at in (4, 5):
        await store.write(keeping.ending(await take(store, owner), state=ReportState.SUCCESS, at=at))
    await store.write(keeping.ending(await take(store, owner), state=ReportState.SUCCESS, at=6))

    async def listed(**wish: object) -> tuple[list[str], int]:
        found, total = await store.list(Wish(**wish), skip=0, most=2)  # type: ignore[arg-type]  # real fields
        return [one.id for one in found], total

    assert await listed() == ([dry, south], 3)
    assert await listed(task="t-1") == ([dry, north], 2)
    assert await listed(template="m-2") == ([south], 1)
    assert await listed(tag="sales") == ([south, north], 2)
    assert await listed(tag="sales", task="t-1") == ([north], 1)
    assert await listed(tag="sales", template="m-2", state="success") == ([south], 1)
    assert await listed(is_published=True) == ([south, north], 2)
    assert await listed(state="success", is_published=True) == ([south, north], 2)
    assert await listed(is_published=False) == ([dry], 1)
    assert await listed(state="queued") == ([], 0)
    assert [one.id for one in (await store.list(Wish(), skip=2, most=2))[0]] == [north]
    assert await store.standing() == {"queued": 0, "running": 0}


async def test_a_file_is_seen_when_it_is_whole_and_gone_when_it_is_dropped(database: Database) -> None:
    files = FileStore(database)
    file = ReportFile(id="f-1", report="r-1", format=ReportFormat.CSV, name="a.csv", size=CHUNK + 1, made_at=5)
    await files.begin(file)
    await files.add("f-1", number=0, data=b"a" * CHUNK)
    await files.add("f-1", number=1, data=b"b")

    with pytest.raises(NotFound):
        await files.get("f-1")
    await database.write(finishing("f-1"))
    kept = await files.get("f-1")
    await files.begin(ReportFile(id="f-2", report="r-1", format=ReportFormat.PDF, name="a.pdf", size=0, made_at=5))
    await files.drop_unfinished(before=6)

    assert kept == file
    assert await files.of("r-1") == [file]
    assert [await files.chunk("f-1", number) for number in (0, 1)] == [b"a" * CHUNK, b"b"]
    await files.drop_of("r-1")
    assert await files.of("r-1") == []
    with pytest.raises(NotFound):
        await files.chunk("f-1", 0)


async def test_a_render_is_taken_once_and_ends_with_its_file(database: Database, owner: int) -> None:
    jobs, files = JobStore(database), FileStore(database)
    order = Order(
        id="j-1",
        report="",
        template="m-1",
        version=3,
        format=ReportFormat.CSV,
        parameters={"a": 1, "b": None},
        filters=NORTH,
    )
    asked = await jobs.add(order, author="p-1", at=5)

    taken = [await jobs.take(owner=owner), await jobs.take(owner=owner)]
    await files.begin(
        ReportFile(id="f-1", report="", format=ReportFormat.CSV, name="a.csv", size=0, made_at=6), job="j-1"
    )
    await jobs.end("j-1", file="f-1")

    assert asked.state is JobState.PENDING
    assert taken == [order, None]
    assert (await jobs.get("j-1")).state is JobState.COMPLETE
    assert (await files.get("f-1")).report == ""
    assert await jobs.files("j-1") == ["f-1"]
    assert await jobs.old(before=6, most=10) == ["j-1"]


# How each statement begins, as SQLite tells it, whatever there is to be found.
PLANS = {
    "report_next": "SCAN report USING INDEX report_queue",
    "report_taken": "SCAN report USING INDEX report_queue",
    "reports_lost": "SEARCH report USING INDEX report_in_state (state=?)",
    "reports_running": "SEARCH report USING INDEX report_running (owner=?)",
    "reports": "SCAN report USING INDEX report_newest",
    "reports_in_state": "SEARCH report USING INDEX report_in_state (state=?)",
    "reports_of_task": "SEARCH report USING INDEX report_of_task (task=?)",
    "reports_of_template": "SEARCH report USING INDEX report_of_template (template=?)",
    "reports_with_tag": "SEARCH report_with_tag USING COVERING INDEX sqlite_autoindex_report_with_tag_1 (tag=?)",
    "reports_old": "SEARCH report USING INDEX report_newest (queued_at<?)",
    "report_job_next": "SCAN report_job USING INDEX report_job_waiting",
    "report_jobs_dead": "SCAN report_job USING INDEX report_job_waiting",
    "report_files": "SEARCH report_file USING INDEX report_file_of (report=?)",
    "report_files_unfinished": "SEARCH report_file USING INDEX report_file_unfinished (made_at<?)",
    "report_files_of_job": "SEARCH report_file USING INDEX report_file_of_job (job=?)",
    "report_answers": "SEARCH attempt USING INDEX attempt_delivery (subscription=? AND event=?)",
}


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[apsw.Connection]:
    database = await open_database(f"sqlite:{tmp_path / 'plans.db'}", clock=Clock())
    await database.migrate()
    await database.close()
    opened = apsw.Connection(str(tmp_path / "plans.db"))
    yield opened
    opened.close()


async def test_sqlite_goes_by_the_indexes(connection: apsw.Connection) -> None:
    for name, expected in PLANS.items():
        text = statements("sqlite")[name]
        rows = connection.execute(f"EXPLAIN QUERY PLAN {text.sql}", [None] * len(text.parameters)).fetchall()
        steps = [str(row[3]) for row in rows]

        assert any(step.startswith(expected) for step in steps), (name, steps)
        assert not any("ORDER BY" in step for step in steps), (name, steps)


async def test_postgresql_goes_by_the_indexes(database: Database, database_url: str, store: ReportStore) -> None:
    if database.engine == "sqlite":
        return
    await asyncio.gather(*(add(store, task(id=f"t-{number}"), now=number) for number in range(300)))
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("ANALYZE report")
        for question, index in (
            ("state = 'queued' AND retry_at <= 9 ORDER BY priority DESC, queued_at, id LIMIT 1", "report_queue"),
            ("task = 't-7' ORDER BY queued_at DESC, id DESC LIMIT 20", "report_of_task"),
            ("state = 'running' AND owner = 7", "report_running"),
            ("queued_at < 3 ORDER BY queued_at, id LIMIT 50", "report_newest"),
        ):
            plan = "\n".join(
                row[0]
                for row in await connection.fetch(f"EXPLAIN SELECT id FROM report WHERE {question}")  # noqa: S608 - from above
            )
            assert index in plan, plan
    finally:
        await connection.close()
