"""What pulls and sinks ask of PostgreSQL costs the same however much waits or was received: counted, not timed."""

from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from tests.store.conftest import Raw
from tidings.store.database import Database, Value
from tidings.store.postgresql.session import Session

MANY, MOST = 100_000, 50
SINKS = ["sink-1", "sink-2"]
# What is asked, and how many rows of what is big it may read.
RECEIPTS = "[11, 12, 13]"
TOLD = """[
    {"id": 11, "type": "T", "once": "once-11", "window_ms": 9, "again": false},
    {"id": 12, "type": "T", "once": "new", "window_ms": 9, "again": false},
    {"id": 13, "type": "T", "once": "once-12", "window_ms": 9, "again": true}
]"""
DONE = '[{"id": 11, "state": "understood", "type": "T", "reason": "", "once": "once-11"}]'
QUESTIONS: dict[str, tuple[dict[str, Value], int]] = {
    "sinks_waiting": ({"before": 1, "most": MOST}, 10 * len(SINKS)),
    "sinks_owed": ({"done": '[{"id": 11, "state": "understood"}, {"id": 12, "state": "unreadable"}]'}, 10),
    "sink_claimed": ({"name": "sink-1", "now": 2, "before": 1, "most": MOST}, 4 * MOST),
    "sink_passed": ({"name": "sink-1", "receipts": RECEIPTS}, 10),
    "sinks_behind": ({"after": "", "page": MOST, "most": MOST}, 3 * MOST * len(SINKS)),
    "receipts_these": ({"ids": RECEIPTS}, 10),
    "receipts_claimed": ({"now": 2, "before": 1, "most": MOST, "bytes": 1_000}, 4 * MOST),
    "receipts_done": ({"done": DONE}, 4),
    "receipts_repeated": (
        {"told": TOLD},
        20,
    ),
    "receipts_known": ({"source": "box", "onces": '["once-11", "once-12", "new"]'}, 10),
    "receipt_waiting": ({}, 2),
    "pulls": ({"after": "", "most": MOST}, 2 * MOST),
    "pulls_standing": ({"after": "", "most": MOST}, 2 * MOST),
    "pulls_due": ({"now": MANY, "most": MOST}, 2 * MOST),
    "pull_claimed": ({"name": "pull-11", "holder": "me", "now": MANY, "due": MANY, "until": MANY}, 5),
}
# With `many` numbers, and `few`.
FILLING = """
INSERT INTO receipt (source, at, query, headers, body, peer, state, once)
SELECT 'box', n, '', '[]', '', '', CASE n % 2 WHEN 0 THEN 'kept' ELSE 'understood' END, 'once-' || n FROM many;
INSERT INTO sink (name, table_name, source, webhook, created_at) SELECT 'sink-' || n, '', '', n, 1 FROM few;
INSERT INTO sink_due (sink, receipt, claimed_at)
SELECT 'sink-' || few.n, many.n, CASE WHEN many.n < 10 THEN 5 ELSE 0 END FROM many, few;
INSERT INTO owed (event, subscription, due) SELECT many.n, few.n, many.n FROM many, few;
INSERT INTO pull (name, source, remote, application, secret, refresh_token, group_id, every_ms, next_at, created_at)
SELECT 'pull-' || n, 'box', '', '', '', '', '', 1, n, 1 FROM many
"""


@pytest.fixture
def database_url(new_postgresql_database: Callable[[], str]) -> str:
    return new_postgresql_database()


@pytest.fixture
async def connection(
    database_url: str, database: Database, raw: Raw
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Many receipts, all of them owed to two sinks, of which the first are being sent; many deliveries; many pulls."""
    assert database.engine == "postgresql"
    for statement in FILLING.split(";"):
        numbers = f"WITH many AS (SELECT generate_series(1, {MANY}) AS n), few AS (SELECT generate_series(1, 2) AS n)"
        await raw(f"{numbers} {statement}")
    await raw("ANALYZE")
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def read_by(
    connection: "asyncpg.Connection[asyncpg.Record]", name: str, *, values: dict[str, Value]
) -> tuple[int, int]:
    """How often it walks through all of something big, and how many rows it reads there."""
    before = await _read_so_far(connection)
    transaction = connection.transaction()
    await transaction.start()
    await Session(connection).fetch(name, **values)
    after = await _read_so_far(connection)
    await transaction.rollback()
    return after[0] - before[0], after[1] - before[1]


async def _read_so_far(connection: "asyncpg.Connection[asyncpg.Record]") -> tuple[int, int]:
    [found] = await connection.fetch(
        "SELECT CAST(sum(seq_scan) AS BIGINT), CAST(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) AS BIGINT)"
        " FROM pg_stat_xact_user_tables WHERE relname IN ('receipt', 'sink_due', 'owed', 'pull')"
    )
    return int(found[0]), int(found[1])


async def test_a_question_reads_what_it_answers(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    read = {name: await read_by(connection, name, values=values) for name, (values, _) in QUESTIONS.items()}

    assert {name: (scans, rows) for name, (scans, rows) in read.items() if scans or rows > QUESTIONS[name][1]} == {}
