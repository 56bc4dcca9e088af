"""What people see of runs of reports: all of them, or what was published; and who may see what."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.console.house import ConsoleHouse
from tests.console.report_runs_house import FILE, HOSTILE, opened_report_house, reported, task_of
from tidings.console.rights import Role
from tidings.core.event import Subject
from tidings.core.identifier import outside
from tidings.core.report import ReportRole, ReportState
from tidings.core.secret import Secret
from tidings.outbox.publisher import Draft
from tidings.outbox.terms import Terms
from tidings.reports.links import Links
from tidings.reports.telling import Result, Telling, Told, event_before


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ConsoleHouse]:
    async with opened_report_house(tmp_path) as house:
        yield house


async def test_runs_are_listed_and_one_tells_all_that_is_known_of_it(house: ConsoleHouse) -> None:
    task = await task_of(house.parts, title=f"Sales {HOSTILE}", tag="sales")
    failed = await reported(
        house.parts, task, report="r-1", state=ReportState.FAILURE, error=f"no such column {HOSTILE}"
    )
    await reported(house.parts, task, report="r-2")
    [tag] = failed.tags
    operator = await house.person(Role.OPERATOR)

    every = await operator.get("/console/reports/runs")
    found = await operator.get(f"/console/reports/runs?state=failure&task={task.id}&tag={tag}", htmx=True)
    none = await operator.get("/console/reports/runs?state=skipped")
    page = await operator.get("/console/reports/runs/r-1")

    assert [f'/runs/{one}"' in every.text for one in ("r-1", "r-2")] == [True, True]
    assert [f'/runs/{one}"' in found.text for one in ("r-1", "r-2")] == [True, False]
    assert "No run is like that" in none.text
    for text in ("Attempt 1: failure", "reading 420 ms", "12,345", "Pune", "sales", "no such column"):
        assert text in page.text
    assert HOSTILE not in page.text + every.text
    assert (await operator.get("/console/reports/runs/none")).status_code == 404


async def test_a_run_shows_who_was_told_before_and_after_it(house: ConsoleHouse) -> None:
    task = await task_of(house.parts)
    webhook, _ = await house.parts.subscribing.create(
        Subject("ReportTask", task.id),
        Terms(types=("postReportTask",), url="http://127.0.0.1:9/told"),
        connector="the console",
        owner="",
    )
    report, other = [await reported(house.parts, task, report=one) for one in ("r-1", "r-2")]
    links = Links(Secret("k"), clock=house.clock, public_url="http://127.0.0.1/")
    publisher = house.parts.hub.publisher
    telling = Telling(publisher, links=links, clock=house.clock)
    pre = await telling.before(Told(run=report, task=task), also=())
    for one in (other, report):
        await telling.after(Told(run=one, task=task), Result(), at=house.clock.now(), also=())
    # As an event whose key is forgotten already.
    event = event_before(Told(run=other, task=task), at=house.clock.now())
    forgotten = await publisher.publish_one(Draft(event=event))
    operator = await house.person(Role.OPERATOR)

    pages = [(await operator.get(f"/console/reports/runs/{one.id}")).text for one in (report, other)]

    assert [[f"/events/{outside(one.id)}" in page for one in (pre, forgotten)] for page in pages] == [
        [True, False],
        [False, True],
    ]
    posts, _ = await house.parts.history.events(limit=5, type_="postReportTask")
    for page, post in zip(pages, posts, strict=True):
        assert f"/deliveries/{outside(post.id, webhook.number)}" in page
        assert webhook.url in page


async def test_viewers_have_what_was_published_and_nothing_else(house: ConsoleHouse) -> None:
    task = await task_of(house.parts)
    await reported(house.parts, task, report="r-1")
    await reported(house.parts, task, report="r-2", is_dry=True)
    viewer, member = await house.person(Role.MEMBER), await house.person(Role.MEMBER)
    owner = await house.person(Role.OWNER)

    gave = await owner.post("/console/reports/roles", {"phone": viewer.person.phone, "role": "viewer"})
    entered = await viewer.get("/console/reports")
    shelf = await viewer.get("/console/reports/published")
    paper = await viewer.get("/console/reports/published/r-1")
    file = await viewer.get("/console/reports/runs/r-1/files/r-1")

    assert gave.status_code == 303
    assert entered.headers["location"] == "/console/reports/published"
    assert "/runs/r-1/files/r-1" in shelf.text
    assert "r-2" not in shelf.text
    assert paper.status_code == 200
    assert (file.content, file.headers["content-type"]) == (FILE, "application/pdf")
    assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''Verk%C3%A4ufe%20%26%20mehr.pdf"
    assert "sandbox" in file.headers["content-security-policy"]
    refused = ("runs/r-2/files/r-2", "published/r-2", "runs/r-1/files/r-2")
    assert [(await viewer.get(f"/console/reports/{one}")).status_code for one in refused] == [404, 404, 404]
    beyond = ("runs", "runs/r-1", "triggers", "callbacks", "roles")
    assert [(await viewer.get(f"/console/reports/{one}")).status_code for one in beyond] == [403] * 5
    assert "ask an owner" in (await member.get("/console/reports/published")).text
    assert (await member.get("/console/reports/runs/r-1/files/r-1")).status_code == 403


async def test_a_run_is_cancelled_asked_for_again_and_rendered_anew(house: ConsoleHouse) -> None:
    task = await task_of(house.parts)
    await reported(house.parts, task, report="r-1")
    await reported(house.parts, task, report="r-2", state=ReportState.QUEUED)
    operator, reader = await house.person(Role.OPERATOR), await house.person(Role.READER)

    refused = await reader.post("/console/reports/runs/r-2/cancel")
    cancelled = await operator.post("/console/reports/runs/r-2/cancel")
    again = await operator.post("/console/reports/runs/r-1/again", {"dry": "on"})
    rendered = await operator.post("/console/reports/runs/r-1/render", {"format": "pdf"})
    done = await operator.get(rendered.headers["location"])

    assert (refused.status_code, cancelled.status_code) == (403, 303)
    assert "cancelled" in (await operator.get("/console/reports/runs/r-2")).text
    assert "A dry run" in (await operator.get(again.headers["location"])).text
    assert rendered.status_code == 303
    assert done.status_code == 200
    assert (await operator.post("/console/reports/runs/r-1/render", {"format": "docx"})).status_code == 422


async def test_owners_give_report_roles_and_take_them_away(house: ConsoleHouse) -> None:
    owner, operator = await house.person(Role.OWNER), await house.person(Role.OPERATOR)
    member = await house.person(Role.MEMBER, name=HOSTILE)
    form = {"phone": member.person.phone, "role": "author"}

    assert (await operator.post("/console/reports/roles", form)).status_code == 403
    assert (await owner.post("/console/reports/roles", form | {"phone": "+910000099999"})).status_code == 422
    assert (await owner.post("/console/reports/roles", form | {"role": "king"})).status_code == 422
    assert (await owner.post("/console/reports/roles", form)).status_code == 303
    page = await owner.get("/console/reports/roles")
    assert member.person.phone in page.text
    assert HOSTILE not in page.text
    assert (await member.get("/console/reports/runs")).status_code == 200
    assert (await owner.post("/console/reports/roles", form | {"role": ""})).status_code == 303
    assert (await member.get("/console/reports/runs")).status_code == 403
    assert await house.parts.reports.roles.role_of(member.person.id) is ReportRole.NONE
