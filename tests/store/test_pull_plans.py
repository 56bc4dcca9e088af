"""What pulls ask of the store costs the same however many pulls and receipts there are: read off an index."""

from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from tidings.core.clock import Clock
from tidings.store.open import open_database
from tidings.store.statements import statements

# What each statement goes by, as SQLite tells it.
STATEMENTS = {
    "pulls_due": "SEARCH pull USING INDEX pull_next (next_at<?)",
    "pulls": "SEARCH pull USING INDEX sqlite_autoindex_pull_1 (name>?)",
    "pulls_standing": "SEARCH pull USING INDEX sqlite_autoindex_pull_1 (name>?)",
    "pull_claimed": "SEARCH pull USING INDEX sqlite_autoindex_pull_1 (name=?)",
    "receipts_known": "SEARCH receipt USING COVERING INDEX receipt_once (source=? AND once=?)",
    "receipt_waiting": "SCAN receipt USING INDEX receipt_kept",
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
async def test_a_statement_goes_by_its_index(sqlite: apsw.Connection, name: str, index: str) -> None:
    text = statements("sqlite")[name]

    rows = sqlite.execute(f"EXPLAIN QUERY PLAN {text.sql}", [None] * len(text.parameters)).fetchall()

    steps = [str(row[3]) for row in rows]
    assert steps[0] == index
    assert not any("ORDER BY" in step for step in steps)
