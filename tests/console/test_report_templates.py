"""Templates in the console: made, filled row by row without a script, kept in versions, and shown in a sandbox."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest

from tests.console.house import ConsoleHouse, Visitor
from tests.console.report_runs_house import HOSTILE, PRESS, opened_report_house
from tidings.console.rights import Role
from tidings.core.report import Content, ReportQuery, ReportRole, TaskDraft

TEMPLATES = "/console/reports/templates"
QUERY = {
    "query": "0",
    "query0-name": "sales",
    "query0-sql": "SELECT 1 AS a",
    "query0-connection": "",
    "query0-most": "9",
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


async def template_of(house: ConsoleHouse, *, title: str = "Sales", is_base: bool = False) -> str:
    content = Content(html=f"<p>{HOSTILE}</p>", queries=(ReportQuery(name="sales", sql="SELECT 1 AS a"),))
    return (await house.parts.reports.templates.create(title, content, author=PRESS, is_base=is_base)).id


async def test_an_author_makes_a_template_and_fills_it_row_by_row(house: ConsoleHouse) -> None:
    visitor = await author(house)

    made = await visitor.post(f"{TEMPLATES}/new", {"title": HOSTILE, "base": ""})
    here = made.headers["location"]
    added = await visitor.post(here, {"title": "Sales", "html": "<b>", "version": "1", "do": "add-query"})
    moved = await visitor.post(here, {"title": "Sales", "html": "<b>", "do": "remove-query-0", **QUERY})
    saved = await visitor.post(here, {"title": "Sales", "html": "<b>", "version": "1", "do": "save", **QUERY})

    assert (made.status_code, saved.status_code) == (303, 303)
    assert 'name="query0-sql"' in added.text
    assert 'name="query0-sql"' not in moved.text
    kept = await house.parts.reports.templates.content(here.rpartition("/")[2])
    assert kept == Content(html="<b>", queries=(ReportQuery(name="sales", sql="SELECT 1 AS a", most_rows=9),))
    page = await visitor.get(here)
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    assert "Saved as version 2." in page.text

    draft = TaskDraft(title="Weekly", template=here.rpartition("/")[2], frequency="Weekly")
    await house.parts.reports.tasks.create(draft, author=PRESS)
    await visitor.post(here, {"title": "Sales", "html": "<i>", "version": "2", "do": "save", **QUERY})
    assert "Saved as version 3. 1 task that uses it waits for approval now." in (await visitor.get(here)).text


async def test_what_is_wrong_is_said_at_its_row_and_what_was_written_stays(house: ConsoleHouse) -> None:
    visitor = await house.person(Role.OPERATOR)
    here = f"{TEMPLATES}/{await template_of(house)}"
    form = {"title": "Sales", "html": HOSTILE, "version": "1", "do": "save", **QUERY, "query0-name": "no name"}

    refused = await visitor.post(here, form)
    late = await visitor.post(here, form | {"query0-name": "sales", "version": "0"})

    assert refused.status_code == late.status_code == 422
    error = re.search(r'id="query0-name-error">(.*?)</p>', refused.text, re.DOTALL)
    assert error
    assert "is no name" in error[1]
    assert HOSTILE not in refused.text
    assert HOSTILE in unescape(refused.text)
    assert "somebody saved version 1 meanwhile" in late.text.lower()


async def test_a_preview_is_shown_where_it_can_do_nothing(house: ConsoleHouse) -> None:
    visitor = await house.person(Role.OPERATOR)

    shown = await visitor.post(f"{TEMPLATES}/shown", {"document": HOSTILE})
    unasked = await (await house.person(Role.READER)).post(f"{TEMPLATES}/shown", {"document": HOSTILE})

    assert shown.text == HOSTILE
    policy = shown.headers["content-security-policy"].split("; ")
    assert {"sandbox", "default-src 'none'", "frame-ancestors 'self'", "form-action 'none'"} <= set(policy)
    assert not [one for one in policy if one.startswith("script-src")]
    assert shown.headers["cache-control"] == "no-store"
    assert unasked.status_code == 403


async def test_versions_are_read_and_brought_back_by_whoever_may_change_the_template(house: ConsoleHouse) -> None:
    operator, reader, other = await house.person(Role.OPERATOR), await house.person(Role.READER), await author(house)
    identifier = await template_of(house)
    here = f"{TEMPLATES}/{identifier}"
    await house.parts.reports.templates.save(identifier, author=PRESS, content=Content(html="<i>new</i>"))

    listed = await reader.get(f"{here}/versions")
    read = await reader.get(f"{here}/versions/1")
    looked = await reader.get(here)
    not_theirs = await other.post(here, {"title": "Mine", "html": "<b>", "version": "2", "do": "save"})
    back = await operator.post(f"{here}/versions/1")
    gone = await operator.get(f"{here}/versions/9")

    assert "Version 1" in listed.text
    assert "SELECT 1 AS a" in read.text
    assert HOSTILE not in read.text
    assert "Bring it back" not in read.text
    assert looked.headers["location"] == f"{here}/versions/2"
    assert (not_theirs.status_code, gone.status_code) == (403, 404)
    assert back.status_code == 303
    assert (await house.parts.reports.templates.get(identifier)).version == 3


async def test_a_template_is_carried_in_a_file_and_copied_from_a_base(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    base = await template_of(house, title="Letterhead", is_base=True)

    file = await operator.get(f"{TEMPLATES}/{base}/export")
    imported = await operator.post(f"{TEMPLATES}/import", files={"file": ("a.crpt", file.content, "text/plain")})
    broken = await operator.post(f"{TEMPLATES}/import", files={"file": ("a.crpt", b"{}", "text/plain")})
    begun = await operator.post(f"{TEMPLATES}/new", {"title": "Mine", "base": base})

    assert file.headers["content-disposition"].startswith("attachment")
    assert imported.status_code == begun.status_code == 303
    assert broken.status_code == 422
    templates, _ = await house.parts.reports.templates.list(is_base=False)
    assert sorted(one.title for one in templates) == ["Letterhead", "Mine"]
    assert "Letterhead" in (await operator.get(f"{TEMPLATES}?base=1")).text


async def test_a_template_that_tasks_use_stays(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    used, free = await template_of(house), await template_of(house)
    draft = TaskDraft(title="Weekly", template=used, frequency="Weekly")
    await house.parts.reports.tasks.create(draft, author=PRESS)

    stays = await operator.post(f"{TEMPLATES}/{used}/remove")
    goes = await operator.post(f"{TEMPLATES}/{free}/remove")

    assert (stays.status_code, goes.status_code) == (409, 303)
    assert (await operator.get(f"{TEMPLATES}/{free}")).status_code == 404
