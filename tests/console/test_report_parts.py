"""Filter cycles, tags and data connections in the console."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest

from tests.console.house import ConsoleHouse
from tests.console.report_runs_house import HOSTILE, PRESS, opened_report_house
from tests.console.webhook_house import audited
from tidings.console.rights import Role
from tidings.core.report import Content, ReportQuery, ReportRole

REPORTS = "/console/reports"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ConsoleHouse]:
    async with opened_report_house(tmp_path) as house:
        yield house


async def test_a_filter_cycle_is_made_changed_and_removed(house: ConsoleHouse) -> None:
    operator, cycles = await house.person(Role.OPERATOR), house.parts.reports.cycles
    content = Content(html="<p>", queries=(ReportQuery(name="sales", sql="SELECT 1 AS region"),))
    template = await house.parts.reports.templates.create("Sales", content, author=PRESS)
    form = {"template": template.id, "title": HOSTILE, "query": "sales", "fields": "region\nshop", "do": "save"}

    asks = await operator.post(f"{REPORTS}/cycles/new", {"template": template.id, "do": "template"}, htmx=True)
    wrong = await operator.post(f"{REPORTS}/cycles/new", form | {"values": "colour: red"})
    made = await operator.post(f"{REPORTS}/cycles/new", form | {"values": "region: North, South"})

    assert '<option value="sales"' in asks.text
    error = re.search(r'id="values-error">(.*?)</p>', wrong.text, re.DOTALL)
    assert error
    assert "is none of the fields above" in error[1]
    assert made.status_code == 303
    [[cycle], _] = await cycles.list()
    assert (cycle.fields, cycle.values) == (("region", "shop"), {"region": ("North", "South")})
    page = await operator.get(f"{REPORTS}/cycles")
    assert "region × shop" in page.text
    assert HOSTILE not in page.text
    changed = await operator.post(f"{REPORTS}/cycles/{cycle.id}", form | {"title": "By region", "fields": "region"})
    assert changed.status_code == 303
    assert (await cycles.get(cycle.id)).fields == ("region",)
    assert f"/cycles/{cycle.id}/versions/2" in (await operator.get(f"{REPORTS}/cycles/{cycle.id}")).text
    assert (await operator.post(f"{REPORTS}/cycles/{cycle.id}/remove")).status_code == 303
    assert (await operator.get(f"{REPORTS}/cycles/{cycle.id}")).status_code == 404
    # A report that was spread by it still leads to how it was.
    before = await operator.get(f"{REPORTS}/cycles/{cycle.id}/versions/1")
    assert "region × shop" in before.text
    assert f"/cycles/{cycle.id}/versions/2" in before.text
    assert HOSTILE not in before.text
    assert (await operator.get(f"{REPORTS}/cycles/{cycle.id}/versions/3")).status_code == 404


async def test_a_tag_is_made_once_renamed_and_removed(house: ConsoleHouse) -> None:
    operator, tags = await house.person(Role.OPERATOR), house.parts.reports.tags

    made = await operator.post(f"{REPORTS}/tags", {"title": "sales"})
    again = await operator.post(f"{REPORTS}/tags", {"title": "Sales"})
    [tag] = await tags.list()
    renamed = await operator.post(f"{REPORTS}/tags/{tag.id}/rename", {"renamed": HOSTILE})
    page = await operator.get(f"{REPORTS}/tags")
    removed = await operator.post(f"{REPORTS}/tags/{tag.id}/remove")

    assert (made.status_code, renamed.status_code, removed.status_code) == (303, 303, 303)
    assert again.status_code == 422
    assert 'id="title-error"' in again.text
    assert HOSTILE in unescape(page.text)
    assert HOSTILE not in page.text
    assert await tags.list() == []


async def test_administrators_alone_connect_databases_and_no_url_is_shown_again(
    house: ConsoleHouse, tmp_path: Path
) -> None:
    owner, publisher = await house.person(Role.OWNER), await house.person(Role.MEMBER)
    await house.parts.reports.roles.give(publisher.person.id, ReportRole.PUBLISHER, actor="test")
    # An empty file is an empty database.
    (tmp_path / "of-theirs.db").touch()
    form = {"name": "shop", "url": f"sqlite:///{tmp_path / 'of-theirs.db'}", "most_rows": "10", "longest": "5"}
    unreachable = {**form, "url": "postgresql://reader:of-mine@127.0.0.1:9/shop"}

    kept_out = [await publisher.get(f"{REPORTS}/connections"), await publisher.post(f"{REPORTS}/connections", form)]
    wrong = await owner.post(f"{REPORTS}/connections", unreachable)
    added = await owner.post(f"{REPORTS}/connections", form)
    tested = await owner.post(f"{REPORTS}/connections/shop/test")
    page = await owner.get(f"{REPORTS}/connections")
    removed = await owner.post(f"{REPORTS}/connections/shop/remove")

    assert [one.status_code for one in kept_out] == [403, 403]
    assert wrong.status_code == 422
    assert 'id="url-error"' in wrong.text
    assert "of-mine" not in wrong.text
    assert (added.status_code, tested.status_code, removed.status_code) == (303, 303, 303), added.text
    assert "shop answers; it is sqlite." in page.text
    assert "of-theirs" not in page.text
    assert (owner.person.id, "report_connection.added", "shop") in await audited(house)
