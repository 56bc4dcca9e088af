"""Cycles, tags, triggers and roles: who may make them, and what is refused."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.reports.study import AUTHOR, OTHER, PUBLISHER, VIEWER, Study, study_in
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.core.event import Actor
from tidings.core.report import ReportRole
from tidings.reports.roles import role_of_scopes
from tidings.store.people import People, person_created
from tidings.store.report_triggers import trigger_subscribed


@pytest.fixture
async def study(tmp_path: Path) -> AsyncIterator[Study]:
    async with study_in(tmp_path) as study:
        yield study


async def test_a_cycle_is_its_makers_and_stays_while_a_task_uses_it(study: Study) -> None:
    cycles, template = study.cycles, (await study.template()).id
    cycle = await cycles.create(
        template=template, title="Towns", query="sales", fields=["town"], values={"town": ["Oslo", 1]}, author=AUTHOR
    )
    task = await study.tasks.create(await study.draft(template=template, cycle=cycle.id), author=AUTHOR)

    assert (await cycles.get(cycle.id), cycle.values) == (cycle, {"town": ("Oslo", 1)})
    assert await cycles.list(template) == ([cycle], 1)
    for who in (OTHER, VIEWER):
        with pytest.raises(Forbidden):
            await cycles.change(cycle.id, title="Mine", author=who)
    changed, _ = await cycles.change(cycle.id, fields=["amount", "since"], author=PUBLISHER)
    assert (changed.title, changed.fields, changed.values) == ("Towns", ("amount", "since"), {})
    with pytest.raises(Conflict):
        await cycles.remove(cycle.id, author=AUTHOR)
    await study.tasks.remove(task.id, author=AUTHOR)
    await cycles.remove(cycle.id, author=AUTHOR)
    with pytest.raises(NotFound):
        await cycles.get(cycle.id)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"template": "none"}, "templateId: there is no such"),
        ({"title": ""}, "title: "),
        ({"query": "none"}, "query: the template has none called 'none'"),
        ({"fields": []}, "fields: name 1 to 5"),
        ({"fields": ["a", "a"]}, "fields: name 1 to 5"),
        ({"fields": [""]}, r"fields\[0\]: expected the name"),
        ({"values": {"amount": [1]}}, "values: 'amount' is none of the fields"),
        ({"values": {"town": []}}, r"values\.town: expected 1 to 1,000"),
    ],
)
async def test_a_cycle_that_is_not_as_it_must_be_is_refused_by_its_field(
    study: Study, changes: dict[str, Any], message: str
) -> None:
    template = (await study.template()).id
    asked = {"template": template, "title": "Towns", "query": "sales", "fields": ["town"], **changes}

    with pytest.raises(Invalid, match=f"^{message}"):
        await study.cycles.create(**asked, author=AUTHOR)


async def test_authors_make_tags_and_publishers_rename_and_remove_them(study: Study) -> None:
    tags = study.tags
    sales = await tags.create(" Sales ", AUTHOR)

    assert (await tags.list(), await tags.named([sales.id])) == ([sales], [sales])
    with pytest.raises(Forbidden):
        await tags.create("Mine", VIEWER)
    with pytest.raises(Forbidden):
        await tags.rename(sales.id, "Mine", author=AUTHOR)
    with pytest.raises(Forbidden):
        await tags.remove(sales.id, author=AUTHOR)
    await tags.rename(sales.id, "Sale", author=PUBLISHER)
    assert (await tags.get(sales.id)).title == "Sale"
    await tags.remove(sales.id, author=PUBLISHER)
    with pytest.raises(NotFound):
        await tags.rename(sales.id, "Sales", author=PUBLISHER)


async def test_publishers_choose_the_event_that_fires_a_trigger(study: Study) -> None:
    triggers = study.triggers
    await study.tasks.create(await study.draft(trigger="night"), author=PUBLISHER)

    with pytest.raises(Forbidden):
        await triggers.hear("night", kind="Group", subject="g", types=["order.*"], author=AUTHOR)
    refused: list[dict[str, Any]] = [{"types": []}, {"types": ["*.a"]}, {"kind": ""}, {"subject": " "}]
    for wrong in refused:
        asked: dict[str, Any] = {"kind": "Group", "subject": "g", "types": ["order.*"], **wrong}
        with pytest.raises(Invalid):
            await triggers.hear("night", **asked, author=PUBLISHER)
    heard = await triggers.hear("night", kind="Group", subject="g", types=["order.*"], author=PUBLISHER)
    assert [(one.name, one.tasks, one.hears) for one in await triggers.list()] == [("night", 1, heard)]
    await study.database.write(trigger_subscribed("night", webhook=4))
    with pytest.raises(Forbidden):
        await triggers.unhear("night", author=AUTHOR)
    await triggers.unhear("night", author=PUBLISHER)
    assert await triggers.hearing("night") is None
    with pytest.raises(NotFound):
        await triggers.unhear("night", author=PUBLISHER)


async def test_roles_are_given_to_people_and_come_with_scopes(study: Study) -> None:
    roles, ada = study.roles, Actor(id="ada", phone="+910000000001", name="Ada")
    await study.database.write(person_created(ada, at=1))

    await roles.give("ada", ReportRole.AUTHOR, actor="owner")
    assert (await roles.role_of("ada"), await roles.role_of("")) == (ReportRole.AUTHOR, ReportRole.NONE)
    assert await roles.given() == [(await People(study.database).get("ada"), ReportRole.AUTHOR)]
    await roles.give("ada", ReportRole.NONE, actor="owner")
    assert await roles.given() == []
    assert sorted(await study.record()) == ["owner report_role.given", "owner report_role.taken"]
    held = {
        "reports.read": "viewer",
        "reports.write": "author",
        "reports.publish": "publisher",
        "admin": "administrator",
    }
    assert {scope: role_of_scopes(frozenset({scope, "publish"})).value for scope in held} == held
    assert role_of_scopes(frozenset(held)) is ReportRole.ADMINISTRATOR
    assert role_of_scopes(frozenset({"tables.read"})) is ReportRole.NONE


@pytest.mark.parametrize("kind", ["ReportTask", "ReportTemplate", "ReportTag", "*"])
async def test_a_trigger_hears_of_no_task_that_it_runs_itself(study: Study, kind: str) -> None:
    tag = await study.tags.create("Sales", AUTHOR)
    own = await study.tasks.create(await study.draft(trigger="night", tags=(tag.id,)), author=PUBLISHER)
    other = await study.tasks.create(await study.draft(trigger="noon"), author=PUBLISHER)
    ids = {"ReportTask": own.id, "ReportTemplate": own.template, "ReportTag": tag.id, "*": "*"}
    asked: dict[str, Any] = {"kind": kind.replace("*", "ReportTask"), "subject": ids[kind], "author": PUBLISHER}

    with pytest.raises(Invalid, match="objectId: the trigger runs such a task itself"):
        await study.triggers.hear("night", types=["postReportTask"], **asked)
    await study.triggers.hear("day", types=["*"], **asked)
    await study.triggers.hear("night", types=["*"], kind="ReportTask", subject=other.id, author=PUBLISHER)
