"""Tasks: who may make them, when they run, and what is refused."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.reports.study import AUTHOR, CONTENT, OTHER, PUBLISHER, VIEWER, Study, study_in
from tidings.core.clock import DAY, HOUR
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.core.report import Filter, ReportFormat
from tidings.store.report_tasks import claimed, task_saved


@pytest.fixture
async def study(tmp_path: Path) -> AsyncIterator[Study]:
    async with study_in(tmp_path) as study:
        yield study


async def test_what_an_author_schedules_waits_for_a_publisher(study: Study) -> None:
    tasks, now = study.tasks, study.clock.now()
    task = await tasks.create(await study.draft(), author=AUTHOR)

    assert (task.is_waiting, task.next_at, task.owner) == (True, None, "ada")
    assert (await tasks.list(is_waiting=True))[0] == [task]
    with pytest.raises(Forbidden):
        await tasks.approve(task.id, author=AUTHOR)
    await study.clock.advance(HOUR)
    approved = await tasks.approve(task.id, author=PUBLISHER)
    assert (approved.is_waiting, approved.next_at) == (False, now + DAY)
    assert await tasks.approve(task.id, author=PUBLISHER) == approved
    assert await tasks.set_enabled(task.id, is_enabled=True, author=AUTHOR) == approved
    paused = await tasks.set_enabled(task.id, is_enabled=False, author=AUTHOR)
    assert (paused.is_waiting, paused.next_at) == (False, None)
    resumed = await tasks.set_enabled(task.id, is_enabled=True, author=AUTHOR)
    assert (resumed.is_waiting, resumed.next_at) == (True, None)
    assert (await tasks.approve(task.id, author=PUBLISHER)).next_at == now + DAY
    changed = await tasks.change(task.id, replace(approved, title="Mine"), author=AUTHOR)
    assert (changed.is_waiting, changed.next_at, changed.title) == (True, None, "Mine")
    told = ["ada created", "pia approved", "ada paused", "ada resumed", "pia approved", "ada changed"]
    lines = [line.replace("report_task.", "") for line in await study.record() if "report_task" in line]
    assert sorted(lines) == sorted(told)


async def test_what_an_author_makes_of_a_template_or_cycle_is_approved_before_tasks_run_with_it(study: Study) -> None:
    tasks, templates, cycles = study.tasks, study.templates, study.cycles
    template, newer = await study.template(), replace(CONTENT, html="<h2>")
    cycle = await cycles.create(template=template.id, title="Towns", query="sales", fields=["town"], author=AUTHOR)
    plain = await tasks.create(await study.draft(template=template.id), author=PUBLISHER)
    cycled = await tasks.create(await study.draft(template=template.id, cycle=cycle.id), author=PUBLISHER)
    other = await tasks.create(await study.draft(), author=PUBLISHER)

    assert (await templates.save(template.id, author=PUBLISHER, content=newer))[1] == 0
    assert (await templates.save(template.id, author=AUTHOR, content=newer, title="Mine"))[1] == 0
    assert (await cycles.change(cycle.id, title="Places", author=AUTHOR))[1] == 0
    assert (await cycles.change(cycle.id, values={"town": ["Oslo"]}, author=AUTHOR))[1] == 1
    assert await tasks.get(plain.id) == plain
    assert (await templates.save(template.id, author=AUTHOR, content=CONTENT))[1] == 1
    waiting = [await tasks.get(one.id) for one in (plain, cycled)]
    assert [(one.is_waiting, one.next_at) for one in waiting] == [(True, None)] * 2
    assert await tasks.get(other.id) == other
    # Who had it open and saves it now does not approve it unseen.
    with pytest.raises(Conflict):
        await study.database.write(*task_saved(plain, was=plain.saved_at))
    assert (await tasks.approve(plain.id, author=PUBLISHER)).next_at == plain.next_at
    assert (await study.record()).count("ada report_task.put_off") == 2


async def test_authors_touch_their_own_alone_publishers_everything_and_viewers_nothing(study: Study) -> None:
    tasks = study.tasks
    task = await tasks.create(await study.draft(), author=AUTHOR)

    for who in (OTHER, VIEWER):
        with pytest.raises(Forbidden):
            await tasks.change(task.id, task, author=who)
        with pytest.raises(Forbidden):
            await tasks.set_enabled(task.id, is_enabled=False, author=who)
        with pytest.raises(Forbidden):
            await tasks.remove(task.id, author=who)
    with pytest.raises(Forbidden, match="you are 'viewer'"):
        await tasks.duplicate(task.id, author=VIEWER)
    copy = await tasks.duplicate(task.id, author=OTHER)
    assert (copy.title, copy.owner, copy.is_enabled) == ("Sales of the day (copy)", "otto", False)
    await tasks.remove(task.id, author=PUBLISHER)
    with pytest.raises(NotFound):
        await tasks.get(task.id)


async def test_only_what_concerns_the_schedule_changes_when_a_task_runs_next(study: Study) -> None:
    tasks, start = study.tasks, study.clock.now()
    task = await tasks.create(
        await study.draft(tags=((await study.tags.create("Sales", AUTHOR)).id,)), author=PUBLISHER
    )
    assert task.next_at == start
    await study.database.write(claimed(task.id, was=start, next_at=start + DAY))
    await study.clock.advance(3 * DAY + HOUR)
    overdue = await tasks.get(task.id)

    same = await tasks.change(task.id, replace(task, title="Other", start_on=None, meta={"a": 1}), author=PUBLISHER)
    assert (same.next_at, same.start_on, same.tags, same.title) == (start + DAY, start, task.tags, "Other")
    assert tasks.coming(overdue, 2) == [start + DAY, start + 2 * DAY]
    moved = await tasks.change(task.id, replace(task, time_zone="Asia/Kolkata"), author=PUBLISHER)
    assert moved.next_at == start + 4 * DAY
    hourly = await tasks.change(task.id, replace(task, frequency="hourly"), author=PUBLISHER)
    assert (hourly.frequency, hourly.next_at) == ("Hourly", start + 3 * DAY + HOUR)
    fired = await tasks.change(task.id, replace(hourly, trigger="night"), author=PUBLISHER)
    assert (fired.next_at, tasks.coming(fired)) == (None, [])
    back = await tasks.change(task.id, replace(hourly, trigger=""), author=PUBLISHER)
    assert back.next_at == start + 3 * DAY + HOUR
    off = await tasks.change(task.id, replace(hourly, is_enabled=False), author=PUBLISHER)
    assert (off.next_at, tasks.coming(off, 1)) == (None, [start + 3 * DAY + HOUR])


async def test_once_now_runs_now_and_never_again(study: Study) -> None:
    tasks, start = study.tasks, study.clock.now()
    task = await tasks.create(await study.draft(frequency="once - NOW", start_on=5), author=PUBLISHER)
    waiting = await tasks.create(await study.draft(frequency="Once - now"), author=AUTHOR)

    assert (task.frequency, task.next_at) == ("Once - now", start)
    await study.clock.advance(HOUR)
    assert (await tasks.approve(waiting.id, author=PUBLISHER)).next_at == start + HOUR
    await study.database.write(claimed(task.id, was=start, next_at=None))
    assert (await tasks.change(task.id, replace(task, title="Again"), author=PUBLISHER)).next_at is None
    await tasks.set_enabled(task.id, is_enabled=False, author=PUBLISHER)
    assert (await tasks.set_enabled(task.id, is_enabled=True, author=PUBLISHER)).next_at is None
    once = await tasks.create(await study.draft(frequency="Once", start_on=start + DAY), author=PUBLISHER)
    assert (once.next_at, tasks.coming(once)) == (start + DAY, [start + DAY])


async def test_the_calendar_shows_the_coming_runs_of_all_tasks(study: Study) -> None:
    tasks, start = study.tasks, study.clock.now()
    daily = await tasks.create(await study.draft(), author=PUBLISHER)
    weekly = await tasks.create(await study.draft(frequency="Weekly", priority=9), author=PUBLISHER)
    await tasks.create(await study.draft(), author=AUTHOR)
    await tasks.create(await study.draft(frequency="Yearly", start_on=start + 300 * DAY), author=PUBLISHER)

    found = await tasks.calendar(start, start + 8 * DAY)
    assert [(at - start) // DAY for at, _ in found] == [0, 0, 1, 2, 3, 4, 5, 6, 7, 7]
    assert [task for _, task in found[:3]] == [weekly, daily, daily]
    assert [at for at, _ in await tasks.calendar(start + DAY + 1, start + 3 * DAY, most=9)] == [start + 2 * DAY]
    assert len(await tasks.calendar(start, start + 99 * DAY, most=4)) == 4
    assert await tasks.list(skip=10**30, most=-1) == ([], 4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": " "}, "title: expected 1 to 200"),
        ({"title": "x" * 201}, "title: expected 1 to 200"),
        ({"title": "a\0b"}, "title: holds a NUL"),
        ({"title": "\ud800"}, "title: cannot be written"),
        ({"template": "none"}, "templateId: there is no such"),
        ({"frequency": "Fortnightly"}, "frequency: there is none"),
        ({"frequency": "Cron", "cron": "* *"}, "cron: "),
        ({"time_zone": "Mars"}, "timeZone: there is none"),
        ({"end_on": 1}, "endOn: lies before"),
        ({"parameters": {"most": 1}}, "parameters: the template has none called 'most'; least, note"),
        ({"parameters": {"least": "1"}}, r"parameters\.least: expected a number"),
        ({"parameters": {"least": True}}, r"parameters\.least: expected a number"),
        ({"parameters": {"note": 1}}, r"parameters\.note: expected a text"),
        ({"parameters": {"since": 1.5}}, r"parameters\.since: expected an instant"),
        ({"parameters": {"is_short": 1}}, r"parameters\.is_short: expected true or false"),
        ({"filters": (Filter(field="", values=(1,)),)}, r"filters\[0\]\.field: expected the name"),
        ({"filters": (Filter(field="a", values=()),)}, r"filters\[0\]\.values: expected 1 to 1,000"),
        ({"filters": (Filter(field="a", values=(float("nan"),)),)}, r"filters\[0\]\.values\[0\]: expected a text"),
        ({"filters": (Filter(field="a", values=(1,)),) * 51}, "filters: has 51"),
        ({"filter_set": "South"}, "filterSet: there is none called 'South'; North"),
        ({"cycle": "none"}, "filterCycleId: the template has no such"),
        ({"formats": ()}, "formats: name at least one"),
        ({"name_pattern": "{town}"}, r"namePattern: \{town\} is not known as it stands; use \{title\}"),
        ({"name_pattern": "{title!r}"}, "namePattern: "),
        ({"name_pattern": "{title.__class__}"}, "namePattern: "),
        ({"name_pattern": "{"}, "namePattern: a brace"),
        ({"priority": 11}, "priority: expected 0 to 10"),
        ({"timeout_ms": 999}, "timeoutMs: expected 1,000"),
        ({"timeout_ms": HOUR + 1}, "timeoutMs: "),
        ({"attempts": 0}, "attempts: expected 1 to 10"),
        ({"tags": ("none",)}, "tags: there is no tag 'none'"),
        ({"trigger": "x" * 101}, "trigger: has 101"),
        ({"meta": {"a": "x" * 10_000}}, "meta: has 10,008 bytes"),
        ({"meta": {"a": object()}}, "meta: cannot be written"),
        ({"filters": tuple(Filter(field="a", values=("x" * 9_999,) * 9) for _ in range(9))}, "task: has"),
    ],
)
async def test_a_task_that_is_not_as_it_must_be_is_refused_by_its_field(
    study: Study, changes: dict[str, Any], message: str
) -> None:
    draft = await study.draft(**changes)

    with pytest.raises(Invalid, match=f"^{message}"):
        await study.tasks.create(draft, author=PUBLISHER)
    assert (await study.tasks.list())[1] == 0


async def test_a_task_takes_all_that_its_template_and_cycle_know(study: Study) -> None:
    template = (await study.template()).id
    cycle = await study.cycles.create(template=template, title="Towns", query="sales", fields=("town",), author=AUTHOR)
    draft = await study.draft(
        template=template,
        title="  Sales \n here ",
        parameters={"least": 1.5, "note": "x", "since": 0, "is_short": False},
        filters=(Filter(field="town", values=("Oslo", 1, 1.5, True, None)),),
        filter_set="North",
        cycle=cycle.id,
        name_pattern="{title} {{of}} {town} {date} {time} {task}",
        formats=(ReportFormat.PDF, ReportFormat.CSV, ReportFormat.PDF),
        meta={"team": {"north": [1, None]}},
    )

    task = await study.tasks.create(draft, author=PUBLISHER)
    assert await study.tasks.get(task.id) == task
    assert (task.title, task.formats) == ("Sales here", (ReportFormat.PDF, ReportFormat.CSV))
    assert (task.parameters, task.filters, task.meta) == (draft.parameters, draft.filters, draft.meta)
    with pytest.raises(Invalid, match="filterCycleId"):
        await study.tasks.change(task.id, replace(task, template=(await study.template()).id), author=PUBLISHER)


async def test_a_task_whose_only_time_has_passed_is_refused_instead_of_never_running(study: Study) -> None:
    passed = await study.draft(frequency="Once", start_on=study.clock.now() - 1)

    with pytest.raises(Invalid, match="startOn: has passed"):
        await study.tasks.create(passed, author=PUBLISHER)
    with pytest.raises(Invalid, match="startOn: has passed"):
        await study.tasks.create(passed, author=AUTHOR)
    assert (await study.tasks.create(replace(passed, is_enabled=False), author=PUBLISHER)).next_at is None
    assert (await study.tasks.create(replace(passed, trigger="nightly"), author=PUBLISHER)).next_at is None
