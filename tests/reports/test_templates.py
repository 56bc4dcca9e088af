"""Templates: their versions, who may change them, what they may hold, and how they travel."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.reports.study import AUTHOR, CONTENT, OTHER, PUBLISHER, VIEWER, Study, study_in
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from tidings.core.report import Content, Filter, ReportChart, ReportParameter, ReportQuery
from tidings.reports.content import checked_content


@pytest.fixture
async def study(tmp_path: Path) -> AsyncIterator[Study]:
    async with study_in(tmp_path) as study:
        yield study


async def test_other_content_makes_a_version_and_former_ones_stay_as_they_were(study: Study) -> None:
    templates, first = study.templates, await study.template()
    newer = replace(CONTENT, html="<h2>")
    await study.clock.advance(1_000)

    second, _ = await templates.save(first.id, author=AUTHOR, content=newer, meta={"a": 1})
    renamed, _ = await templates.save(first.id, author=PUBLISHER, content=newer, title=" Sales  2 ")
    assert (second.version, renamed.version, renamed.title, renamed.meta) == (2, 2, "Sales 2", {"a": 1})
    assert await templates.get(first.id) == renamed
    assert (await templates.content(first.id), await templates.content(first.id, version=1)) == (newer, CONTENT)
    versions = [(one.version, one.saved_by, one.saved_at) for one in await templates.versions(first.id)]
    assert versions == [(2, "ada", study.clock.now()), (1, "ada", first.made_at)]
    assert [line for line in await study.record() if line.startswith("pia")] == ["pia report_template.saved"]


async def test_authors_rule_their_own_templates_and_publishers_the_base_ones(study: Study) -> None:
    templates, own = study.templates, await study.template()
    base = await templates.create("Base", CONTENT, author=PUBLISHER, is_base=True)

    with pytest.raises(Forbidden, match="needs the role 'publisher'"):
        await templates.create("Base", CONTENT, author=AUTHOR, is_base=True)
    for who, which in ((OTHER, own), (VIEWER, own), (AUTHOR, base)):
        with pytest.raises(Forbidden):
            await templates.save(which.id, author=who, title="Mine")
        with pytest.raises(Forbidden):
            await templates.remove(which.id, author=who)
    copy = await templates.duplicate(base.id, author=AUTHOR, title="Copy")
    assert (copy.is_base, copy.made_by, copy.title, await templates.content(copy.id)) == (False, "ada", "Copy", CONTENT)
    assert await templates.list(is_base=True) == ([base], 1)
    assert (await templates.list(is_base=False))[1] == 2


async def test_a_template_is_removed_when_no_task_uses_it_and_its_reports_still_find_it(study: Study) -> None:
    templates = study.templates
    task = await study.tasks.create(await study.draft(), author=AUTHOR)

    with pytest.raises(Conflict, match="tasks use this template"):
        await templates.remove(task.template, author=AUTHOR)
    await study.tasks.remove(task.id, author=AUTHOR)
    await templates.remove(task.template, author=AUTHOR)
    assert await templates.content(task.template, version=1) == CONTENT
    for asked in (templates.get, templates.content, templates.versions, templates.exported):
        with pytest.raises(NotFound):
            await asked(task.template)


async def test_a_template_travels_in_a_file(study: Study) -> None:
    templates = study.templates
    content = replace(
        CONTENT,
        charts=(
            ReportChart(name="c", query="sales", spec={"mark": "bar"}),
            ReportChart(name="d", board="b", chart="x"),
        ),
    )
    template = await templates.create("Täglich", content, author=AUTHOR, meta={"a": [1]})

    file = await templates.exported(template.id)
    back = await templates.imported(file, OTHER)
    assert (back.title, back.meta, back.made_by) == ("Täglich", {"a": [1]}, "otto")
    assert await templates.content(back.id) == content
    with pytest.raises(Forbidden):
        await templates.imported(file, VIEWER)
    for wrong in (
        b"[]",
        b"{",
        b"{}",
        file.replace(b"tidings report template", b"other"),
        file.replace(b'"sql"', b'"x"'),
    ):
        with pytest.raises(Invalid):
            await templates.imported(wrong, AUTHOR)
    with pytest.raises(Invalid, match="title: expected 1"):
        await templates.imported(json.dumps(json.loads(file) | {"title": ""}).encode(), AUTHOR)
    with pytest.raises(TooLarge):
        await templates.imported(b" " * 10_000_001, AUTHOR)


# 190 kB.
LONG = Filter(field="f", values=("x" * 9_500,) * 20)


def query(name: str = "q", **changes: Any) -> ReportQuery:  # noqa: ANN401 - of any field
    return ReportQuery(**{"name": name, "sql": "SELECT 1", **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"html": "é" * 1_000_001}, "html: is larger than 2,000,000 bytes"),
        ({"html": "a\0"}, "html: holds a NUL"),
        ({"queries": tuple(query(f"q{number}") for number in range(21))}, "queries: there are 21"),
        ({"queries": (query("no name"),)}, r"queries\[0\]\.name: 'no name' is no name"),
        ({"queries": (query(), query("Q"))}, r"queries\[1\]\.name: another one"),
        ({"queries": (query(sql=" "),)}, r"queries\[0\]\.sql: expected a SELECT"),
        ({"queries": (query(most_rows=0),)}, r"queries\[0\]\.mostRows: expected 1"),
        ({"charts": (ReportChart(name="c"),)}, r"charts\[0\]: name either"),
        ({"charts": (ReportChart(name="c", query="none", spec={"a": 1}),)}, r"charts\[0\]\.query: there is no"),
        ({"charts": (ReportChart(name="c", query="q", board="b", chart="c"),)}, r"charts\[0\]: name either"),
        ({"charts": (ReportChart(name="c", query="q"),)}, r"charts\[0\]\.spec: expected"),
        ({"charts": (ReportChart(name="c", board="b"),)}, r"charts\[0\]\.chart: expected"),
        ({"charts": (ReportChart(name="c", query="q", spec={"x": "y" * 100_000}),)}, r"charts\[0\]\.spec: has"),
        ({"charts": (ReportChart(name="c", board="b", chart="c"),) * 51}, "charts: there are 51"),
        ({"parameters": (ReportParameter(name="1st"),)}, r"parameters\[0\]\.name: '1st' is no name"),
        ({"parameters": (ReportParameter(name="p", kind="date"),)}, r"parameters\[0\]\.kind: there is none"),
        ({"parameters": (ReportParameter(name="p", default=1),)}, r"parameters\[0\]\.default: expected a text"),
        ({"filter_sets": {str(number): (LONG,) for number in range(50)}}, "content: has"),
        ({"filter_sets": {"": ()}}, "filterSets: expected 1 to 200"),
        ({"filter_sets": {"x": (Filter(field="f", values=()),)}}, r"filterSets\.x\[0\]\.values: expected"),
    ],
)
def test_content_that_is_not_as_it_must_be_is_refused_by_its_place(changes: dict[str, Any], message: str) -> None:
    content = replace(Content(html="<p>", queries=(query(),)), **changes)

    with pytest.raises(Invalid, match=f"^{message}"):
        checked_content(content)
