"""Jobs: a report is rendered from what it was made of; a template from what there is; and previews."""

import pytest

from tests.reports.newsroom import AUTHOR, CHIEF, VIEWER, Newsroom
from tidings.core.clock import DAY, HOUR
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.core.report import Content, Filter, Job, JobState, ReportFormat, ReportParameter, ReportQuery


async def text_of(newsroom: Newsroom, job: Job) -> str:
    return b"".join([piece async for piece in newsroom.reports.files.chunks(job.file)]).decode()


async def test_a_report_is_rendered_from_the_data_that_it_was_made_of(newsroom: Newsroom) -> None:
    parameters = (ReportParameter(name="least", kind="number", default=0),)
    template = await newsroom.template("SELECT 1 AS n WHERE :least < 1", parameters=parameters)
    task = await newsroom.task(template=template.id)
    report = await newsroom.run(task)
    rows = "SELECT 7 AS n"
    await newsroom.reports.templates.save(
        template.id, author=CHIEF, content=Content(html="", queries=(ReportQuery(name="numbers", sql=rows),))
    )
    await newsroom.reports.tasks.remove(task.id, author=CHIEF)
    asked = len(newsroom.clerks[0].orders)

    job = await newsroom.reports.jobs.render_report(report.id, ReportFormat.JSON, author=VIEWER)
    await newsroom.work()

    done = await newsroom.reports.jobs.get(job.id)
    assert (job.state, done.state) == (JobState.PENDING, JobState.COMPLETE)
    assert '{"n":1}' in await text_of(newsroom, done)
    assert len(newsroom.clerks[0].orders) == asked + 1
    assert [one.format for one in await newsroom.reports.history.files(report)] == [ReportFormat.CSV]
    assert (await newsroom.reports.files.get(done.file)).name == "Sales.json"


async def test_what_a_run_made_already_is_not_made_again(newsroom: Newsroom) -> None:
    report = await newsroom.run(await newsroom.task())

    job = await newsroom.reports.jobs.render_report(report.id, ReportFormat.CSV, author=VIEWER)

    [file] = await newsroom.reports.history.files(report)
    assert (job.state, job.file) == (JobState.COMPLETE, file.id)


async def test_a_report_that_is_not_made_is_not_rendered(newsroom: Newsroom) -> None:
    task = await newsroom.task()
    waiting = await newsroom.reports.runs.start(task.id, author=CHIEF)
    dry = await newsroom.run(task, is_dry=True)
    jobs = newsroom.reports.jobs

    with pytest.raises(NotFound):
        await jobs.render_report("nothing", ReportFormat.PDF, author=CHIEF)
    with pytest.raises(Forbidden):
        await jobs.render_report(dry.id, ReportFormat.CSV, author=VIEWER)
    failed = await newsroom.run(await newsroom.task(template=(await newsroom.template("SELECT a FROM b")).id))
    with pytest.raises(Conflict, match="failure"):
        await jobs.render_report(failed.id, ReportFormat.PDF, author=CHIEF)
    assert (await newsroom.reports.history.get(waiting.id)).rows == 2


async def test_a_template_is_rendered_with_the_data_of_now_or_says_what_is_wrong(newsroom: Newsroom) -> None:
    good, bad = await newsroom.template(), await newsroom.template("SELECT a FROM b")
    jobs = newsroom.reports.jobs

    filters = (Filter(field="region", values=("North",)),)
    asked = [
        await jobs.render_template(good.id, ReportFormat.JSON, author=AUTHOR, filters=filters),
        await jobs.render_template(bad.id, ReportFormat.JSON, author=AUTHOR),
    ]
    await newsroom.work()
    made, failed = [await jobs.get(one.id) for one in asked]

    assert '{"n":1,"region":"North"}' in await text_of(newsroom, made)
    assert "South" not in await text_of(newsroom, made)
    assert failed.state is JobState.ERR
    assert "no such table: b" in failed.error
    with pytest.raises(Forbidden):
        await jobs.render_template(good.id, ReportFormat.JSON, author=VIEWER)


async def test_a_preview_shows_the_template_or_tells_what_is_wrong(newsroom: Newsroom) -> None:
    good = Content(html="<p>{{ data.numbers[0].n }}</p>", queries=(ReportQuery(name="numbers", sql="SELECT 1 AS n"),))
    bad = Content(html="", queries=(ReportQuery(name="numbers", sql="DELETE FROM numbers"),))
    jobs = newsroom.reports.jobs

    async with newsroom.reports.maker.running():
        shown = await jobs.preview(good, author=AUTHOR)
    with pytest.raises(Invalid, match="numbers"):
        await jobs.preview(bad, author=AUTHOR)

    assert "<p>1</p>" in shown


async def test_a_render_whose_process_died_is_made_once_more_and_no_oftener(newsroom: Newsroom) -> None:
    template, database = await newsroom.template(), newsroom.parts.database
    job = await newsroom.reports.jobs.render_template(template.id, ReportFormat.CSV, author=CHIEF)

    states = []
    for _ in range(2):
        dead = await database.enrol()
        assert await newsroom.reports.running._jobs.take(owner=dead)  # noqa: SLF001 - as that process would
        await database.retire(dead)
        await newsroom.reports.running._jobs.find()  # noqa: SLF001 - and nobody takes it yet
        states.append((await newsroom.reports.jobs.get(job.id)).state)

    assert states == [JobState.PENDING, JobState.ERR]


async def test_what_is_old_is_forgotten_with_its_files(newsroom: Newsroom) -> None:
    task = await newsroom.task()
    report = await newsroom.run(task)
    job = await newsroom.reports.jobs.render_report(report.id, ReportFormat.JSON, author=VIEWER)
    await newsroom.work()
    [file] = await newsroom.reports.history.files(report)
    render = (await newsroom.reports.jobs.get(job.id)).file

    await newsroom.later(8 * DAY)
    await newsroom.reports.retention.round()
    kept = await newsroom.reports.files.get(file.id)
    with pytest.raises(NotFound):
        await newsroom.reports.files.get(render)
    await newsroom.later(82 * DAY + HOUR)
    await newsroom.reports.retention.round()

    assert kept == file
    for question in (
        newsroom.reports.history.get(report.id),
        newsroom.reports.files.get(file.id),
        newsroom.reports.jobs.get(job.id),
    ):
        with pytest.raises(NotFound):
            await question
