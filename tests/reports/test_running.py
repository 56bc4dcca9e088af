"""Runs: what is made, what is told, and what becomes of what fails."""

import asyncio

import pytest

from tests.reports.conftest import OpenNewsroom
from tests.reports.newsroom import AUTHOR, CHIEF, Newsroom
from tidings.core.clock import MINUTE, SECOND
from tidings.core.errors import Conflict, Forbidden, Unavailable
from tidings.core.report import Filter, ReportFormat, ReportState


async def test_a_run_is_told_before_and_after_and_its_file_can_be_read(newsroom: Newsroom) -> None:
    await newsroom.subscribe()
    tag = await newsroom.reports.tags.create("sales", CHIEF)
    task = await newsroom.task(tags=(tag.id,))

    report = await newsroom.run(task)

    assert (report.state, report.rows, report.version, report.attempt) == (ReportState.SUCCESS, 2, 1, 1)
    assert (await newsroom.text(report)).split() == ["n,region", "1,North", "2,South"]
    before, after = await newsroom.told(2)
    assert before["reportTask"] == after["reportTask"]
    assert before["reportTask"]["id"] == report.id
    assert before["reportTask"]["reportTaskId"] == task.id
    assert before["reportTask"]["templateHtml"] == "<h1>{{ title }}</h1>"
    assert "status" not in before
    assert (after["status"], after["completedAt"], after["run"]["rows"]) == ("success", "2026-01-01T00:00:00.000Z", 2)
    assert after["run"]["tags"] == [{"id": tag.id, "title": "sales"}]
    [file] = after["run"]["artefacts"]
    assert (file["format"], file["name"], file["expiresAt"]) == ("csv", "Sales.csv", "2026-01-08T00:00:00.000Z")
    assert file["url"].startswith("https://reports.example.com/api/v1/documents/csv/")


async def test_subscribers_to_tags_and_templates_hear_of_their_own(newsroom: Newsroom) -> None:
    tag = await newsroom.reports.tags.create("sales", CHIEF)
    task, other = await newsroom.task(tags=(tag.id,)), await newsroom.task(title="Other")
    await newsroom.subscribe("postReportTask", kind="ReportTag", subject=tag.id)
    await newsroom.subscribe("postReportTask", kind="ReportTemplate", subject=other.template)

    await newsroom.run(task)
    await newsroom.run(other)

    assert sorted(one["reportTask"]["title"] for one in await newsroom.told(2)) == ["Other", "Sales"]


async def test_a_dry_run_tells_nobody(newsroom: Newsroom) -> None:
    await newsroom.subscribe()

    report = await newsroom.run(await newsroom.task(), is_dry=True)
    published, _ = await newsroom.reports.history.list(is_published=True)

    assert report.state is ReportState.SUCCESS
    assert await newsroom.text(report)
    assert published == []
    assert newsroom.endpoint.requests == []
    assert not await newsroom.parts.database.backlog(after=0, most=10)


async def test_what_is_away_is_tried_again_later_and_one_failure_is_told_after_the_last_attempt(
    newsroom: Newsroom,
) -> None:
    await newsroom.subscribe("postReportTask")
    newsroom.clerk.failures += [Unavailable("the database is away")] * 3
    task = await newsroom.task(attempts=3)

    states = [(await newsroom.run(task)).state]
    [report] = await newsroom.reports_of(task)
    for pause_ms in (10 * SECOND, 20 * SECOND):
        await newsroom.later(pause_ms - 1)
        await newsroom.work()
        assert (await newsroom.reports.history.get(report.id)).state is ReportState.QUEUED
        await newsroom.later(1)
        await newsroom.work()
        states.append((await newsroom.reports.history.get(report.id)).state)

    assert states == [ReportState.QUEUED, ReportState.QUEUED, ReportState.FAILURE]
    [told] = await newsroom.told(1)
    assert (told["status"], told["error"]) == ("failure", "Report task failed due to the database is away")
    tried = await newsroom.reports.history.attempts(report)
    assert [(one.number, one.outcome) for one in tried] == [(1, "failed"), (2, "failed"), (3, "failure")]


async def test_what_its_author_must_mend_is_not_tried_again(newsroom: Newsroom) -> None:
    await newsroom.subscribe("postReportTask")
    task = await newsroom.task(template=(await newsroom.template("SELECT cost FROM nowhere")).id)

    report = await newsroom.run(task)

    assert (report.state, report.attempt) == (ReportState.FAILURE, 1)
    assert "nowhere" in report.error
    assert [one["status"] for one in await newsroom.told(1)] == ["failure"]


