"""Reports on a schedule: a year in three time zones, and one report from its time to the files behind its callbacks."""

import asyncio
import calendar
import contextlib
import io
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import openpyxl  # type: ignore[import-untyped]  # it ships no types
import pypdf
import pytest
from standardwebhooks import Webhook

from tests.journey.conftest import REAL, House
from tests.web.conversation import ask
from tidings.access.scope import REPORTS_READ
from tidings.app.compose import opened
from tidings.app.parts import Parts
from tidings.app.serve import served
from tidings.app.settings import load
from tidings.core.clock import HOUR, MINUTE, SECOND
from tidings.core.event import Subject
from tidings.core.report import Content, ReportAuthor, ReportFormat, ReportQuery, ReportRole, ReportTask, TaskDraft
from tidings.core.vault import new_key
from tidings.outbox.terms import Terms
from tidings.testing.authority import Authority
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import Endpoint

CHIEF = ReportAuthor(id="p-chief", role=ReportRole.ADMINISTRATOR)
SALES = Content(
    html="<h1>{{ title }}</h1>{% for row in data.sales %}<p>{{ row.region }}: {{ row.amount }}</p>{% endfor %}",
    queries=(ReportQuery(name="sales", sql="SELECT 'North' AS region, 42 AS amount UNION ALL SELECT 'South', 7"),),
)
BERLIN, NEW_YORK, LORD_HOWE = map(ZoneInfo, ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe"))
YEAR = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
MONTH_ENDS = [day for day in YEAR if (day + timedelta(days=1)).day == 1]
SUNDAYS = [day for day in YEAR if day.weekday() == calendar.SUNDAY]
QUARTERS = [date(2026, month, 4) for month in (1, 4, 7, 10)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What is asked for, and the days and local time that it must run at."""

    frequency: str
    cron: str = ""
    zone: ZoneInfo
    days: Sequence[date]
    at: tuple[int, int]


# All of these times are skipped once by the clocks of their zone, or come twice, but the second: in Berlin and New York
# for an hour, on Lord Howe for half of one.
SCHEDULES = {
    "daily": Schedule(frequency="Daily", zone=BERLIN, days=YEAR, at=(2, 30)),
    "monthly": Schedule(frequency="Monthly", zone=NEW_YORK, days=MONTH_ENDS, at=(18, 45)),
    "weekly": Schedule(frequency="Weekly", zone=NEW_YORK, days=SUNDAYS, at=(2, 30)),
    "quarterly": Schedule(frequency="Quarterly", zone=LORD_HOWE, days=QUARTERS, at=(2, 15)),
    "cron": Schedule(frequency="Cron", cron="45 1 * * *", zone=LORD_HOWE, days=YEAR, at=(1, 45)),
}
# In UTC, as the tables of time zones have it: after a gap, and the first of two.
KNOWN = {
    "daily": ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30", "2026-10-25T00:30", "2026-10-26T01:30"],
    "monthly": ["2026-02-28T23:45", "2026-03-31T22:45", "2026-12-31T23:45"],
    "weekly": ["2026-03-01T07:30", "2026-03-08T07:00", "2026-03-15T06:30"],
    "quarterly": ["2026-01-03T15:15", "2026-10-03T15:30"],
    "cron": ["2026-04-03T14:45", "2026-04-04T14:45", "2026-04-05T15:15", "2026-10-03T15:15", "2026-10-04T14:45"],
}


def instants(schedule: Schedule) -> list[int]:
    """When it must run in the year: on each day, the first minute at which local clocks are that far."""
    # The clock that is most ahead in the year is that far first.
    ahead = max(datetime(2026, month, 15, tzinfo=schedule.zone).utcoffset() or timedelta() for month in (1, 7))
    found = []
    for day in schedule.days:
        wanted = datetime.combine(day, time(*schedule.at))
        instant = wanted.replace(tzinfo=UTC) - ahead
        while instant.astimezone(schedule.zone).replace(tzinfo=None) < wanted:
            instant += timedelta(minutes=1)
        found.append(milliseconds(instant))
    return found


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * SECOND)


async def make_task(parts: Parts, template: str, name: str) -> str:
    schedule = SCHEDULES[name]
    start = datetime.combine(schedule.days[0], time(*schedule.at), tzinfo=schedule.zone)
    draft = TaskDraft(
        title=name,
        template=template,
        frequency=schedule.frequency,
        cron=schedule.cron,
        time_zone=schedule.zone.key,
        start_on=milliseconds(start),
        end_on=milliseconds(datetime(2026, 12, 31, 23, 59, tzinfo=schedule.zone)),
    )
    return (await parts.reports.tasks.create(draft, author=CHIEF)).id


async def test_two_installations_run_each_window_of_a_year_once(
    new_postgresql_database: Callable[[str], str], migrated: str, tmp_path: Path
) -> None:
    clock = ManualClock(milliseconds(datetime(2025, 12, 31, tzinfo=UTC)))
    settings = load({}, folder=tmp_path, database=new_postgresql_database(migrated), secret_key=new_key())
    async with opened(settings, clock=clock) as one, opened(settings, clock=clock) as other:
        template = (await one.reports.templates.create("Sales", SALES, author=CHIEF)).id
        tasks = {name: await make_task(one, template, name) for name in SCHEDULES}
        wanted = {name: instants(schedule) for name, schedule in SCHEDULES.items()}

        for number, instant in enumerate(sorted(set().union(*wanted.values()))):
            await clock.jump(instant - clock.now())
            await asyncio.gather(one.reports.scheduling.step(), other.reports.scheduling.step())
            if number % 50 == 0:  # a clock that was wrong, on both machines
                await clock.jump(-3 * HOUR)
                await asyncio.gather(one.reports.scheduling.mend(), other.reports.scheduling.mend())
                await asyncio.gather(one.reports.scheduling.step(), other.reports.scheduling.step())
        await clock.jump(48 * HOUR)
        left = [await one.reports.scheduling.step(), await other.reports.scheduling.step()]
        reports = {name: (await one.reports.history.list(task=task, most=500))[0] for name, task in tasks.items()}

    assert left == [0, 0]
    due = {name: [run.due_at for run in reversed(found)] for name, found in reports.items()}
    assert due == wanted
    assert [len(due[name]) for name in SCHEDULES] == [365, 12, 52, 4, 365]
    for name, known in KNOWN.items():
        assert {milliseconds(datetime.fromisoformat(f"{one}+00:00")) for one in known} <= set(due[name])


class Newsroom(House):
    """A server whose webhooks lead to one endpoint, by TLS."""

    endpoint: Endpoint
    secrets: dict[str, str]

    async def subscribe(self, name: str, subject: Subject, *types: str, **more: str) -> None:
        terms = Terms(types=types, url=f"{self.endpoint.url}{name}", **more)  # type: ignore[arg-type]  # texts alone
        _, secret = await self.parts.subscribing.create(subject, terms, connector="shop", owner="")
        self.secrets[name] = secret.text

    def told(self, name: str) -> list[dict[str, Any]]:
        """What a webhook was told, with a signature that its readers accept."""
        requests = [one for one in self.endpoint.requests if one.target == f"/{name}"]
        return [Webhook(self.secrets[name]).verify(one.body, dict(one.headers)) for one in requests]


@pytest.fixture
async def newsroom(tmp_path: Path) -> AsyncIterator[Newsroom]:
    # The verifiers of other people know the machine's time only.
    clock, authority = ManualClock(REAL.now()), Authority(tmp_path)
    settings = load(
        {},
        folder=tmp_path,
        database=f"sqlite:{tmp_path / 'tidings.db'}",
        port="0",
        secret_key=new_key(),
        egress_allow="127.0.0.1/32",
        egress_ca=str(authority.ca_file),
    )
    tls = authority.issue("127.0.0.1").server_context()
    async with contextlib.AsyncExitStack() as stack:
        endpoint = await stack.enter_async_context(Endpoint(tls=tls))
        server = await stack.enter_async_context(served(settings, clock=clock))
        house = Newsroom(server.parts, clock, tls=tls)
        house.endpoint, house.secrets = endpoint, {}
        yield house


def iso(instant: int) -> str:
    return datetime.fromtimestamp(instant / SECOND, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def overview(newsroom: Newsroom, *, start: int) -> ReportTask:
    """A task, and a webhook that hears of it before, one of its tag after, and one of its template all there is."""
    reports = newsroom.parts.reports
    template = await reports.templates.create("Sales", SALES, author=CHIEF)
    tag = await reports.tags.create("sales", CHIEF)
    draft = TaskDraft(
        title="Weekly sales overview",
        template=template.id,
        frequency="weekly",
        start_on=start,
        formats=(ReportFormat.PDF, ReportFormat.XLSX),
        tags=(tag.id,),
    )
    task = await reports.tasks.create(draft, author=CHIEF)
    await newsroom.subscribe("before", Subject("ReportTask", task.id), "preReportTask")
    await newsroom.subscribe("after", Subject("ReportTag", tag.id), "postReportTask")
    about = Subject("ReportTemplate", template.id)
    await newsroom.subscribe("extended", about, "postReportTask", format="connectreport-extended")
    return task


async def test_a_report_is_made_at_its_time_and_told_as_connectreport_tells_it(newsroom: Newsroom) -> None:
    reports, clock = newsroom.parts.reports, newsroom.clock
    start = clock.now() + MINUTE
    task = await overview(newsroom, start=start)

    await clock.advance(MINUTE - SECOND)
    too_early = list(newsroom.endpoint.requests)
    # Clerk and press begin, and take real time: the clock goes no further ahead than receivers allow.
    await newsroom.reaches(lambda: len(newsroom.endpoint.requests) >= 3, by=20)

    [before], [after], [extended] = map(newsroom.told, ("before", "after", "extended"))
    [report], _ = await reports.history.list(task=task.id)
    told = {
        "id": report.id,
        "title": "Weekly sales overview",
        "reportTaskId": task.id,
        "templateId": task.template,
        "startOn": iso(start),
        "frequency": "Weekly",
        "createdAt": iso(task.made_at),
        "lastSavedAt": iso(task.saved_at),
        "templateHtml": SALES.html,
    }
    assert too_early == []
    assert before == {"trigger": "preReportTask", "reportTask": told}
    assert report.completed_at is not None
    completed = iso(report.completed_at)
    assert after == {"trigger": "postReportTask", "status": "success", "completedAt": completed, "reportTask": told}
    assert {name: value for name, value in extended.items() if name != "tidings"} == after
    assert (report.due_at, (await reports.tasks.get(task.id)).next_at) == (start, start + 7 * 24 * HOUR)
    await _is_as_it_was_told(newsroom, extended, report=report.id)


async def _is_as_it_was_told(newsroom: Newsroom, told: dict[str, Any], *, report: str) -> None:
    """The API knows the report by that id, and the links lead to files that other programs read."""
    connector = await newsroom.parts.access.create_connector("Reader", actor="test", scopes=(REPORTS_READ,))
    key = await newsroom.parts.access.create_key(connector.id, actor="test", scopes=(REPORTS_READ,))
    found = await newsroom.call(f"GET /api/v1/reports/{told['reportTask']['id']}", headers={"X-API-KEY": key})
    pdf, xlsx = [await _fetched(newsroom, one["url"]) for one in told["tidings"]["artefacts"]]

    assert (found["id"], [tag["title"] for tag in found["tags"]]) == (report, ["sales"])
    assert "South: 7" in pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    [sheet, *_] = openpyxl.load_workbook(io.BytesIO(xlsx)).worksheets
    assert list(sheet.iter_rows(values_only=True))[-2:] == [("North", 42), ("South", 7)]


async def _fetched(newsroom: Newsroom, url: str) -> bytes:
    """A file, as somebody has it who was given its link and has no token."""
    link = urlsplit(url)
    answer = await ask(newsroom.parts.settings.port, f"GET {link.path}?{link.query}")
    assert answer.status == 200, answer.body
    return answer.body
