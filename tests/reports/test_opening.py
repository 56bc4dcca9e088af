"""Reports as an installation runs them: by itself, with processes of their own, beside its deliveries."""

import asyncio
from pathlib import Path

from tests.reports.newsroom import CHIEF, NUMBERS, REAL
from tidings.app.compose import opened, running
from tidings.app.settings import load
from tidings.core.clock import MINUTE, SECOND
from tidings.core.report import Content, Report, ReportFormat, ReportQuery, TaskDraft
from tidings.core.vault import new_key
from tidings.testing.clock import ManualClock


async def test_a_task_runs_by_itself_when_its_time_comes(database_url: str, tmp_path: Path) -> None:
    clock = ManualClock(REAL.now())
    settings = load({}, folder=tmp_path, database=database_url, secret_key=new_key(), roles="report")
    async with opened(settings, clock=clock, is_serving=True) as parts, running(parts):
        reports = parts.reports
        content = Content(html="", queries=(ReportQuery(name="numbers", sql=NUMBERS),))
        template = await reports.templates.create("Numbers", content, author=CHIEF)
        draft = TaskDraft(
            title="Sales",
            template=template.id,
            frequency="Once",
            start_on=clock.now() + MINUTE,
            formats=(ReportFormat.CSV,),
        )
        task = await reports.tasks.create(draft, author=CHIEF)
        await clock.jump(MINUTE)

        async def made() -> list[Report]:
            found, _ = await reports.history.list(task=task.id)
            return [one for one in found if one.state == "success"]

        async with asyncio.timeout(60):
            while not await made():
                await clock.advance(SECOND)
                await REAL.sleep(0.01)  # a process begins, and takes real time

        [report] = await made()
        [file] = await reports.history.files(report)
        text = b"".join([piece async for piece in reports.files.chunks(file.id)]).decode()

    assert text.split() == ["n,region", "1,North", "2,South"]
    assert (parts.reports.running.in_flight, dict(parts.reports.running.ended)) == (0, {"success": 1})
