"""What a page of a group's actions costs does not grow with the group: read off an index, and counted."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest

from tidings.core.clock import Clock
from tidings.store.open import open_database
from tidings.store.statements import statements

Connection = asyncpg.Connection
ACTIONS = 100_000
PAGE = 30
# What each list goes by, as SQLite tells it.
LISTS = {
    "actions_newest": "action_group (group_id=? AND (created_at,id)<(?,?))",
    "actions_newest_of_type": "action_type (group_id=? AND type=? AND (created_at,id)<(?,?))",
    "actions_newest_of_package": "action_package (group_id=? AND package=? AND (created_at,id)<(?,?))",
    "actions_since": "action_group (group_id=? AND (created_at,id)>(?,?))",
    "actions_since_of_type": "action_type (group_id=? AND type=? AND (created_at,id)>(?,?))",
    "actions_since_of_package": "action_package (group_id=? AND package=? AND (created_at,id)>(?,?))",
    "actions_changed": "action_changed (group_id=? AND (changed_at,id)>(?,?))",
    "reminders": "reminder_action (action=? AND (at,id)<(?,?))",
}


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[apsw.Connection]:
    database = await open_database(f"sqlite:{tmp_path / 'tidings.db'}", clock=Clock())
    await database.migrate()
    await database.close()
    connection = apsw.Connection(str(tmp_path / "tidings.db"))
    yield connection
    connection.close()


@pytest.mark.parametrize(("name", "index"), LISTS.items())
async def test_on_sqlite_a_list_is_read_off_its_index_and_not_sorted(
    sqlite: apsw.Connection, name: str, index: str
) -> None:
    text = statements("sqlite")[name]

    rows = sqlite.execute(f"EXPLAIN QUERY PLAN {text.sql}", [None] * len(text.parameters)).fetchall()

    [step] = [str(row[3]) for row in rows]
    assert step.endswith(f"USING INDEX {index}")


@pytest.fixture
async def postgresql(new_postgresql_database: Callable[[], str]) -> AsyncIterator[Connection]:
    """One group with many jobs, every hundredth action of a package, and every action with a reminder."""
    url = new_postgresql_database()
    database = await open_database(url, clock=Clock())
    await database.migrate()
    await database.close()
    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO action SELECT 'a' || n, 'r' || n, 'team', CASE n % 100 WHEN 0 THEN 'Custom' ELSE 'Job' END,"
        " CASE n % 100 WHEN 0 THEN 'com.example.order' ELSE '' END, n % 2, 'ada', '[]', 'Doors', '{}', '[]',"
        " 0, NULL, 1, n, n, 0 FROM generate_series(1, $1) AS n",
        ACTIONS,
    )
    await connection.execute("INSERT INTO reminder SELECT id, 'a1', author, '[]', created_at FROM action")
    yield connection
    await connection.close()


async def test_on_postgresql_a_page_in_the_middle_reads_what_it_shows(postgresql: Connection) -> None:
    names = {"group_id": "team", "type": "Custom", "package": "com.example.order", "action": "a1"}
    values = names | {"at": ACTIONS // 2, "id": "a", "most": PAGE}

    for is_analysed in (False, True):
        if is_analysed:
            await postgresql.execute("ANALYZE")
        for name in LISTS:
            text = statements("postgresql")[name]
            arguments = [values[parameter] for parameter in text.parameters]
            [row] = await postgresql.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text.sql}", *arguments)
            plan = json.loads(row[0])[0]["Plan"]
            assert plan["Actual Rows"] == PAGE, name
            assert _blocks(plan) <= 4 * PAGE, name


def _blocks(plan: dict[str, Any]) -> int:
    read: int = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return read
