"""What a page of responses costs does not grow with how many there are: read off an index, and counted."""

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
RESPONSES = 100_000
PAGE = 30
# What each statement goes by, as SQLite tells it; the person is looked up for each row that is shown.
STATEMENTS = {
    "responses_of_action": "response_action (action=? AND (created_at,id)>(?,?))",
    "responses_of_person": "response_own (action=? AND responder=? AND (created_at,id)>(?,?))",
    "responses_changed": "response_changed (group_id=? AND (changed_at,id)>(?,?))",
    "response_sole": "response_sole (action=? AND sole=?)",
    "response_updated": "sqlite_autoindex_response_1 (id=?)",
}


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[apsw.Connection]:
    database = await open_database(f"sqlite:{tmp_path / 'tidings.db'}", clock=Clock())
    await database.migrate()
    await database.close()
    connection = apsw.Connection(str(tmp_path / "tidings.db"))
    yield connection
    connection.close()


@pytest.mark.parametrize(("name", "index"), STATEMENTS.items())
async def test_on_sqlite_a_statement_goes_by_its_index_and_sorts_nothing(
    sqlite: apsw.Connection, name: str, index: str
) -> None:
    text = statements("sqlite")[name]

    rows = sqlite.execute(f"EXPLAIN QUERY PLAN {text.sql}", [None] * len(text.parameters)).fetchall()

    first, *others = [str(row[3]) for row in rows]
    assert first.endswith(f"USING INDEX {index}")
    assert all("person USING INDEX sqlite_autoindex_person_1 (id=?)" in step for step in others)


@pytest.fixture
async def postgresql(new_postgresql_database: Callable[[], str]) -> AsyncIterator[Connection]:
    """One group where many people answered one survey, and one of them also a thousand others."""
    url = new_postgresql_database()
    database = await open_database(url, clock=Clock())
    await database.migrate()
    await database.close()
    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO person (id, phone, name, picture, is_bot, created_at)"
        " SELECT 'p' || n, NULL, 'Somebody', '', 0, n FROM generate_series(1, 1000) AS n"
    )
    await connection.execute(
        "INSERT INTO response SELECT 'r' || n, 'a1', 'team', 'p' || n % 1000, 'shop', 'r' || n, '[]', 0, n, n"
        " FROM generate_series(1, $1) AS n",
        RESPONSES,
    )
    yield connection
    await connection.close()


async def test_on_postgresql_a_page_in_the_middle_reads_what_it_shows(postgresql: Connection) -> None:
    values = {"action": "a1", "group_id": "team", "responder": "p7", "at": RESPONSES // 2, "id": "r", "most": PAGE}

    for is_analysed in (False, True):
        if is_analysed:
            await postgresql.execute("ANALYZE")
        for name in ("responses_of_action", "responses_of_person", "responses_changed"):
            text = statements("postgresql")[name]
            arguments = [values[parameter] for parameter in text.parameters]
            [row] = await postgresql.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text.sql}", *arguments)
            plan = json.loads(row[0])[0]["Plan"]
            assert plan["Actual Rows"] == PAGE, name
            assert _blocks(plan) <= 8 * PAGE, name


def _blocks(plan: dict[str, Any]) -> int:
    read: int = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return read