async def test_a_task_that_was_removed_fails_and_says_so(newsroom: Newsroom) -> None:
    task = await newsroom.task()
    report = await newsroom.reports.runs.start(task.id, author=CHIEF)
    await newsroom.reports.tasks.remove(task.id, author=CHIEF)

    await newsroom.work()

    assert "no such report task" in (await newsroom.reports.history.get(report.id)).error


async def test_nothing_to_report_is_skipped_if_the_task_says_so(newsroom: Newsroom) -> None:
    await newsroom.subscribe("postReportTask")
    empty = await newsroom.template("SELECT 1 AS n WHERE 1 = 0")

    report = await newsroom.run(await newsroom.task(template=empty.id, is_skipped_if_empty=True))

    assert (report.state, report.rows) == (ReportState.SKIPPED, 0)
    assert await newsroom.reports.history.files(report) == []
    [told] = await newsroom.told(1)
    assert (told["status"], told["run"]["skipped"]) == ("success", True)


async def test_a_cycle_makes_one_report_for_each_value(newsroom: Newsroom) -> None:
    await newsroom.subscribe()
    template = await newsroom.template()
    cycle = await newsroom.reports.cycles.create(
        template=template.id, title="By region", query="numbers", fields=("region",), author=CHIEF
    )
    task = await newsroom.task(template=template.id, cycle=cycle.id, name_pattern="{title} {region} {date}")

    window = await newsroom.run(task)

    made = {one.title: one for one in await newsroom.reports_of(task) if one.cycled}
    assert (window.state, window.rows) == (ReportState.SPREAD, 2)
    assert sorted(made) == ["Sales – North", "Sales – South"]
    north = made["Sales – North"]
    assert north.cycled == (Filter(field="region", values=("North",)),)
    assert (await newsroom.text(north)).split()[-2:] == ["n,region", "1,North"]
    assert [file.name for file in await newsroom.reports.history.files(north)] == ["Sales North 2026-01-01.csv"]
    assert len(await newsroom.told(4)) == 4


async def test_a_run_is_spread_by_the_filter_cycle_as_it_was_when_it_was_queued(newsroom: Newsroom) -> None:
    template, cycles = await newsroom.template(), newsroom.reports.cycles
    cycle = await cycles.create(
        template=template.id, title="By region", query="numbers", fields=("region",), author=CHIEF
    )
    task = await newsroom.task(template=template.id, cycle=cycle.id)
    window = await newsroom.reports.runs.start(task.id, author=CHIEF)
    await cycles.change(cycle.id, values={"region": ("South",)}, author=CHIEF)

    await newsroom.work()
    later = await newsroom.run(task)

    told = [(one.title, one.cycle, one.cycle_version) for one in await newsroom.reports_of(task) if one.cycled]
    assert sorted(told) == [
        ("Sales – North", cycle.id, 1),
        ("Sales – South", cycle.id, 1),
        ("Sales – South", cycle.id, 2),
    ]
    assert (window.cycle_version, later.cycle_version) == (1, 2)


async def test_who_waits_is_cancelled_without_a_word_and_who_runs_with_one(newsroom: Newsroom) -> None:
    await newsroom.subscribe("postReportTask")
    task, runs, running = await newsroom.task(), newsroom.reports.runs, newsroom.reports.running
    newsroom.clerk.hold = asyncio.Event()
    under_way = await runs.start(task.id, author=CHIEF)
    await running.step()
    await newsroom.reaches(lambda: newsroom.clerk.orders)
    waiting = await runs.start(task.id, author=CHIEF)

    cancelled = [await runs.cancel(one.id, CHIEF) for one in (waiting, under_way)]
    await running.step()
    await running.settled()

    assert {one.state for one in cancelled} == {ReportState.FAILURE}
    assert {one.error for one in cancelled} == {"it was cancelled"}
    assert [one["reportTask"]["id"] for one in await newsroom.told(1)] == [under_way.id]
    with pytest.raises(Conflict):
        await runs.cancel(waiting.id, CHIEF)


async def test_a_run_whose_process_died_is_made_once_more_and_no_oftener(newsroom: Newsroom) -> None:
    await newsroom.subscribe()
    task = await newsroom.task()
    lost = await newsroom.reports.runs.start(task.id, author=CHIEF)
    poison = await newsroom.reports.runs.start(task.id, author=CHIEF)
    store, database = newsroom.reports.store, newsroom.parts.database

    async def die() -> None:
        dead = await database.enrol()
        while await store.take(owner=dead, now=newsroom.clock.now()):
            continue
        await database.retire(dead)

    await die()
    await newsroom.reports.running.step()
    await newsroom.reports.running.settled()
    first = [await newsroom.reports.history.get(one.id) for one in (lost, poison)]
    assert {one.state for one in first} == {ReportState.SUCCESS}
    again = await newsroom.reports.runs.start(task.id, author=CHIEF)
    for _ in range(2):
        await die()
        await store.lost(most=1)
        [found] = await store.lost(most=10)
        await newsroom.reports.running._runner.lose(found)  # noqa: SLF001 - before the queue gives it out again

    assert [one.outcome for one in await newsroom.reports.history.attempts(first[0])] == ["lost", "success"]
    ended = await newsroom.reports.history.get(again.id)
    assert (ended.state, ended.error) == (ReportState.FAILURE, "the process that made it ended, twice")


