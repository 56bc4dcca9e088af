"""What a page of subscribers, bots or reactions costs does not grow with their number: off an index, and counted."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import apsw
import asyncpg
import pytest

from tidings.core.clock import Clock
from tidings.store.open import open_database
from tidings.store.statements import statements

Connection = asyncpg.Connection
ROWS = 20_000
PAGE = 30
# What each list goes by, as SQLite tells it.
LISTS = {
    "subscribers": "SEARCH subscriber USING COVERING INDEX sqlite_autoindex_subscriber_1 (group_id=? AND person>?)",
    "bots": "SEARCH bot USING INDEX bot_present (person>?)",
    "bots_of_creator": "SEARCH bot USING INDEX bot_creator (creator=? AND person>?)",
    "reaction_counts": "SEARCH reaction_count USING INDEX reaction_count_group (group_id=? AND changed_at>?)",
    "reactions": "SEARCH reaction USING INDEX reaction_reference (reference=? AND at>?)",
    "reactions_of_kind": "SEARCH reaction USING INDEX reaction_kind (reference=? AND kind=? AND at>?)",
}
# What is looked at for one row, or none.
LOOK_UPS = ("reference_in_group", "reaction_like", "reaction_count", "subscriber_by_phone", "is_subscriber", "bot")


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[apsw.Connection]:
    database = await open_database(f"sqlite:{tmp_path / 'tidings.db'}", clock=Clock())
    await database.migrate()
    await database.close()
    connection = apsw.Connection(str(tmp_path / "tidings.db"))
    yield connection
    connection.close()


def plan(connection: apsw.Connection, name: str) -> list[str]:
    text = statements("sqlite")[name]
    rows = connection.execute(f"EXPLAIN QUERY PLAN {text.sql}", [None] * len(text.parameters)).fetchall()
    return [str(row[3]) for row in rows]


@pytest.mark.parametrize(("name", "step"), LISTS.items())
async def test_on_sqlite_a_list_is_read_off_its_index_and_not_sorted(
    sqlite: apsw.Connection, name: str, step: str
) -> None:
    steps = plan(sqlite, name)

    assert step in steps
    assert [other for other in steps if "SCAN" in other or "B-TREE" in other] in ([], ["SCAN page"])


@pytest.mark.parametrize("name", LOOK_UPS)
async def test_on_sqlite_a_row_is_found_by_an_index(sqlite: apsw.Connection, name: str) -> None:
    assert [step for step in plan(sqlite, name) if "SCAN" in step] == []


@pytest.fixture
async def postgresql(new_postgresql_database: Callable[[], str]) -> AsyncIterator[Connection]:
    """One group with many subscribers, all of them bots of Ada, and much that many reacted to."""
    url = new_postgresql_database()
    database = await open_database(url, clock=Clock())
    await database.migrate()
    await database.close()
    connection = await asyncpg.connect(url)
    for statement in (
        "INSERT INTO person SELECT 'p' || n, '+91' || n, 'P', '', 1, n FROM generate_series(1, $1) AS n",
        "INSERT INTO subscriber SELECT 'team', 'p' || n, n FROM generate_series(1, $1) AS n",
        "INSERT INTO bot SELECT 'p' || n, 'ada', n, NULL FROM generate_series(1, $1) AS n",
        "INSERT INTO message SELECT 'm' || n, 'team', 'ada', 'Lunch', n FROM generate_series(1, $1) AS n",
        "INSERT INTO reaction SELECT 'r' || n, 'team', 'm1', 'Like', 'p' || n, '', n FROM generate_series(1, $1) AS n",
        "INSERT INTO reaction_count SELECT 'm' || n, 'team', 1, 1, n FROM generate_series(1, $1) AS n",
    ):
        await connection.execute(statement, ROWS)
    await connection.execute("ANALYZE")
    yield connection
    await connection.close()


async def test_on_postgresql_what_is_shown_is_what_is_read(postgresql: Connection) -> None:
    values: dict[str, str | int] = {"group_id": "team", "creator": "ada", "reference": "m1", "kind": "Like"}
    values |= {"id": "p5000", "person": "p5000", "phone": "+915000", "most": PAGE}

    for name in (*LISTS, *LOOK_UPS):
        values["after"] = ROWS // 2 if "reaction" in name else "p5000"
        text = statements("postgresql")[name]
        arguments = [values[parameter] for parameter in text.parameters]
        [row] = await postgresql.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text.sql}", *arguments)
        found = json.loads(row[0])[0]["Plan"]
        assert found["Actual Rows"] == (PAGE if name in LISTS else 1), name
        assert found["Shared Hit Blocks"] + found["Shared Read Blocks"] <= 12 * PAGE, name


async def test_on_sqlite_what_is_said_to_a_page_of_posts_is_read_off_indexes(sqlite: apsw.Connection) -> None:
    for name, step in {
        "comments_latest": "SEARCH reaction USING INDEX reaction_kind (reference=? AND kind=? AND at>? AND at<?)",
        "reaction_tallies": "SEARCH reaction_count USING INDEX sqlite_autoindex_reaction_count_1 (reference=?)",
        "actions_awaiting": "SEARCH action USING INDEX action_reminded (group_id=? AND reminded_at>?)",
    }.items():
        steps = plan(sqlite, name)
        assert step in steps, steps
        assert not [other for other in steps if "SCAN" in other and "json_each" not in other and "named" not in other]


async def test_on_postgresql_the_latest_of_many_comments_are_what_is_read(postgresql: Connection) -> None:
    await postgresql.execute(
        "INSERT INTO reaction SELECT 'c' || n, 'team', 'm' || n % 2, 'Comment', 'p1', 'Yes', n"
        " FROM generate_series(1, $1) AS n",
        ROWS,
    )
    await postgresql.execute("ANALYZE")
    values = {"names": '["m0", "m1", "m2"]', "before": ROWS, "others": 1}

    text = statements("postgresql")["comments_latest"]
    arguments = [values[parameter] for parameter in text.parameters]
    [row] = await postgresql.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text.sql}", *arguments)
    found = json.loads(row[0])[0]["Plan"]
    assert found["Actual Rows"] == 4
    assert found["Shared Hit Blocks"] + found["Shared Read Blocks"] <= 4 * PAGE
