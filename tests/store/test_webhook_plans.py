"""What the pages of webhooks and the portal ask, is found by an index, however many webhooks there are."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import apsw
import asyncpg
import pytest

from tidings.core.clock import Clock
from tidings.store.open import open_database
from tidings.store.statements import statements

# How each goes, as SQLite tells it. `applications` looks for a part of an id, and reads them until it has enough.
PLANS = {
    "webhooks_newest": ["SEARCH subscription USING INTEGER PRIMARY KEY (rowid<?)"],
    "webhooks_about": ["subscription_subject (kind=? AND object=? AND number<?)"],
    "webhooks_of_connector": ["subscription_connector (connector=? AND number<?)"],
    "webhooks_of_owner": ["subscription_owner (owner=? AND rowid<?)"],
    "webhooks_within_reach": [
        "subscription_owner (owner=? AND rowid<?)",
        "member_person (person=?)",
        "subscription_subject (kind=? AND object=? AND number<?)",
    ],
    "webhooks_told": ["subscription USING INTEGER PRIMARY KEY", "lane USING INTEGER PRIMARY KEY"],
    "webhook_attempts": ["attempt_delivery (subscription=?)"],
    "subjects_named": ["grouping USING", "action USING", "package USING"],
    "portal_link": ["sqlite_autoindex_portal_link_2 (hash=?)"],
    "portal_links": ["portal_link_made_at"],
    "portal_links_swept": ["portal_link_expires_at (expires_at<?)"],
    "portal_link_ended": ["sqlite_autoindex_portal_link_1 (id=?)"],
}
SORTED = {"webhooks_within_reach", "webhooks_told"}


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
    assert all(any(one in step for step in steps) for one in expected), steps
    assert not any(step.startswith(("SCAN subscription", "SCAN attempt", "SCAN lane")) for step in steps), steps
    assert name in SORTED or not any("ORDER BY" in step for step in steps), steps


@pytest.fixture
async def postgresql(
    new_postgresql_database: Callable[[], str],
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A hundred thousand webhooks on half as many groups, whose admins have ten each; two of them with all attempts."""
    url = new_postgresql_database()
    database = await open_database(url, clock=Clock())
    await database.migrate()
    await database.close()
    connection = await asyncpg.connect(url)
    await connection.execute(
        """
        INSERT INTO subscription (
            id, version, kind, object, types, url, format, secrets, headers, timeout_ms, rate, state, connector, owner,
            created_at, expires_at
        ) SELECT 'w' || n, n, 'Group', 'g' || n % 50000, '[]', '', '', '', '', 1, 0, 'active', 'c' || n % 1000,
            'p' || n % 1000, 0, 9 FROM generate_series(1, 100000) n;
        INSERT INTO grouping (id, name, welcome_message, type, created_at, changed_at)
        SELECT 'g' || n, '', '', '', 0, 0 FROM generate_series(1, 1000) n;
        INSERT INTO member (group_id, person, role, since)
        SELECT 'g' || n, 'p' || n / 10, 'Admin', 0 FROM generate_series(1, 100000) n;
        INSERT INTO attempt (id, event, subscription, at, outcome, state, is_final, is_probe, status, error, address,
            headers, answer, timings, next_at)
        SELECT (CAST(extract(epoch FROM now()) * 1000 AS BIGINT) << 20) + n, n, n % 2, 0, 'ok', 'delivered', 1, 0, 200,
            '', '', '[]', '', '[]', 0 FROM generate_series(1, 100000) n;
        INSERT INTO lane (subscription) SELECT n FROM generate_series(1, 100000) n;
        INSERT INTO portal_link SELECT 'l' || n, 'h' || n, '', '', '', '', '', '[]', '', n, n
        FROM generate_series(1, 10000) n;
        ANALYZE;
        """
    )
    yield connection
    await connection.close()


@pytest.mark.parametrize("name", sorted(PLANS.keys() - {"subjects_named", "portal_links_swept"}))
async def test_on_postgresql_too(postgresql: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
    text = statements("postgresql")[name]
    values: dict[str, object] = {
        "before": 2**62,
        "most": 20,
        "kind": "Group",
        "object": "g7",
        "connector": "c7",
        "owner": "p7",
        "person": "p7",
        "subscription": 1,
        "numbers": '["7", "9"]',
        "hash": "h7",
        "now": 1,
        "made_at": 2**62,
        "id": "l7",
    }

    rows = await postgresql.fetch(f"EXPLAIN {text.sql}", *(values[one] for one in text.parameters))

    plan = "\n".join(row[0] for row in rows)
    for table in ("subscription", "attempt", "lane", "member", "portal_link"):
        assert f"Seq Scan on {table}" not in plan, plan
