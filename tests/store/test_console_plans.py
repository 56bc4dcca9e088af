"""What every page of the console asks, it finds by an index: with a million events no page takes longer."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import apsw
import asyncpg
import pytest

from tidings.core.clock import Clock
from tidings.store.open import open_database
from tidings.store.statements import statements

# How each goes, as SQLite tells it. `lanes_in_trouble` looks at every lane, and is asked every few seconds at most.
PLANS = {
    "session": [
        "SEARCH session USING INDEX sqlite_autoindex_session_1 (hash=?)",
        "SEARCH person",
        "SEARCH console_role",
    ],
    "sessions_of_person": ["SEARCH session USING INDEX session_person (person=? AND created_at<?)"],
    "session_ended": ["SEARCH session USING INDEX sqlite_autoindex_session_2 (id=?)"],
    "sessions_swept": ["SEARCH session USING INDEX session_expires_at (expires_at<?)"],
    "role_of": ["SEARCH console_role"],
    "roles": ["SEARCH console_role USING INDEX sqlite_autoindex_console_role_1 (person>?)", "SEARCH person"],
    "link": ["SEARCH console_link USING INDEX sqlite_autoindex_console_link_1 (hash=?)"],
    "minutes_added_up": ["SEARCH pace_of_minute USING "],
    "minutes_swept": ["SEARCH pace_of_minute"],
    "events_newest": ["SEARCH event USING INTEGER PRIMARY KEY (rowid>"],
    "attempts_newest": ["SEARCH attempt USING INTEGER PRIMARY KEY (rowid>", "SEARCH subscription"],
}


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[apsw.Connection]:
    database = await open_database(f"sqlite:{tmp_path / 'tidings.db'}", clock=Clock())
    await database.migrate()
    await database.close()
    connection = apsw.Connection(str(tmp_path / "tidings.db"))
    yield connection
    connection.close()


@pytest.mark.parametrize(("name", "expected"), PLANS.items())
async def test_on_sqlite_a_statement_goes_by_its_index(sqlite: apsw.Connection, name: str, expected: list[str]) -> None:
    text = statements("sqlite")[name]

    rows = sqlite.execute(f"EXPLAIN QUERY PLAN {text.sql}", [None] * len(text.parameters)).fetchall()

    steps = [str(row[3]) for row in rows]
    assert all(any(step.startswith(one) for step in steps) for one in expected), steps
    assert not any(step.startswith(("SCAN event", "SCAN session", "SCAN pace_of_minute")) for step in steps), steps


@pytest.fixture
async def postgresql(
    new_postgresql_database: Callable[[], str],
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Ten thousand sessions of a hundred people, a month of minutes, and a hundred thousand events of today."""
    url = new_postgresql_database()
    database = await open_database(url, clock=Clock())
    await database.migrate()
    await database.close()
    connection = await asyncpg.connect(url)
    await connection.execute(
        """
        INSERT INTO person (id, phone, name, picture, is_bot, created_at)
        SELECT 'p' || n, '+91' || n, '', '', 0, 0 FROM generate_series(1, 1000) n;
        INSERT INTO console_role (person, role, given_at) SELECT 'p' || n, 'reader', 0 FROM generate_series(1, 1000) n;
        INSERT INTO session SELECT 'h' || n, 'i' || n, 'p' || n % 100, n, n, n, n, '', ''
        FROM generate_series(1, 10000) n;
        INSERT INTO pace_of_minute SELECT n * 60000::bigint, 1, 1, 1, 1 FROM generate_series(1, 43200) n;
        INSERT INTO event (id, type, at, source, wire_id, subjects, data)
        SELECT (CAST(extract(epoch FROM now()) * 1000 AS BIGINT) << 20) + n, '', 0, '', '', '[]', '{}'
        FROM generate_series(1, 100000) n;
        ANALYZE;
        """
    )
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    "name", ["session", "sessions_of_person", "role_of", "link", "minutes_added_up", "events_newest"]
)
async def test_on_postgresql_too(postgresql: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
    text = statements("postgresql")[name]
    values: dict[str, str | int] = {
        "hash": "h7",
        "now": 5,
        "person": "p7",
        "before": 9_000,
        "before_id": "",
        "most": 20,
    }
    values |= {"after": 0, "since": 43_000 * 60_000, "until": 43_100 * 60_000, "step": 60_000}

    rows = await postgresql.fetch(f"EXPLAIN {text.sql}", *(values[one] for one in text.parameters))

    plan = "\n".join(row[0] for row in rows)
    read = [line for line in plan.splitlines() if "Seq Scan" in line and "rows=0" not in line]
    # Empty tables, and partitions without rows, are read as they are.
    assert not [line for line in read if any(table in line for table in ("session", "pace_of_minute"))], plan
    assert name != "events_newest" or "Index Scan" in plan, plan