async def test_what_is_under_way_at_a_stop_is_given_back_and_made_after_the_start(
    open_newsroom: OpenNewsroom,
) -> None:
    async with open_newsroom() as newsroom:
        task = await newsroom.task(attempts=1)
        report = await newsroom.reports.runs.start(task.id, author=CHIEF)
        newsroom.clerk.hold = asyncio.Event()
        serving = asyncio.create_task(newsroom.reports.running.run())
        await newsroom.reaches(lambda: newsroom.clerk.orders)

        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        given_back = await newsroom.reports.history.get(report.id)
    async with open_newsroom() as newsroom:
        await newsroom.work()
        made = await newsroom.reports.history.get(report.id)

    assert (given_back.state, given_back.attempt) == (ReportState.QUEUED, 0)
    assert (made.state, made.attempt) == (ReportState.SUCCESS, 1)


async def test_a_run_that_takes_longer_than_its_task_allows_is_broken_off(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.reports.run._GRACE_MS", -990)
    newsroom.clerk.hold = asyncio.Event()

    report = await newsroom.run(await newsroom.task(attempts=1, timeout_ms=SECOND))

    assert (report.state, report.error) == (ReportState.FAILURE, "it took longer than 1 s")


async def test_a_report_is_made_by_the_template_as_it_was_at_the_first_attempt(newsroom: Newsroom) -> None:
    template = await newsroom.template()
    task = await newsroom.task(template=template.id)
    newsroom.clerk.failures.append(Unavailable("away"))
    report = await newsroom.run(task)
    content = await newsroom.reports.templates.content(template.id)
    changed = (content.queries[0].__class__(name="numbers", sql="SELECT 9 AS n"),)
    await newsroom.reports.templates.save(
        template.id, author=CHIEF, content=content.__class__(html=content.html, queries=changed)
    )

    await newsroom.later(MINUTE)
    await newsroom.work()

    made = await newsroom.reports.history.get(report.id)
    assert (made.version, made.rows) == (1, 2)


async def test_a_run_that_waits_is_made_by_the_template_that_was_approved(newsroom: Newsroom) -> None:
    template = await newsroom.template()
    task = await newsroom.task(template=template.id)
    waiting = await newsroom.reports.runs.start(task.id, author=CHIEF)
    content = await newsroom.reports.templates.content(template.id)
    changed = (content.queries[0].__class__(name="numbers", sql="SELECT 9 AS n"),)
    await newsroom.reports.templates.save(
        template.id, author=CHIEF, content=content.__class__(html=content.html, queries=changed)
    )

    await newsroom.work()

    made = await newsroom.reports.history.get(waiting.id)
    assert (made.version, made.rows) == (1, 2)


async def test_an_author_runs_what_is_theirs_and_dry_only_before_it_is_approved(newsroom: Newsroom) -> None:
    own, other = await newsroom.task(author=AUTHOR), await newsroom.task()
    runs = newsroom.reports.runs

    with pytest.raises(Forbidden):
        await runs.start(own.id, author=AUTHOR)
    with pytest.raises(Forbidden):
        await runs.start(other.id, author=AUTHOR)
    dry = await runs.start(own.id, author=AUTHOR, is_dry=True)

    assert dry.is_dry


async def test_pages_are_drawn_by_the_press(newsroom: Newsroom) -> None:
    task = await newsroom.task(formats=(ReportFormat.HTML, ReportFormat.CSV))

    report = await newsroom.run(task)
    async with newsroom.reports.runs_maker.running():
        files = await newsroom.reports.history.files(report)

    assert [file.format for file in files] == [ReportFormat.HTML, ReportFormat.CSV]
    assert "<h1>Sales</h1>" in await newsroom.text(report, ReportFormat.HTML)


async def test_a_trigger_runs_its_tasks_and_no_other(newsroom: Newsroom) -> None:
    await newsroom.task(title="North", trigger="monthly")
    await newsroom.task(title="South", trigger="monthly", is_enabled=False)
    await newsroom.task(title="Other")

    fired = await newsroom.reports.runs.fire("monthly", actor="p-chief")

    assert [one.title for one in fired] == ["North"]
    with pytest.raises(Exception, match="no report task has the trigger"):
        await newsroom.reports.runs.fire("nothing", actor="p-chief")
