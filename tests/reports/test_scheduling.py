"""Scheduling: each window is queued once, whatever clocks and other processes do."""

import asyncio
import contextlib
from pathlib import Path

import apsw
from msgspec.structs import replace

from tests.reports.newsroom import CHIEF, Newsroom
from tidings.core.clock import DAY, HOUR, MINUTE, SECOND
from tidings.core.report import Cause, Missed, TaskDraft
from tidings.reports.scheduling import Scheduling
from tidings.store.report_tasks import ReportTasks, task_scheduled


async def queued(newsroom: Newsroom) -> int:
    """Queue what is due; how many tasks that were."""
    count = 0
    while step := await newsroom.reports.scheduling.step():
        count += step
    return count


async def test_a_window_is_queued_when_it_comes_and_once(newsroom: Newsroom) -> None:
    start = newsroom.clock.now() + HOUR
    task = await newsroom.task(frequency="Daily", start_on=start)

    before = await queued(newsroom)
    await newsroom.later(HOUR)
    counts = [await queued(newsroom), await queued(newsroom)]

    [report] = await newsroom.reports_of(task)
    assert (before, counts) == (0, [1, 0])
    assert (report.cause, report.due_at) == (Cause.SCHEDULE, start)
    assert (await newsroom.reports.tasks.get(task.id)).next_at == start + DAY


async def test_of_windows_that_were_missed_the_newest_is_made_up_for_or_none(newsroom: Newsroom) -> None:
    start = newsroom.clock.now() + HOUR
    once = await newsroom.task(frequency="Hourly", start_on=start)
    never = await newsroom.task(frequency="Hourly", start_on=start, missed=Missed.SKIP)

    await newsroom.later(5 * HOUR + 10 * MINUTE)
    await queued(newsroom)
    missed = [[one.due_at for one in await newsroom.reports_of(task)] for task in (once, never)]
    await newsroom.later(HOUR - 10 * MINUTE + SECOND)
    await queued(newsroom)

    assert missed == [[start + 4 * HOUR], []]
    assert [one.due_at for one in await newsroom.reports_of(never)] == [start + 5 * HOUR]


async def test_a_clock_that_jumps_on_and_back_runs_no_window_twice(newsroom: Newsroom) -> None:
    start = newsroom.clock.now() + HOUR
    task = await newsroom.task(frequency="Hourly", start_on=start)
    await newsroom.later(HOUR)
    await queued(newsroom)

    # What a clock that was set back and a task that was then saved anew would come to.
    await newsroom.parts.database.write(task_scheduled(task.id, next_at=start))
    again = await queued(newsroom)

    assert again == 1
    assert len(await newsroom.reports_of(task)) == 1
    assert (await newsroom.reports.tasks.get(task.id)).next_at == start + HOUR


async def test_a_task_that_a_clock_far_ahead_put_off_is_due_when_it_should_be(newsroom: Newsroom) -> None:
    start = newsroom.clock.now() + HOUR
    task = await newsroom.task(frequency="Hourly", start_on=start)
    await newsroom.later(HOUR)
    await queued(newsroom)
    await newsroom.parts.database.write(task_scheduled(task.id, next_at=start + 400 * DAY))

    await newsroom.reports.scheduling.mend()

    assert (await newsroom.reports.tasks.get(task.id)).next_at == start + HOUR
    assert await queued(newsroom) == 0


async def test_a_task_that_cannot_be_reckoned_any_more_stands_still_and_holds_up_no_other(
    newsroom: Newsroom, tmp_path: Path
) -> None:
    start = newsroom.clock.now() + HOUR
    lost = await newsroom.task(frequency="Daily", start_on=start)
    with contextlib.closing(apsw.Connection(str(tmp_path / "tidings.db"))) as connection:
        connection.set_busy_timeout(5_000)
        connection.execute("""UPDATE report_task SET draft = replace(draft, '"UTC"', '"Mars/Olympus"')""")
    other = await newsroom.task(frequency="Daily", start_on=start)

    await newsroom.later(HOUR)
    counts = [await newsroom.reports.scheduling.step() for _ in range(2)]

    assert counts == [2, 0]
    assert [len(await newsroom.reports_of(task)) for task in (lost, other)] == [0, 1]


async def test_two_processes_queue_a_window_once(newsroom: Newsroom) -> None:
    template = await newsroom.template()
    tasks = [await newsroom.task(template=template.id, title=f"T{n}", start_on=newsroom.clock.now()) for n in range(5)]
    other = Scheduling(
        newsroom.reports.store,
        tasks=ReportTasks(newsroom.parts.database),
        clock=newsroom.clock,
        on_queued=newsroom.reports.running.wake,
    )

    await asyncio.gather(newsroom.reports.scheduling.step(), other.step(), newsroom.reports.scheduling.step())

    assert [len(await newsroom.reports_of(task)) for task in tasks] == [1] * 5


async def test_hundreds_of_tasks_of_one_minute_are_queued_and_taken_in_order_of_priority(newsroom: Newsroom) -> None:
    template, due = await newsroom.template(), newsroom.clock.now() + MINUTE
    draft = TaskDraft(title="One", template=template.id, frequency="Once", start_on=due)
    drafts = [replace(draft, priority=number % 11) for number in range(250)]
    await asyncio.gather(*(newsroom.reports.tasks.create(one, author=CHIEF) for one in drafts))

    await newsroom.later(MINUTE)
    count = await queued(newsroom)
    owner, store = newsroom.parts.hub.tenure.number, newsroom.reports.store
    priorities = []
    while run := await store.take(owner=owner, now=newsroom.clock.now()):
        priorities.append(run.priority)

    assert count == len(priorities) == 250
    assert priorities == sorted(priorities, reverse=True)
