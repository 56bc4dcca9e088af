"""What a page of a group's posts costs does not grow with the group: read off an index, and counted."""

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
MESSAGES = 100_000
PAGE = 20
LISTS = {
    "messages_newest": "message_group (group_id=? AND (at,id)<(?,?))",
    "messages_since": "message_group (group_id=? AND (at,id)>(?,?))",
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
async def test_on_sqlite_a_page_of_posts_is_read_off_its_index_and_not_sorted(
    sqlite: apsw.Connection, name: str, index: str
) -> None:
    text = statements("sqlite")[name]

    rows = sqlite.execute(f"EXPLAIN QUERY PLAN {text.sql}", [None] * len(text.parameters)).fetchall()

    [step] = [str(row[3]) for row in rows]
    assert step.endswith(f"USING INDEX {index}")


async def test_on_sqlite_the_last_activity_of_groups_is_read_off_indexes(sqlite: apsw.Connection) -> None:
    text = statements("sqlite")["group_cards"]

    rows = sqlite.execute(f"EXPLAIN QUERY PLAN {text.sql}", ["[]", "ada"]).fetchall()

    steps = [str(row[3]) for row in rows]
    for index in ("message_group (group_id=?)", "action_changed (group_id=?)"):
        assert any(step.endswith(f"USING COVERING INDEX {index}") for step in steps), steps
    assert not [step for step in steps if step.startswith("SCAN") and "json_each" not in step], steps


@pytest.fixture
async def postgresql(new_postgresql_database: Callable[[], str]) -> AsyncIterator[Connection]:
    """One group in which very much was said."""
    url = new_postgresql_database()
    database = await open_database(url, clock=Clock())
    await database.migrate()
    await database.close()
    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO grouping (id, name, welcome_message, type, created_at, changed_at)"
        " SELECT 'g' || n, 'Group', '', 'Group', n, n FROM generate_series(1, 1000) AS n"
    )
    await connection.execute(
        "INSERT INTO message (id, group_id, author, text, at)"
        " SELECT 'm' || n, 'g1', 'ada', 'Doors', n FROM generate_series(1, $1) AS n",
        MESSAGES,
    )
    yield connection
    await connection.close()


async def test_on_postgresql_a_page_of_posts_reads_what_it_shows(postgresql: Connection) -> None:
    values = {"group_id": "g1", "at": MESSAGES // 2, "id": "m", "most": PAGE, "person": "ada", "ids": '["g1", "g2"]'}

    for is_analysed in (False, True):
        if is_analysed:
            await postgresql.execute("ANALYZE")
        for name, rows in dict.fromkeys(LISTS, PAGE).items() | {("group_cards", 2)}:
            text = statements("postgresql")[name]
            arguments = [values[parameter] for parameter in text.parameters]
            [row] = await postgresql.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text.sql}", *arguments)
            plan = json.loads(row[0])[0]["Plan"]
            assert plan["Actual Rows"] == rows, name
            assert _blocks(plan) <= 4 * PAGE, name


def _blocks(plan: dict[str, Any]) -> int:
    read: int = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return read
