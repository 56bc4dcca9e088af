"""What a bin shows does not cost more when there are more bins, or more in it: read off an index, not sorted."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import apsw
import asyncpg
import pytest

from tidings.core.clock import Clock
from tidings.store.open import open_database
from tidings.store.statements import statements

# What each list goes by, as SQLite tells it; the primary keys have names that it gave them.
LISTS = {
    "captures": "(bin=? AND number>?)",
    "captures_newest": "(bin=? AND number<?)",
    "capture": "(bin=? AND number=?)",
    "glimpses": "(bin=? AND number>?)",
    "glimpses_newest": "(bin=? AND number<?)",
    "bin": "(name=?)",
    "bins_of": "bin_connector (connector=? AND name>?)",
    "bins_counted": "bin_connector (connector=?)",
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
    assert step.startswith("SEARCH")
    assert step.endswith(index)


@pytest.fixture
async def postgresql(
    new_postgresql_database: Callable[[], str],
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A thousand bins, each with a hundred requests."""
    url = new_postgresql_database()
    database = await open_database(url, clock=Clock())
    await database.migrate()
    await database.close()
    connection = await asyncpg.connect(url)
    await connection.execute(
        """
        INSERT INTO bin (name, connector, viewer, created_at, expires_at)
        SELECT 'b' || n, 'c' || n % 100, '', 0, 9 FROM generate_series(1, 1000) n;
        INSERT INTO capture (bin, number, at, method, path, query, headers, body, peer, client)
        SELECT 'b' || n / 100, n % 100, 0, '', '', '', '[]', '', '', '' FROM generate_series(100, 100099) n;
        ANALYZE;
        """
    )
    yield connection
    await connection.close()


@pytest.mark.parametrize("name", LISTS)
async def test_on_postgresql_too(postgresql: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
    text = statements("postgresql")[name]
    values = {"name": "b7", "number": 7, "after": 0, "before": 1 << 40, "most": 20, "connector": "c7", "now": 1}
    values |= {"address": "", **({"after": ""} if name == "bins_of" else {})}

    rows = await postgresql.fetch(f"EXPLAIN {text.sql}", *(values[one] for one in text.parameters))

    plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan" not in plan
    assert "Sort" not in plan or name == "bins_of"
