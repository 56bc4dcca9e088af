"""What sinks ask of the store costs the same however much waits or was received: read off an index."""

from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from tidings.core.clock import Clock
from tidings.store.open import open_database
from tidings.store.statements import statements

# How each statement begins, and what else it must go by, as SQLite tells it.
STATEMENTS = {
    "sinks": ["SEARCH sink USING INDEX sqlite_autoindex_sink_1 (name>?)"],
    "sinks_waiting": ["SEARCH sink_due "],
    "sinks_behind": ["SEARCH sink_due ", "SEARCH owed USING PRIMARY KEY (subscription=?)", "SEARCH lane "],
    "sinks_owed": ["SEARCH receipt USING INTEGER PRIMARY KEY (rowid=?)"],
    "sink_claimed": ["SEARCH sink_due USING INDEX sqlite_autoindex_sink_due_1 (sink=?)"],
    "sink_passed": ["SEARCH sink_due USING COVERING INDEX sqlite_autoindex_sink_due_1 (sink=? AND receipt=?)"],
    "receipts_repeated": [
        "SEARCH receipt USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH earlier USING INDEX receipt_once (source=? AND once=? AND id<?)",
    ],
    "receipts_these": ["SEARCH receipt USING INTEGER PRIMARY KEY (rowid=?)"],
}


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[apsw.Connection]:
    database = await open_database(f"sqlite:{tmp_path / 'tidings.db'}", clock=Clock())
    await database.migrate()
    await database.close()
    connection = apsw.Connection(str(tmp_path / "tidings.db"))
    yield connection
    connection.close()


@pytest.mark.parametrize(("name", "expected"), STATEMENTS.items())
async def test_a_statement_goes_by_its_index(sqlite: apsw.Connection, name: str, expected: list[str]) -> None:
    text = statements("sqlite")[name]

    rows = sqlite.execute(f"EXPLAIN QUERY PLAN {text.sql}", [None] * len(text.parameters)).fetchall()

    steps = [str(row[3]) for row in rows]
    assert all(any(step.startswith(one) for step in steps) for one in expected), steps
    assert not any(step.startswith(("SCAN sink_due", "SCAN receipt")) for step in steps), steps
    assert not any("ORDER BY" in step for step in steps), steps
