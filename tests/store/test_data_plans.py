"""What the console's pages on received data ask of the store is read off an index, whatever was received."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import apsw
import asyncpg
import pytest

from tidings.core.clock import Clock
from tidings.store.database import Value
from tidings.store.open import open_database
from tidings.store.statements import statements

# By what each statement begins on SQLite.
STATEMENTS = {
    "receipts_glimpsed": "SEARCH receipt USING INDEX receipt_source (source=? AND id<?)",
    "receipts_glimpsed_unreadable": "SEARCH receipt USING INDEX receipt_unreadable (source=? AND id<?)",
    "receipt_of_source": "SEARCH receipt USING INTEGER PRIMARY KEY (rowid=?)",
    "bins_standing": "SEARCH bin USING INDEX sqlite_autoindex_bin_1 (name>?)",
    "pulls_of_source": "SEARCH pull USING INDEX sqlite_autoindex_pull_1 (name>?)",
    "sinks_of_source": "SEARCH sink USING INDEX sqlite_autoindex_sink_1 (name>?)",
    "connectors_reading": "SEARCH connector USING INDEX sqlite_autoindex_connector_1 (id>?)",
    "group_names": "SEARCH grouping USING INDEX sqlite_autoindex_grouping_1 (id=?)",
}
VALUES: dict[str, Value] = {
    "source": "s7",
    "before": 70_000,
    "id": 70_000,
    "most": 50,
    "now": 1,
    "after": "",
    "ids": '["g7"]',
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
async def test_on_sqlite_a_list_is_read_off_its_index_and_not_sorted(
    sqlite: apsw.Connection, name: str, index: str
) -> None:
    text = statements("sqlite")[name]

    rows = sqlite.execute(f"EXPLAIN QUERY PLAN {text.sql}", [None] * len(text.parameters)).fetchall()

    steps = [str(row[3]) for row in rows]
    assert index in steps, steps
    assert not any("TEMP B-TREE" in step for step in steps), steps


@pytest.fixture
async def postgresql(
    new_postgresql_database: Callable[[], str],
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A hundred thousand receipts of a hundred sources, and a thousand bins."""
    url = new_postgresql_database()
    database = await open_database(url, clock=Clock())
    await database.migrate()
    await database.close()
    connection = await asyncpg.connect(url)
    await connection.execute(
        """
        INSERT INTO receipt (source, at, query, headers, body, peer, state)
        SELECT 's' || n % 100, n, '', '[]', '\\x00', '', CASE WHEN n % 50 = 0 THEN 'unreadable' ELSE 'understood' END
        FROM generate_series(1, 100000) n;
        INSERT INTO bin (name, connector, viewer, created_at, expires_at)
        SELECT 'b' || n, 'c' || n % 100, '', 0, 9 FROM generate_series(1, 1000) n;
        INSERT INTO capture (bin, number, at, method, path, query, headers, body, peer, client)
        SELECT 'b' || n / 100, n % 100, 0, '', '', '', '[]', '', '', '' FROM generate_series(100, 100099) n;
        ANALYZE;
        """
    )
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    "name", ["receipts_glimpsed", "receipts_glimpsed_unreadable", "receipt_of_source", "bins_standing"]
)
async def test_on_postgresql_too(postgresql: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
    text = statements("postgresql")[name]

    rows = await postgresql.fetch(f"EXPLAIN {text.sql}", *(VALUES[one] for one in text.parameters))

    plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan on receipt" not in plan, plan
    assert "Seq Scan on capture" not in plan, plan
    assert "Seq Scan on bin" not in plan, plan
