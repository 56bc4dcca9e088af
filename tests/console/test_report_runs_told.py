"""Callbacks and triggers of reports, as people make them."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.console.house import ConsoleHouse
from tests.console.report_runs_house import opened_report_house, task_of
from tidings.console.rights import Role
from tidings.core.event import Subject
from tidings.core.report import ReportRole
from tidings.reports.gates import Gate, Otherwise

URL = "http://127.0.0.1:9/callback"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ConsoleHouse]:
    async with opened_report_house(tmp_path) as house:
        yield house


async def test_a_publisher_makes_a_callback_that_a_run_waits_for(house: ConsoleHouse) -> None:
    task = await task_of(house.parts, tag="sales")
    reports = house.parts.reports
    publisher = await house.person(Role.MEMBER)
    await reports.roles.give(publisher.person.id, ReportRole.PUBLISHER, actor="test")
    form = {"callBackUrl": URL, "trigger": "both", "scope": "tag", "tag": task.tags[0], "format": "connectreport"}
    gate = {"must_answer": "on", "wait": "45", "otherwise": "skip"}

    blank = await publisher.get(f"/console/reports/callbacks/new?task={task.id}")
    made = await publisher.post("/console/reports/callbacks/new", form | gate)
    [name] = set(re.findall(r"/reports/callbacks/([0-9a-f-]{36})", made.text))
    webhook = await house.parts.subscriptions.get(name)
    page = await publisher.get(f"/console/reports/callbacks/{name}")

    assert f'value="{task.id}" selected' in blank.text
    assert "whsec_" in made.text
    assert webhook is not None
    assert webhook.subject == Subject("ReportTag", task.tags[0])
    assert (webhook.types.names, webhook.format) == (("preReportTask", "postReportTask"), "connectreport")
    assert await reports.gates.get(name) == Gate(subscription=name, wait_ms=45_000, otherwise=Otherwise.SKIP)
    assert "whsec_" not in page.text
    assert URL in (await publisher.get("/console/reports/callbacks")).text
    assert (await publisher.post(f"/console/reports/callbacks/{name}/gate", {})).status_code == 303
    assert await reports.gates.get(name) is None
    tested = await publisher.post(f"/console/reports/callbacks/{name}/test", {"eventType": "postReportTask"})
    assert tested.status_code == 303
    assert "postReportTask" in (await publisher.get(f"/console/reports/callbacks/{name}")).text
    assert (await publisher.post(f"/console/reports/callbacks/{name}/end")).status_code == 303
    assert (await publisher.post(f"/console/reports/callbacks/{name}/test")).status_code == 404


async def test_what_is_wrong_with_a_callback_stands_at_its_field(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    form = {"callBackUrl": URL, "trigger": "pre", "scope": "all", "format": "standard"}
    wrong: tuple[tuple[dict[str, str], str], ...] = (
        ({"callBackUrl": "ftp://127.0.0.1/"}, "callBackUrl"),
        ({"callBackUrl": "http://10.0.0.1/"}, "callBackUrl"),
        ({"trigger": "never"}, "trigger"),
        ({"scope": "task", "task": "none"}, "task"),
        ({"scope": "tag"}, "tag"),
        ({"format": "kaizala?"}, "format"),
        ({"trigger": "post", "must_answer": "on"}, "trigger"),
        ({"must_answer": "on", "wait": "0"}, "wait"),
        ({"must_answer": "on", "otherwise": "pray"}, "otherwise"),
    )

    for change, field in wrong:
        answer = await operator.post("/console/reports/callbacks/new", form | change)
        assert answer.status_code == 422, change
        assert f'id="{field}-error"' in answer.text, change


async def test_a_trigger_is_run_by_hand_and_fired_by_an_event(house: ConsoleHouse) -> None:
    await task_of(house.parts, trigger="month/end")
    operator, reader = await house.person(Role.OPERATOR), await house.person(Role.READER)
    owner = await house.person(Role.OWNER)
    here = "/console/reports/triggers"
    wish = {"name": "month/end", "kind": "Application", "subject": "orders", "moreTypes": "month.closed"}

    listed = await operator.get(here)
    page = await operator.get(f"{here}/one?name=month%2Fend")
    ran = await operator.post(f"{here}/run", {"name": "month/end"})
    wrong = await owner.post(f"{here}/hear", wish | {"moreTypes": ""})
    heard = await owner.post(f"{here}/hear", wish)
    told = await operator.get(f"{here}/one?name=month%2Fend")

    assert "month/end" in listed.text
    assert "Weekly sales" in page.text
    assert ran.status_code == 303
    assert "by a trigger" in (await operator.get("/console/reports/runs")).text
    assert (wrong.status_code, heard.status_code) == (422, 303)
    assert "month.closed" in told.text
    assert (await owner.post(f"{here}/unhear", {"name": "month/end"})).status_code == 303
    assert (await operator.get(f"{here}/one?name=none")).status_code == 404
    assert (await operator.post(f"{here}/run", {"name": "none"})).status_code == 404
    assert (await reader.post(f"{here}/run", {"name": "month/end"})).status_code == 403
