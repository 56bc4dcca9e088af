"""What owners look up is read off an index, however many people, tokens and entries of the record there are."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import apsw
import asyncpg
import pytest

from tidings.core.clock import Clock
from tidings.core.identifier import identifier_at
from tidings.store.open import open_database
from tidings.store.statements import statements

# How each goes, as SQLite tells it.
PLANS = {
    "person_profile": ["SEARCH person USING INDEX sqlite_autoindex_person_1 (id=?)", "SEARCH console_role"],
    "people_with_role": ["SEARCH console_role USING INDEX sqlite_autoindex_console_role_1 (person>?)", "SEARCH person"],
    "people_newest": ["SEARCH person USING INDEX person_created_at ((created_at,id)<(?,?))", "SEARCH console_role"],
    "people_step": ["SEARCH person USING INDEX person_created_at ((created_at,id)<(?,?))"],
    "people_found": ["SEARCH person USING INDEX person_created_at", "SEARCH console_role"],
    "tokens_of_connector": [
        "SEARCH token USING INDEX token_purpose (connector=? AND purpose=? AND (created_at,hash)<(?,?))",
        "SEARCH person",
    ],
    "tokens_of_person": ["SEARCH token USING INDEX token_person (person=?)", "SEARCH connector"],
    "connectors_listed": ["SEARCH connector", "SEARCH token USING COVERING INDEX token_used_at (connector=?)"],
    "audit_named": [
        "SEARCH audit USING INDEX sqlite_autoindex_audit_1 (id>? AND id<?)",
        "SEARCH person",
        "SEARCH thing",
    ],
    "audit_of_actor": ["SEARCH audit USING INDEX audit_actor (actor=? AND id>? AND id<?)"],
    "audit_of_action": ["SEARCH audit USING INDEX audit_action (action=? AND id>? AND id<?)"],
    "audit_about": ["SEARCH audit USING INDEX audit_about (about=? AND id>? AND id<?)"],
    "audit_actions": ["SEARCH audit USING COVERING INDEX audit_action", "SCAN step"],
    "audit_actors": ["SEARCH audit USING COVERING INDEX audit_actor", "SCAN step", "SEARCH person"],
    "person_seen": ["SEARCH person", "SEARCH session USING INDEX sqlite_autoindex_session_1 (hash=?)"],
}
VALUES = {
    "id": "p7",
    "after": "",
    "most": 20,
    "step": 100,
    "before_id": "",
    "until": 0,
    "until_id": "",
    "name": "%7%",
    "phone": "",
    "connector": "c7",
    "purpose": "refresh",
    "before": 2**62,
    "before_hash": "",
    "person": "p7",
    "since": 0,
    "actor": "p7",
    "action": "did 7",
    "about": "p7",
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
    assert not any(step.startswith("SCAN") and not step.startswith(("SCAN step", "SCAN CONSTANT")) for step in steps)
    assert name == "tokens_of_person" or "USE TEMP B-TREE FOR ORDER BY" not in steps


@pytest.fixture
async def postgresql(
    new_postgresql_database: Callable[[], str],
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Twenty thousand people, as many tokens of a hundred connectors, and a hundred thousand entries of the record."""
    url = new_postgresql_database()
    database = await open_database(url, clock=Clock())
    await database.migrate()
    await database.close()
    connection = await asyncpg.connect(url)
    await connection.execute(
        f"""
        INSERT INTO person (id, phone, name, picture, is_bot, created_at)
        SELECT 'p' || n, '+91' || n, 'Name ' || n, '', 0, n FROM generate_series(1, 20000) n;
        INSERT INTO console_role (person, role, given_at) SELECT 'p' || n, 'reader', 0 FROM generate_series(1, 5000) n;
        INSERT INTO connector (id, name, secret, scopes, created_at)
        SELECT 'c' || n, '', '', '', n FROM generate_series(1, 2000) n;
        INSERT INTO token (hash, purpose, kind, connector, person, group_id, scopes, seed, created_at)
        SELECT 'h' || n, 'refresh', 'user', 'c' || n % 100, 'p' || n, '', '', '', n FROM generate_series(1, 20000) n;
        INSERT INTO audit (id, at, actor, action, about)
        SELECT {identifier_at(1)} + n, 1, 'p' || n % 5000, 'did ' || n % 20, 'p' || n % 7000
        FROM generate_series(1, 100000) n;
        ANALYZE;
        """  # noqa: S608 - values of ours
    )
    yield connection
    await connection.close()


@pytest.mark.parametrize("name", [name for name in PLANS if name != "person_seen"])
async def test_on_postgresql_too(postgresql: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
    text = statements("postgresql")[name]

    rows = await postgresql.fetch(f"EXPLAIN {text.sql}", *(VALUES[one] for one in text.parameters))

    plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan" not in plan, plan
    assert "Sort" not in plan or name in {"tokens_of_person", "audit_about", "audit_of_actor"}, plan
