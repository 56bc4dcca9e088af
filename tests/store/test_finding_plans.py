"""Finding events and deliveries costs the same however many there are: read off an index, in bounded looks."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest

from tidings.core.clock import HOUR, Clock
from tidings.core.identifier import identifier_at
from tidings.store.open import open_database
from tidings.store.statements import statements

Connection = asyncpg.Connection
ATTEMPTS = 100_000
PAGE = 50
# By what each statement begins to read on SQLite; nothing else of it may go through a whole table.
STATEMENTS = {
    "events_between": "event USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
    "events_of_delivery_state": "attempt USING INDEX attempt_undelivered_event (state=? AND event>? AND event<?)",
    "events_of_delivery_state_looked_at": (
        "attempt USING COVERING INDEX attempt_undelivered_event (state=? AND event>? AND event<?)"
    ),
    "stretches": "event_stretch USING INDEX sqlite_autoindex_event_stretch_1 (oldest>? AND oldest<?)",
    "events_unnoted": "event USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
    "tried_lately": "attempt USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
    "undelivered": "attempt USING INDEX attempt_undelivered (state=? AND id>? AND id<?)",
    "owed_listed": "owed USING PRIMARY KEY ((subscription,event)>(?,?))",
    "deliveries_of_webhook": "attempt USING INDEX attempt_delivery (subscription=? AND event>? AND event<?)",
    "webhooks_of_subject": "subscription USING INDEX subscription_subject (kind=? AND object=? AND number>?)",
    "webhooks_tried_soon": "attempt USING INTEGER PRIMARY KEY (rowid>?)",
    "finals_counted": "attempt USING INDEX attempt_delivery (subscription=? AND event>? AND event<?)",
}
TABLES = ("event", "attempt", "owed", "subscription", "event_stretch", "later")


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[apsw.Connection]:
    database = await open_database(f"sqlite:{tmp_path / 'tidings.db'}", clock=Clock())
    await database.migrate()
    await database.close()
    connection = apsw.Connection(str(tmp_path / "tidings.db"))
    yield connection
    connection.close()


@pytest.mark.parametrize(("name", "way"), STATEMENTS.items())
async def test_on_sqlite_nothing_is_read_from_end_to_end(sqlite: apsw.Connection, name: str, way: str) -> None:
    text = statements("sqlite")[name]

    rows = sqlite.execute(f"EXPLAIN QUERY PLAN {text.sql}", [None] * len(text.parameters)).fetchall()

    steps = [str(row[3]) for row in rows]
    materialised = {step.split()[-1] for step in steps if step.startswith(("CO-ROUTINE", "MATERIALIZE"))}
    assert f"SEARCH {way}" in steps
    assert [step for step in steps for table in set(TABLES) - materialised if step.startswith(f"SCAN {table}")] == []


@pytest.fixture
async def postgresql(new_postgresql_database: Callable[[], str]) -> AsyncIterator[Connection]:
    """One webhook with many deliveries of the hour to come, whose day is made already; every thousandth failed."""
    url, now = new_postgresql_database(), Clock().now()
    database = await open_database(url, clock=Clock())
    await database.migrate()
    await database.close()
    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO subscription (id, version, kind, object, types, url, format, secrets, headers, timeout_ms, rate,"
        " state, connector, owner, created_at, expires_at, number) VALUES"
        " ('w', 1, 'Application', 'shop', '[]', '', '', '', '', 1, 0, 'active', 'c', '', 1, 1, 1)"
    )
    first, step = identifier_at(now), identifier_at(HOUR) // ATTEMPTS
    attempt = (
        "1, 0, 'ok', CASE WHEN n % 1000 = 0 THEN 'failed' ELSE 'delivered' END, 1, 0, 200, '', '', '[]', '', '[]', 0"
    )
    for table, columns in (
        ("event", "'order.created', 0, 'c', '', '[]', NULL, '{}'"),
        ("attempt", f"{first} + n * {step}, {attempt}"),
    ):
        await connection.execute(
            f"INSERT INTO {table} SELECT {first} + n * {step}, {columns} "  # noqa: S608 - values of ours
            f"FROM generate_series(CAST(1 AS BIGINT), {ATTEMPTS}) AS n"
        )
    yield connection
    await connection.close()


async def test_on_postgresql_a_page_in_the_middle_reads_what_it_shows(postgresql: Connection) -> None:
    middle = identifier_at(Clock().now() + HOUR // 2)
    values: dict[str, Any] = {"before": middle, "since": 0, "state": "failed", "subscription": 1, "event": middle}
    values |= {"status": 0, "type": "", "look": 1_000, "most": PAGE, "kind": "Application", "object": "shop"}
    values |= {"after": 0, "wire_id": "", "subject": "", "person": "", "phone": "", "person_name": "", "text": ""}
    values |= {"escaped": "", "unopened": ""}

    for is_analysed in (False, True):
        if is_analysed:
            await postgresql.execute("ANALYZE")
        for name, more, most_blocks in (
            ("events_between", {}, 300),
            ("events_of_delivery_state", {}, 600),
            ("tried_lately", {"state": ""}, 3_000),
            ("undelivered", {"look": PAGE}, 3_000),
            ("deliveries_of_webhook", {"state": "", "look": PAGE}, 1_500),
        ):
            text = statements("postgresql")[name]
            arguments = [(values | more)[parameter] for parameter in text.parameters]
            [row] = await postgresql.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text.sql}", *arguments)
            plan = json.loads(row[0])[0]["Plan"]
            assert plan["Actual Rows"] == PAGE, name
            assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= most_blocks, (name, is_analysed)


async def test_on_postgresql_many_debts_are_listed_without_reading_all_events(postgresql: Connection) -> None:
    await postgresql.execute("INSERT INTO owed (event, subscription, due) SELECT id, 1, 0 FROM event LIMIT 20000")
    await postgresql.execute("ANALYZE")
    text = statements("postgresql")["owed_listed"]
    values = {"subscription": 0, "event": 0, "state": "pending", "since": 0, "until": 2**62, "look": 5_000}
    values |= {"unopened": ""}

    for type_ in ("", "order.created"):
        arguments = [(values | {"type": type_, "most": PAGE})[parameter] for parameter in text.parameters]
        [row] = await postgresql.fetch(f"EXPLAIN (FORMAT JSON) {text.sql}", *arguments)
        nodes = [*_nodes(json.loads(row[0])[0]["Plan"])]
        # Tables of days without events have nothing but a few rows to go through.
        assert [node for node in nodes if node["Node Type"] == "Seq Scan" and node["Plan Rows"] > PAGE] == []


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for part in node.get("Plans", ()):
        yield from _nodes(part)
