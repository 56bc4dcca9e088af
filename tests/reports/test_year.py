"""A year of schedules in three time zones, with a clock that is moved: every window once, at its local time."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.reports.newsroom import CHIEF, NUMBERS
from tidings.core.clock import DAY, HOUR
from tidings.core.report import Content, ReportQuery, TaskDraft
from tidings.reports.scheduling import Scheduling
from tidings.reports.tasks import Tasks
from tidings.reports.templates import Templates
from tidings.store.database import Database
from tidings.store.open import open_database
from tidings.store.report_tasks import ReportTasks
from tidings.store.reports import ReportStore, Wish
from tidings.testing.clock import ManualClock

ZONES = ("Asia/Kolkata", "Europe/Berlin", "America/New_York")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await open_database(f"sqlite:{tmp_path / 'tidings.db'}", clock=ManualClock())
    await database.migrate()
    yield database
    await database.close()


async def local_runs(database: Database, task: str, zone: str) -> list[datetime]:
    """When a task was due, in its own time, the oldest first."""
    found, _ = await ReportStore(database).list(Wish(task=task), skip=0, most=500)
    return [datetime.fromtimestamp(one.due_at / 1_000, UTC).astimezone(ZoneInfo(zone)) for one in reversed(found)]


async def test_a_year_has_each_day_and_each_month_once_in_every_zone(database: Database) -> None:
    clock = ManualClock()
    template = await Templates(database, clock).create(
        "Numbers", Content(html="", queries=(ReportQuery(name="numbers", sql=NUMBERS),)), author=CHIEF
    )
    # Half past two in the morning of January 1st: the hour that the clock leaves out, or has twice.
    starts = {zone: round(datetime(2026, 1, 1, 2, 30, tzinfo=ZoneInfo(zone)).timestamp() * 1_000) for zone in ZONES}
    await clock.jump(min(starts.values()) - clock.now())
    made = {}
    for zone, start in starts.items():
        for frequency in ("Daily", "Monthly"):
            draft = TaskDraft(title="T", template=template.id, frequency=frequency, time_zone=zone, start_on=start)
            made[zone, frequency] = (await Tasks(database, clock).create(draft, author=CHIEF)).id
    scheduling = Scheduling(ReportStore(database), tasks=ReportTasks(database), clock=clock, on_queued=lambda: None)

    for half_day in range(2 * 365):
        while await scheduling.step():
            continue
        await clock.jump(DAY // 2)
        if half_day % 100 == 50:  # somebody sets the clock back, and on again
            await clock.jump(-HOUR)
            await scheduling.step()
            await clock.jump(HOUR)

    for zone in ZONES:
        days = await local_runs(database, made[zone, "Daily"], zone)
        months = await local_runs(database, made[zone, "Monthly"], zone)
        assert len(days) == len({one.date() for one in days}) == 365
        assert {(one.hour, one.minute) for one in days} <= {(2, 30), (3, 0)}
        assert sum(one.hour == 3 for one in days) <= 1
        assert [(one.month, one.day) for one in months] == [(number, 1) for number in range(1, 13)]
