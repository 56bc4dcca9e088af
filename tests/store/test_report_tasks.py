"""Templates, cycles, tasks, tags, triggers and roles, as both engines keep them; and what finding them costs."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest
from msgspec.structs import replace

from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.core.event import Actor, Subject
from tidings.core.report import Content, Filter, FilterCycle, ReportQuery, ReportRole, ReportTask, Tag, Template
from tidings.store.audit import Audit
from tidings.store.database import Database
from tidings.store.open import open_database
from tidings.store.people import person_created
from tidings.store.report_roles import ReportRoles, report_role_given
from tidings.store.report_tasks import (
    ReportTasks,
    Wanted,
    claimed,
    tag_made,
    tag_removed,
    tag_renamed,
    task_made,
    task_removed,
    task_saved,
    task_scheduled,
    tasks_put_off,
)
from tidings.store.report_templates import (
    ReportTemplates,
    cycle_made,
    cycle_removed,
    cycle_saved,
    template_made,
    template_removed,
    template_saved,
)
from tidings.store.report_triggers import Hearing, ReportTriggers, trigger_deaf, trigger_hears, trigger_subscribed
from tidings.store.statements import statements

TEMPLATE = Template(
    id="sales", title="Sales", version=1, is_base=False, meta={"a": [1]}, made_by="ada", made_at=1, saved_at=1
)
CONTENT = Content(html="<p>é</p>", queries=(ReportQuery(name="q", sql="SELECT 1"),))
CYCLE = FilterCycle(
    id="c",
    template="sales",
    title="By town",
    query="q",
    fields=("town",),
    values={"town": ("Pune", 1)},
    made_at=1,
    saved_at=1,
)
NEWS, OLD = Tag(id="t1", title="News"), Tag(id="t2", title="Old")


def task(identifier: str, **changes: Any) -> ReportTask:  # noqa: ANN401 - of any field
    made = ReportTask(
        id=identifier,
        title="Weekly",
        template="sales",
        frequency="Weekly",
        start_on=5,
        filters=(Filter(field="town", values=("Pune", None, 1.5, True)),),
        owner="ada",
        is_waiting=False,
        made_at=10,
        saved_at=10,
        next_at=None,
    )
    return replace(made, **changes)


async def test_tasks_are_found_by_all_that_they_are_asked_for(database: Database) -> None:
    tasks = ReportTasks(database)
    first = task("a", tags=("t2", "t1"), meta={"team": "north", "size": 1, "deep": {"x": [1.0, None]}})
    second = task("b", made_at=11, template="other", trigger="night", is_waiting=True, meta={"team": "north"})
    third = task("c", made_at=12, trigger="night", tags=("t1",), is_enabled=False)
    await database.write(tag_made(NEWS), tag_made(OLD), *task_made(first), *task_made(second), *task_made(third))

    async def found(most: int = 9, skip: int = 0, **wanted: Any) -> tuple[str, int]:  # noqa: ANN401 - of any field
        some, total = await tasks.list(Wanted(**wanted), skip=skip, most=most)
        return "".join(one.id for one in some), total

    assert await tasks.get("a") == first
    assert await found() == ("cba", 3)
    assert await found(most=1, skip=1) == ("b", 3)
    assert await found(skip=9) == ("", 3)
    assert await found(template="sales") == ("ca", 2)
    assert await found(tag="t1") == ("ca", 2)
    assert await found(tag="t1", trigger="night") == ("c", 1)
    assert await found(trigger="night") == ("cb", 2)
    assert await found(trigger="night", template="other", is_waiting=True) == ("b", 1)
    assert await found(is_waiting=False) == ("ca", 2)
    assert await found(meta={"team": "north"}) == ("ba", 2)
    assert await found(meta={"team": "north", "size": 1.0}) == ("a", 1)
    assert await found(meta={"deep": {"x": [1, None]}}) == ("a", 1)
    assert await found(meta={"team": "north", "size": True}) == ("", 0)
    assert await found(template="nobody's") == ("", 0)
    assert [one.id for one in await tasks.fired("night", most=9)] == []
    await database.write(*task_removed("a"))
    assert (await tasks.get("a"), await found(meta={"size": 1})) == (None, ("", 0))


async def test_a_window_is_claimed_once_and_changing_the_task_does_not_bring_it_back(database: Database) -> None:
    tasks = ReportTasks(database)
    for one in (
        task("a", next_at=100),
        task("b", next_at=100, priority=9),
        task("c", next_at=90),
        task("d", next_at=101),
    ):
        await database.write(*task_made(one))

    assert [one.id for one in await tasks.due(100, 9)] == ["c", "b", "a"]
    assert await tasks.next_at() == 90
    await database.write(claimed("c", was=90, next_at=200))
    with pytest.raises(Conflict):
        await database.write(claimed("c", was=90, next_at=200))
    await database.write(*task_saved(task("c", next_at=90, title="Daily", saved_at=11), was=10))
    kept = await tasks.get("c")
    assert kept is not None
    assert (kept.title, kept.next_at, kept.saved_at) == ("Daily", 200, 11)
    with pytest.raises(Conflict, match="somebody else changed"):
        await database.write(*task_saved(task("c", saved_at=12), was=10))
    await database.write(task_scheduled("c", next_at=300, is_once=True), task_scheduled("a", next_at=300, is_once=True))
    assert [one.id for one in await tasks.due(300, 9)] == ["b", "d", "a"]


async def test_approved_tasks_of_a_template_or_a_cycle_are_put_off_each_with_an_entry(database: Database) -> None:
    tasks = ReportTasks(database)
    for one in (
        task("a", next_at=100, cycle="c"),
        task("b", next_at=100, saved_at=60),
        task("c", is_waiting=True),
        task("d", next_at=100, template="other", cycle="c"),
    ):
        await database.write(*task_made(one))

    *_, of_cycle = await database.write(*tasks_put_off("sales", cycle="c", by="ada", at=50))
    *_, of_template = await database.write(*tasks_put_off("sales", by="ada", at=50))

    assert (of_cycle, of_template) == ([("a",)], [("b",)])
    kept = [await tasks.get(name) for name in "abcd"]
    assert [(one.is_waiting, one.next_at, one.saved_at) for one in kept if one] == [
        (True, None, 50),
        (True, None, 61),
        (True, None, 10),
        (False, 100, 10),
    ]
    told = [(one.actor, one.action, one.about) for one in await Audit(database).entries()]
    assert sorted(told) == [("ada", "report_task.put_off", "a"), ("ada", "report_task.put_off", "b")]


async def test_a_template_keeps_its_versions_and_stays_while_tasks_use_it(database: Database) -> None:
    templates = ReportTemplates(database)
    await database.write(*template_made(TEMPLATE, CONTENT))
    newer, base = (
        replace(TEMPLATE, version=2, saved_at=7, title="Sale"),
        replace(TEMPLATE, id="b", is_base=True, made_at=3, saved_at=3),
    )
    await database.write(*template_saved(newer, Content(html="2"), was=1, by="bob"), *template_made(base, CONTENT))
    await database.write(cycle_made(CYCLE, by="ada"), *task_made(task("a", cycle="c")))

    with pytest.raises(Conflict, match="somebody else saved"):
        await database.write(*template_saved(newer, Content(html="3"), was=1, by="cy"))
    assert await templates.get("sales") == newer
    assert await templates.content("sales") == Content(html="2")
    assert [(one.version, one.saved_by) for one in await templates.versions("sales", most=9)] == [
        (2, "bob"),
        (1, "ada"),
    ]
    assert await templates.list(is_base=None, skip=0, most=9) == ([base, newer], 2)
    assert await templates.list(is_base=False, skip=5, most=9) == ([], 1)
    assert await templates.cycle("c") == (CYCLE, "ada")
    assert await templates.cycles(template="sales", skip=0, most=9) == ([CYCLE], 1)
    assert await templates.cycles(template="", skip=1, most=9) == ([], 1)
    with pytest.raises(Conflict, match="tasks use this filter cycle"):
        await database.write(*cycle_removed(CYCLE))
    with pytest.raises(Conflict, match="tasks use this template"):
        await database.write(*template_removed("sales", at=9))
    await database.write(*task_removed("a"), *template_removed("sales", at=9))
    assert (await templates.get("sales"), await templates.content("sales"), await templates.cycle("c")) == (None,) * 3
    assert await templates.content("sales", version=1) == CONTENT
    with pytest.raises(NotFound):
        await database.write(*template_removed("sales", at=9))


async def test_a_filter_cycle_keeps_its_versions_also_when_it_is_gone(database: Database) -> None:
    templates = ReportTemplates(database)
    await database.write(*template_made(TEMPLATE, CONTENT), cycle_made(CYCLE, by="ada"))
    titled = replace(CYCLE, title="Towns", saved_at=2)
    second = replace(titled, fields=("town", "shop"), version=2, saved_at=3)

    await database.write(*cycle_saved(titled, was=1, by="bob"))
    await database.write(*cycle_saved(second, was=1, by="cy"))

    with pytest.raises(Conflict, match="somebody else saved"):
        await database.write(*cycle_saved(replace(second, query="other"), was=1, by="dan"))
    for version, cycle in ((1, titled), (2, second)):
        assert await templates.cycle_at("c", version=version) == cycle
    assert await templates.cycle_at("c", version=3) is None
    other = replace(CYCLE, id="d")
    await database.write(cycle_made(other, by="eve"))
    await database.write(*cycle_removed(second))
    await database.write(*template_removed("sales", at=9))
    assert await templates.cycles(template="", skip=0, most=9) == ([], 0)
    assert await templates.cycle_at("c", version=2) == second
    assert await templates.cycle_at("d", version=1) == other
    told = await templates.cycle_versions("c", most=9)
    assert [(one.version, one.saved_by, one.saved_at) for one in told] == [(2, "cy", 3), (1, "ada", 2)]
    assert await templates.cycle_versions("c", most=1) == told[:1]


async def test_tags_are_told_apart_by_more_than_capitals_and_go_from_tasks_with_their_removal(
    database: Database,
) -> None:
    tasks = ReportTasks(database)
    await database.write(tag_made(NEWS), tag_made(OLD), *task_made(task("a", tags=("t1", "t2"))))

    with pytest.raises(Conflict, match="there is a tag 'NEWS' already"):
        await database.write(tag_made(Tag(id="t3", title="NEWS")))
    with pytest.raises(Conflict):
        await database.write(tag_renamed(replace(OLD, title="news")))
    with pytest.raises(Invalid, match="tags: there is no tag 't9'"):
        await database.write(*task_made(task("b", tags=("t9",))))
    await database.write(tag_renamed(replace(NEWS, title="NEWS")), *tag_removed("t2"))
    assert await tasks.tags(after="", most=9) == [replace(NEWS, title="NEWS")]
    assert await tasks.tags_named(["t1", "t2"]) == [replace(NEWS, title="NEWS")]
    assert await tasks.tag("t1") == replace(NEWS, title="NEWS")
    kept = await tasks.get("a")
    assert kept is not None
    assert kept.tags == ("t1",)
    assert await tasks.get("b") is None


async def test_a_trigger_is_there_by_its_tasks_or_by_an_event(database: Database) -> None:
    triggers = ReportTriggers(database)
    heard = Hearing(name="order", subject=Subject("Group", "g"), types=("order.*",))
    for one in (task("a", trigger="night"), task("b", trigger="night"), task("c", trigger="order"), task("d")):
        await database.write(*task_made(one))
    await database.write(trigger_hears(heard, by="ada", at=1))

    with pytest.raises(Conflict, match="an event fires the trigger 'order' already"):
        await database.write(trigger_hears(heard, by="ada", at=1))
    listed = await triggers.list(after="", most=9)
    assert [(one.name, one.tasks, one.hears) for one in listed] == [("night", 2, None), ("order", 1, heard)]
    assert await triggers.list(after="order", most=9) == []
    assert await triggers.unheard(most=9) == [heard]
    await database.write(trigger_subscribed("order", webhook=7))
    assert (await triggers.hearing("order"), await triggers.unheard(most=9)) == (replace(heard, webhook=7), [])
    with pytest.raises(Conflict):
        await database.write(trigger_deaf(heard))
    await database.write(trigger_deaf(replace(heard, webhook=7)))
    assert await triggers.hearing("order") is None
    assert [one.id for one in await ReportTasks(database).fired("night", after=(10, "a"), most=9)] == ["b"]


async def test_people_are_given_roles_and_lose_them(database: Database) -> None:
    roles, ada = ReportRoles(database), Actor(id="ada", phone="+910000000001", name="Ada")
    await database.write(person_created(ada, at=1), report_role_given("ada", ReportRole.AUTHOR, at=2))
    await database.write(report_role_given("ada", ReportRole.PUBLISHER, at=3))

    assert (await roles.get("ada"), await roles.get("bob")) == (ReportRole.PUBLISHER, ReportRole.NONE)
    assert await roles.list(after="", most=9) == [(ada, ReportRole.PUBLISHER)]
    with pytest.raises(NotFound):
        await database.write(report_role_given("bob", ReportRole.AUTHOR, at=4))
    await database.write(report_role_given("ada", ReportRole.NONE, at=5))
    assert await roles.list(after="", most=9) == []


# What each list goes by, as SQLite tells it, and what it must not do.
PLANS = {
    "report_tasks_due": "SEARCH one USING INDEX report_task_next_at (next_at>? AND next_at<?)",
    "report_tasks_next_at": "SEARCH report_task USING COVERING INDEX report_task_next_at (next_at>?)",
    "report_tasks_fired": "SEARCH one USING INDEX report_task_fired_by (fired_by=? AND (made_at,id)>(?,?))",
    "report_tasks": "SCAN task USING COVERING INDEX report_task_made_at",
    "report_tasks_of_template": "SEARCH task USING COVERING INDEX report_task_template (template=?)",
    "report_tasks_of_trigger": "SEARCH task USING INDEX report_task_fired_by (fired_by=?)",
    "report_tasks_of_tag": "SEARCH tagged USING COVERING INDEX report_task_tag_tag (tag=?)",
    "report_triggers": "SEARCH report_task USING COVERING INDEX report_task_fired_by (fired_by>?)",
    "report_templates": "SCAN report_template USING INDEX report_template_made_at",
    "report_cycles_of_template": "SEARCH report_cycle USING COVERING INDEX report_cycle_template (template=?)",
}


async def test_on_sqlite_each_list_is_read_off_its_index(tmp_path: Path) -> None:
    database = await open_database(f"sqlite:{tmp_path / 'tidings.db'}", clock=Clock())
    await database.migrate()
    await database.close()
    connection = apsw.Connection(str(tmp_path / "tidings.db"))

    for name, expected in PLANS.items():
        text = statements("sqlite")[name]
        rows = connection.execute(f"EXPLAIN QUERY PLAN {text.sql}", [None] * len(text.parameters)).fetchall()
        steps = [str(row[3]) for row in rows]
        assert expected in steps, (name, steps)
        assert not any(step in {"SCAN one", "SCAN task", "SCAN report_task"} for step in steps), (name, steps)
        # What is sorted is the page that was found, and before the tags of each are put together.
        sorting = [number for number, step in enumerate(steps) if step == "USE TEMP B-TREE FOR ORDER BY"]
        assert sorting in ([], [len(steps) - 1]), (name, steps)
    connection.close()


@pytest.fixture
async def crowd(new_postgresql_database: Callable[[], str]) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Twenty thousand tasks of a hundred templates, every tenth due, every hundredth with a trigger and a tag."""
    url = new_postgresql_database()
    database = await open_database(url, clock=Clock())
    await database.migrate()
    await database.close()
    connection = await asyncpg.connect(url)
    await connection.execute(
        """
        INSERT INTO report_task (id, template, cycle, fired_by, priority, is_enabled, is_waiting, owner, made_at,
            saved_at, next_at, draft)
        SELECT 'k' || n, 'm' || n % 100, '', CASE WHEN n % 100 = 0 THEN 'night' ELSE '' END, n % 11, 1, 0, 'ada', n, n,
            CASE WHEN n % 10 = 0 THEN n END, '{}' FROM generate_series(1, 20000) AS n;
        INSERT INTO report_task_tag SELECT 'k' || n, 't' || n % 7, 0, n FROM generate_series(100, 20000, 100) AS n;
        ANALYZE;
        """
    )
    yield connection
    await connection.close()


async def test_on_postgresql_a_page_reads_little_more_than_it_shows(
    crowd: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    values = {"until": 15_000, "most": 20, "skip": 0, "template": "m7", "tag": "t1", "fired_by": "night", "made_at": 9}
    values |= {"id": "k", "is_waiting": -1, "marks": 0, "properties": "[]"}

    for name in ("report_tasks_due", "report_tasks_fired", "report_tasks_of_template"):
        text = statements("postgresql")[name]
        given = values | ({"fired_by": "night"} if name == "report_tasks_fired" else {"fired_by": ""})
        arguments = [given[parameter] for parameter in text.parameters]
        [row] = await crowd.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text.sql}", *arguments)
        plan = json.loads(row[0])[0]["Plan"]
        assert plan["Actual Rows"] == 20, name
        assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 400, (name, plan)
    for name in ("report_tasks_of_tag", "report_tasks_of_trigger", "report_tasks"):
        text = statements("postgresql")[name]
        given = values | {"template": ""}
        rows = await crowd.fetch(f"EXPLAIN {text.sql}", *(given[one] for one in text.parameters))
        plan = "\n".join(row[0] for row in rows)
        assert name == "report_tasks" or "Seq Scan on report_task " not in plan, plan
