"""A house in which reports have been made: kept as runs keep them, without a process that makes any."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from tests.console.house import ConsoleHouse
from tidings.app.parts import Parts
from tidings.app.serve import served
from tidings.app.settings import load
from tidings.core.clock import MINUTE, SECOND, Clock
from tidings.core.report import (
    Cause,
    Content,
    Filter,
    Report,
    ReportAuthor,
    ReportFile,
    ReportFormat,
    ReportQuery,
    ReportRole,
    ReportState,
    ReportTask,
    TaskDraft,
)
from tidings.core.vault import new_key
from tidings.store.report_files import FileStore, finishing
from tidings.store.reports import ReportStore, Tried, adding, ending, tried
from tidings.testing.clock import ManualClock

HOSTILE = "<script>alert(1)</script>"
PRESS = ReportAuthor(id="press", role=ReportRole.ADMINISTRATOR)
FILE = b"%PDF-1.7 of the sales"
REAL = Clock()


@contextlib.asynccontextmanager
async def opened_report_house(folder: Path) -> AsyncIterator[ConsoleHouse]:
    clock = ManualClock(REAL.now())
    settings = load(
        {},
        folder=folder,
        database=f"sqlite:{folder / 'tidings.db'}",
        port="0",
        secret_key=new_key(),
        roles="api",
        egress_allow="127.0.0.1/32",
        egress_http="on",
    )
    async with (
        served(settings, clock=clock) as server,
        httpx.AsyncClient(base_url=server.url, headers={"accept": "text/html"}) as stranger,
        ConsoleHouse(server, clock=clock, stranger=stranger) as house,
    ):
        yield house


async def task_of(parts: Parts, *, title: str = "Weekly sales", trigger: str = "", tag: str = "") -> ReportTask:
    reports = parts.reports
    template = await reports.templates.create(
        "Sales",
        Content(html="<p>{{ title }}</p>", queries=(ReportQuery(name="sales", sql="SELECT 1 AS region"),)),
        author=PRESS,
    )
    tags = ((await reports.tags.create(tag, PRESS)).id,) if tag else ()
    draft = TaskDraft(title=title, template=template.id, frequency="Weekly", trigger=trigger, tags=tags)
    return await reports.tasks.create(draft, author=PRESS)


async def reported(
    parts: Parts,
    task: ReportTask,
    *,
    report: str,
    state: ReportState = ReportState.SUCCESS,
    error: str = "",
    is_dry: bool = False,
    now: int = 0,
) -> Report:
    """A run that is over; one that succeeded has a PDF, whose id is the report's.

    With a `now` that is to come, nobody else takes it.
    """
    now, store = now or parts.clock.now(), ReportStore(parts.database)
    cycled = (Filter(field="region", values=("Pune",)),)
    await store.write(
        *adding(report, task, cause=Cause.ASKED, claim=report, due_at=now, now=now, is_dry=is_dry, cycled=cycled)
    )
    if state is ReportState.QUEUED:
        return await store.get(report)
    run = await store.take(owner=1, now=now + SECOND)
    assert run is not None
    assert run.id == report
    over = now + MINUTE
    attempt = Tried(number=1, began_at=now + SECOND, ended_at=over, outcome=state.value, error=error, reading_ms=420)
    await store.write(tried(report, attempt), ending(run, state=state, at=over, rows=12_345, error=error))
    if state is ReportState.SUCCESS:
        await _filed(parts, report)
    return await store.get(report)


async def _filed(parts: Parts, report: str) -> None:
    files = FileStore(parts.database)
    name = "Verkäufe & mehr.pdf"
    await files.begin(
        ReportFile(
            id=report, report=report, format=ReportFormat.PDF, name=name, size=len(FILE), made_at=parts.clock.now()
        )
    )
    await files.add(report, number=0, data=FILE)
    await parts.database.write(finishing(report))
