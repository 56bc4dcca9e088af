"""What is asked of groups and their tree is looked up, not searched for: SQLite by its plan, PostgreSQL counted."""

import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import apsw
import asyncpg
import pytest

from tidings.core.clock import Clock
from tidings.store.open import open_database
from tidings.store.statements import statements

Connection = asyncpg.Connection
TREES, IN_A_TREE, MEMBERS = 300, 127, 5
GROUPS = TREES * (IN_A_TREE + 1)
PAGE = 50

# With the blocks that PostgreSQL may read: three for a row that is looked up, and what it plans with.
STATEMENTS = {
    "group_role": 10,
    "groups": 10 + PAGE,
    "groups_of_person": 10 + PAGE,
    "groups_within_reach": 6 * IN_A_TREE,
    "groups_told": PAGE * (20 + MEMBERS),
    "members_unseen": PAGE * MEMBERS * 8,
    "people_within": IN_A_TREE * MEMBERS * 8,
    "above": 60,
    "is_beneath": 60,
    "admin_over": 100,
    "links_beneath": 6 * IN_A_TREE,
    "tree_without_circle": 60,
    "tree_not_too_deep": 8 * IN_A_TREE,
}
ROWS = f"""
INSERT INTO person SELECT 'p' || n, '+91' || n, '', '', 0, 1 FROM generate_series(1, {GROUPS}) AS n;
INSERT INTO grouping SELECT 'g' || n, 'Group', '', 'Group', 1, 1 FROM generate_series(1, {GROUPS}) AS n;
INSERT INTO member SELECT 'g' || n, 'p' || 1 + (n * 7 + k) % {GROUPS}, 'Admin', 1
FROM generate_series(1, {GROUPS}) AS n, generate_series(1, {MEMBERS}) AS k;
INSERT INTO sub_group SELECT 'g' || first + n / 2, 'g' || first + n, 1
FROM generate_series(0, {GROUPS - 1}, {IN_A_TREE + 1}) AS first, generate_series(2, {IN_A_TREE}) AS n;
"""  # noqa: S608 - values of ours
# Asked with every event, also while the engine has yet to hear of what is in the tables.
HOT = ("group_role", "above")


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[apsw.Connection]:
    database = await open_database(f"sqlite:{tmp_path / 'tidings.db'}", clock=Clock())
    await database.migrate()
    await database.close()
    connection = apsw.Connection(str(tmp_path / "tidings.db"))
    yield connection
    connection.close()


@pytest.mark.parametrize("name", STATEMENTS)
async def test_on_sqlite_no_table_is_read_from_end_to_end(sqlite: apsw.Connection, name: str) -> None:
    text = statements("sqlite")[name]

    rows = sqlite.execute(f"EXPLAIN QUERY PLAN {text.sql}", [None] * len(text.parameters)).fetchall()

    steps = [str(row[3]) for row in rows]
    assert [step for step in steps if re.match(r"SCAN (grouping|member|person|sub_group)\b", step)] == []


@pytest.fixture
async def postgresql(new_postgresql_database: Callable[[], str]) -> AsyncIterator[Connection]:
    """Many trees of groups in which each has two beneath it."""
    url = new_postgresql_database()
    database = await open_database(url, clock=Clock())
    await database.migrate()
    await database.close()
    connection = await asyncpg.connect(url)
    await connection.execute(ROWS)
    yield connection
    await connection.close()


async def blocks(connection: Connection, name: str) -> int:
    """How many blocks a statement reads; those that look upwards begin at a leaf, the others at a root."""
    looks_up = name in {"above", "is_beneath", "admin_over", "tree_without_circle"}
    start = f"g{IN_A_TREE}" if looks_up else "g1"
    values: dict[str, str | int] = dict.fromkeys(("id", "group_id", "parent", "child"), start)
    values |= {"child": "g1", "ancestor": "g3", "person": "p5", "after": ""}
    values |= {"ids": json.dumps([f"g{n}" for n in range(1, PAGE + 1)]), "most": PAGE, "page": PAGE, "deepest": PAGE}
    text = statements("postgresql")[name]
    arguments = [values[parameter] for parameter in text.parameters]
    [row] = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text.sql}", *arguments)
    plan = json.loads(row[0])[0]["Plan"]
    read: int = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return read


async def test_on_postgresql_only_what_is_asked_about_is_read(postgresql: Connection) -> None:
    read = {name: await blocks(postgresql, name) for name in HOT}
    assert {name: number for name, number in read.items() if number > STATEMENTS[name]} == {}

    await postgresql.execute("ANALYZE")

    read = {name: await blocks(postgresql, name) for name in STATEMENTS}
    assert {name: number for name, number in read.items() if number > STATEMENTS[name]} == {}
