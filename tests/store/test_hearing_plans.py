"""Whose webhooks follow a role is looked up, not searched for: SQLite by its plan, PostgreSQL counted."""

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
WEBHOOKS = 50_000
# With the blocks that PostgreSQL may read: some for each of the five webhooks or groups of the person in question.
STATEMENTS = {"hearing_follows_role": 150, "hearing_follows_tree": 60, "authors_held": 60, "groups_administered": 60}
ROWS = f"""
INSERT INTO subscription (
    id, version, kind, object, types, url, format, secrets, headers, timeout_ms, rate, state, connector, owner,
    created_at, expires_at, withheld, within_group
) SELECT
    'w' || n, n, (ARRAY['Group', 'Action', 'ActionPackage'])[1 + n % 3], 'o' || n, '[]', '', '', '', '', 1, 0, 'active',
    'c', 'p' || n % ({WEBHOOKS} / 5), 1, 1, 1, CASE WHEN n % ({WEBHOOKS} / 5) = 0 THEN 'g' || n ELSE '' END
FROM generate_series(1, {WEBHOOKS}) AS n;
INSERT INTO member SELECT 'g' || n, 'p' || n % {WEBHOOKS}, 'Admin', 1 FROM generate_series(1, 5 * {WEBHOOKS}) AS n;
INSERT INTO action SELECT
    'o' || n, 'r' || n, 'g' || n, 'Job', '', 0, 'p' || n % ({WEBHOOKS} / 5), '[]', '', '', '[]', 0, NULL, 1, 1, 1, 0
FROM generate_series(1, {WEBHOOKS}) AS n;
"""  # noqa: S608 - values of ours


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
    # That index holds nothing but webhooks of groups' tokens.
    whole = r"SCAN (subscription|member|action)\b(?! USING INDEX subscription_within)"
    assert [step for step in steps if re.match(whole, step)] == []
    indexes = ("subscription_owner (owner=?)", "member_person (person=?", "subscription_within")
    assert any(index in step for step in steps for index in indexes)


@pytest.fixture
async def postgresql(new_postgresql_database: Callable[[], str]) -> AsyncIterator[Connection]:
    """Many people with five webhooks and five groups each."""
    url = new_postgresql_database()
    database = await open_database(url, clock=Clock())
    await database.migrate()
    await database.close()
    connection = await asyncpg.connect(url)
    await connection.execute(ROWS)
    yield connection
    await connection.close()


async def blocks(connection: Connection, name: str) -> int:
    values: dict[str, str | int] = {"owner": "p7", "group_id": "g7", "others": 2, "reason": 1, "people": '["p7", "p8"]'}
    if name == "groups_administered":
        values |= {"person": "", "group_id": "", "most": 100}
    text = statements("postgresql")[name]
    arguments = [values[parameter] for parameter in text.parameters]
    transaction = connection.transaction()
    await transaction.start()
    [row] = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text.sql}", *arguments)
    await transaction.rollback()
    plan = json.loads(row[0])[0]["Plan"]
    read: int = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return read


async def test_on_postgresql_only_what_is_asked_about_is_read(postgresql: Connection) -> None:
    await postgresql.execute("ANALYZE")

    read = {name: await blocks(postgresql, name) for name in STATEMENTS}

    assert {name: number for name, number in read.items() if number > STATEMENTS[name]} == {}
