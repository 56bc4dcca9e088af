"""Tasks in the console: made with all that can be said of them, approved, run, paused; and a calendar of them."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest

from tests.console.house import ConsoleHouse, Visitor
from tests.console.report_runs_house import HOSTILE, PRESS, opened_report_house, task_of
from tidings.console.rights import Role
from tidings.core.report import (
    Content,
    Filter,
    Missed,
    ReportFormat,
    ReportParameter,
    ReportQuery,
    ReportRole,
    Template,
)

TASKS = "/console/reports/tasks"
CONTENT = Content(
    html="<p>{{ title }}</p>",
    queries=(ReportQuery(name="sales", sql="SELECT 'North' AS region"),),
    parameters=(ReportParameter(name="since", kind="instant"), ReportParameter(name="all", kind="truth")),
    filter_sets={"north": (Filter(field="region", values=("North",)),)},
)
# Whatever else can be said of a task.
SAID: dict[str, str | list[str]] = {
    "frequency": "Cron",
    "cron": "30 7 * * MON-FRI",
    "startOn": "2030-01-01T09:00",
    "endOn": "2031-01-01T09:00",
    "missed": "skip",
    "skipIfEmpty": "on",
    "formats": ["pdf", "xlsx"],
    "parameter-since": "2026-07-01T09:00",
    "parameter-all": "no",
    "filters": "region: North, South",
    "filterSet": "north",
    "namePattern": "{title} {region}",
    "priority": "10",
    "timeout": "60",
    "attempts": "1",
    "meta": '{"department": "sales"}',
}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ConsoleHouse]:
    async with opened_report_house(tmp_path) as house:
        yield house


async def author(house: ConsoleHouse) -> Visitor:
    """A member who was given the role of authors."""
    visitor = await house.person(Role.MEMBER)
    await house.parts.reports.roles.give(visitor.person.id, ReportRole.AUTHOR, actor="test")
    return visitor


async def template_of(house: ConsoleHouse) -> Template:
    return await house.parts.reports.templates.create("Sales", CONTENT, author=PRESS)


def form_for(template: str, **more: str | list[str]) -> dict[str, str | list[str]]:
    form: dict[str, str | list[str]] = {
        "title": "Weekly",
        "templateId": template,
        "frequency": "Weekly",
        "timeZone": "Europe/Berlin",
        "formats": "pdf",
        "enabled": "on",
        "do": "save",
    }
    return form | more


async def test_a_task_is_kept_as_it_was_filled_in_and_shown_so_again(house: ConsoleHouse) -> None:
    operator, template, reports = await house.person(Role.OPERATOR), await template_of(house), house.parts.reports
    tag = (await reports.tags.create("sales", PRESS)).id
    cycle = await reports.cycles.create(
        template=template.id, title="By region", query="sales", fields=["region"], author=PRESS
    )
    form = form_for(template.id, **SAID, tags=tag, filterCycleId=cycle.id)

    made = await operator.post(f"{TASKS}/new", form)

    assert made.status_code == 303, made.text
    task = await reports.tasks.get(made.headers["location"].rpartition("/")[2])
    assert (task.cron, task.time_zone, task.missed) == ("30 7 * * MON-FRI", "Europe/Berlin", Missed.SKIP)
    assert (task.formats, task.priority) == ((ReportFormat.PDF, ReportFormat.XLSX), 10)
    assert task.parameters == {"since": 1_782_889_200_000, "all": False}
    assert task.filters == (Filter(field="region", values=("North", "South")),)
    assert (task.filter_set, task.cycle, task.tags) == ("north", cycle.id, (tag,))
    assert (task.timeout_ms, task.attempts, task.is_enabled, task.is_skipped_if_empty) == (60_000, 1, True, True)
    assert task.meta == {"department": "sales"}
    assert "Wed 2 Jan 2030, 07:30" in (await operator.get(made.headers["location"])).text
    shown = unescape((await operator.get(f"{made.headers['location']}/edit")).text)
    for part in ("2030-01-01T09:00", "2026-07-01T09:00", "region: North, South", '"department": "sales"'):
        assert part in shown
    again = await operator.post(f"{made.headers['location']}/edit", form)
    assert again.status_code == 303
    after = await reports.tasks.get(task.id)
    assert (after.parameters, after.tags, after.cron) == (task.parameters, task.tags, task.cron)


async def test_what_is_wrong_is_said_at_its_field(house: ConsoleHouse) -> None:
    operator, template = await house.person(Role.OPERATOR), await template_of(house)
    cases: list[tuple[str, dict[str, str | list[str]], str]] = [
        ("title", {"title": ""}, "is empty"),
        ("templateId", {"templateId": "gone"}, "there is no such template"),
        ("cron", {"frequency": "Cron", "cron": "soon"}, "write five fields"),
        ("timeZone", {"timeZone": "Mars/Olympus"}, "there is none called"),
        ("endOn", {"endOn": "2001-01-01T00:00"}, "lies before"),
        ("priority", {"priority": "11"}, "expected 0 to 10"),
        ("formats", {"formats": []}, "choose at least one"),
        ("parameter-since", {"parameter-since": "then"}, "write a day and a time"),
        ("namePattern", {"namePattern": "{region}"}, "is not known"),
        ("meta", {"meta": "[]"}, "this is no json object"),
    ]

    for field, sent, says in cases:
        answer = await operator.post(f"{TASKS}/new", form_for(template.id) | sent)
        error = re.search(rf'id="{field}-error">(.*?)</p>', answer.text, re.DOTALL)
        assert answer.status_code == 422, field
        assert error, field
        assert says in unescape(error[1]).lower(), field


async def test_next_runs_follow_what_stands_in_the_form(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    form = {"frequency": "Daily", "timeZone": "Europe/Berlin", "startOn": "2031-10-24T09:00"}

    shown = await operator.post(f"{TASKS}/coming", form, htmx=True)
    wrong = await operator.post(f"{TASKS}/coming", form | {"timeZone": "<b>"}, htmx=True)
    fired = await operator.post(f"{TASKS}/coming", form | {"trigger": "closed"}, htmx=True)

    assert "<html" not in shown.text
    assert shown.text.count('scope="row"') == 5
    assert "Fri 24 Oct 2031, 09:00" in shown.text
    assert "CET, the clocks have changed" in shown.text
    assert "2031-10-26 08:00" in shown.text
    assert "Daylight saving: where clocks go forward" in shown.text
    assert "There is none called" in wrong.text or "there is none called" in wrong.text
    assert "<b>" not in wrong.text
    assert "when its trigger fires" in fired.text


async def test_an_authors_task_waits_for_a_publisher(house: ConsoleHouse) -> None:
    operator, visitor, template = await house.person(Role.OPERATOR), await author(house), await template_of(house)

    made = (await visitor.post(f"{TASKS}/new", form_for(template.id))).headers["location"]
    waiting = await operator.get(f"{TASKS}?waiting=yes")
    theirs = await visitor.post(f"{made}/approve")
    approved = await operator.post(f"{made}/approve")

    assert made.rpartition("/")[2] in waiting.text
    assert (theirs.status_code, approved.status_code) == (403, 303)
    task = await house.parts.reports.tasks.get(made.rpartition("/")[2])
    assert not task.is_waiting
    assert task.next_at
    assert "Next runs" in (await visitor.get(made)).text


async def test_tasks_are_run_paused_and_copied(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    task, other = await task_of(house.parts, title=HOSTILE), await task_of(house.parts, trigger="closed")
    here = f"{TASKS}/{task.id}"

    for step, form in (("run", {}), ("run", {"dry": "on"}), ("pause", {}), ("duplicate", {})):
        assert (await operator.post(f"{here}/{step}", form)).status_code == 303, step
    paused = await operator.get(here)
    bulk = await operator.post(f"{TASKS}/bulk", {"task": [task.id, other.id, "gone"], "do": "resume"})
    listed = await operator.get(TASKS)

    assert HOSTILE not in paused.text
    assert "None while it is paused" in paused.text
    found, _ = await house.parts.reports.history.list(task=task.id)
    assert sorted(one.is_dry for one in found) == [False, True]
    assert bulk.status_code == 303
    assert "2 of 3 tasks go on." in listed.text
    assert (await house.parts.reports.tasks.get(task.id)).is_enabled
    assert (await operator.post(f"{here}/remove")).status_code == 303
    assert (await operator.get(here)).status_code == 404


async def test_lists_are_of_a_tag_a_trigger_and_readers_only_read(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    tagged, fired = (
        await task_of(house.parts, title="Tagged", tag="board"),
        await task_of(house.parts, title="Fired", trigger="go"),
    )

    of_tag = await reader.get(f"{TASKS}?tag={tagged.tags[0]}", htmx=True)
    of_trigger = await reader.get(f"{TASKS}?trigger=go", htmx=True)
    page = await reader.get(f"{TASKS}/{fired.id}")
    refused = await reader.post(f"{TASKS}/{fired.id}/run")

    assert "Tagged" in of_tag.text
    assert "Fired" not in of_tag.text
    assert "Fired" in of_trigger.text
    assert "New task" not in (await reader.get(TASKS)).text
    assert "Run now" not in page.text
    assert refused.status_code == 403


async def test_the_calendar_shows_a_month_and_a_day_on_the_clocks_of_a_zone(house: ConsoleHouse) -> None:
    operator, template = await house.person(Role.OPERATOR), await template_of(house)
    daily = form_for(template.id, title=HOSTILE, frequency="Daily", timeZone="UTC", startOn="2026-01-01T20:00")
    await operator.post(f"{TASKS}/new", daily)
    await operator.post(f"{TASKS}/new", form_for(template.id, title="Fired", trigger="closed"))

    shown = await operator.get("/console/reports/calendar?month=2031-01&zone=Asia/Kolkata")
    day = await operator.get("/console/reports/calendar?day=2031-01-31&zone=Asia/Kolkata")
    odd = await operator.get("/console/reports/calendar?month=soon&zone=../etc&day=9999-99-99")

    assert "January 2031" in shown.text
    assert "31 runs" in shown.text
    assert shown.text.count('<span class="when">01:30</span>') == 31
    assert HOSTILE not in shown.text
    assert "Fired" not in shown.text
    assert "Friday, 31 January 2031" in day.text
    assert odd.status_code == 200
