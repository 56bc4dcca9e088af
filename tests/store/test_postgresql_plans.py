"""What the hot methods cost on PostgreSQL does not grow with what is owed: counted, not timed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

import asyncpg
import pytest

from tests.store.conftest import Raw
from tests.store.factories import NOW, kept, publication, settlement
from tidings.core.delivery import State
from tidings.core.identifier import identifier_at
from tidings.store.database import Database, LaneChange, Wanted
from tidings.store.postgresql.session import Session
from tidings.store.postgresql.settle import claim_arguments, settlement_arguments

Connection = asyncpg.Connection
BACKLOG = 100_000
MOST = 64


@pytest.fixture
def database_url(new_postgresql_database: Callable[[], str]) -> str:
    return new_postgresql_database()


@pytest.fixture
async def session(database_url: str, database: Database) -> AsyncIterator[Connection]:
    """Past the contract, because only the transaction itself can tell what it has read so far."""
    assert database.engine == "postgresql"
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def owe(raw: Raw, *, key: str, subscription: str = "1", due: str = "n") -> int:
    """Make a backlog; what is asked for each debt `n`. The one event that they all are of is the first id."""
    first = identifier_at(NOW)
    await raw(
        "INSERT INTO owed (event, subscription, due, order_key) "  # noqa: S608 - values of ours
        f"SELECT {first} + n, {subscription}, {due}, {key} FROM generate_series(1, {BACKLOG}) AS n"
    )
    return first


class Cost(NamedTuple):
    """What a piece of work reads of the debts: whole tables, rows by an index, blocks of the table and its indexes."""

    scans: int
    rows: int
    blocks: int


_COUNTED = """
SELECT seq_scan, idx_tup_fetch, (
    SELECT CAST(sum(pg_stat_get_xact_blocks_fetched(oid)) AS BIGINT) FROM pg_class
    WHERE oid = relid OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = relid)
) FROM pg_stat_xact_user_tables WHERE relname = 'owed'
"""


async def cost(connection: Connection, work: Awaitable[object]) -> Cost:
    """Do the work, and undo it."""
    transaction = connection.transaction()
    await transaction.start()
    [before] = await connection.fetch(_COUNTED)
    await work
    [after] = await connection.fetch(_COUNTED)
    await transaction.rollback()
    # What the connection did in the second before may be counted still.
    return Cost(*(late - early for early, late in zip(before, after, strict=True)))


def claiming(connection: Connection, owner: int, *, is_ordered: bool = False) -> Awaitable[object]:
    wanted = [Wanted(subscription=1, most=MOST, is_ordered=is_ordered)]
    return Session(connection).fetch("debts_claimed", owner=owner, now=NOW, **claim_arguments(wanted))


@pytest.mark.parametrize("analysed", [True, False])
async def test_a_claim_reads_what_it_takes(session: Connection, owner: int, raw: Raw, analysed: bool) -> None:  # noqa: FBT001 - a case
    # Statistics may be of the time when nothing was owed.
    await raw("ANALYZE")
    await owe(raw, key="NULL", subscription="1 + n % 5")
    if analysed:
        await raw("ANALYZE")

    read = await cost(session, claiming(session, owner))

    assert read.scans == 0
    assert read.rows <= 5 * MOST
    assert read.blocks <= 12 * read.rows + 20


async def test_a_claim_of_a_lane_that_waits_for_one_debt_reads_a_few(session: Connection, owner: int, raw: Raw) -> None:
    first = await owe(raw, key="''")
    await raw(f"UPDATE owed SET owner = {owner} WHERE event = {first + 1}")  # noqa: S608 - values of ours

    read = await cost(session, claiming(session, owner, is_ordered=True))

    assert read.scans == 0
    assert read.rows <= 10
    assert read.blocks <= 12 * read.rows + 20


@pytest.mark.parametrize("keys", [10, 200, BACKLOG])
async def test_an_ordered_claim_reads_a_few_rows_a_key_or_a_debt(
    session: Connection, owner: int, raw: Raw, keys: int
) -> None:
    await owe(raw, key=f"CAST(n % {keys} AS TEXT)")

    read = await cost(session, claiming(session, owner, is_ordered=True))

    assert read.scans == 0
    assert read.rows <= 1500
    assert read.blocks <= 12 * read.rows + 20


@pytest.mark.parametrize("state", [State.DELIVERED, State.FAILED, State.RETRYING])
async def test_settling_reads_the_debts_in_question(session: Connection, owner: int, raw: Raw, state: State) -> None:
    first = await owe(raw, key="NULL")
    settlements = [settlement(first + n, state=state) for n in range(1, MOST + 1)]
    arguments = settlement_arguments(settlements, [LaneChange(subscription=1, delivered=MOST)])

    read = await cost(session, Session(session).fetch("settled", owner=owner, **arguments))

    assert read.scans == 0
    assert read.rows <= 2 * MOST
    assert read.blocks <= 12 * read.rows + 20


async def test_a_claim_looks_for_events_in_their_day_only(
    database: Database, session: Connection, owner: int, raw: Raw
) -> None:
    await kept(database, *[publication(1) for _ in range(MOST)])
    [(today,)] = await raw("SELECT to_char(now() AT TIME ZONE 'UTC', '\"event_\"YYYYMMDD')")

    async with session.transaction():
        await claiming(session, owner)
        touched = await session.fetch(
            "SELECT relname FROM pg_stat_xact_user_tables WHERE relname LIKE 'event_2%' AND seq_scan + idx_scan > 0"
        )

    assert [row["relname"] for row in touched] == [today]


@pytest.mark.parametrize("analysed", [True, False])
async def test_what_a_dead_owner_held_is_found_by_itself(
    session: Connection,
    owner: int,
    database: Database,
    raw: Raw,
    analysed: bool,  # noqa: FBT001 - a case
) -> None:
    dead, leaving = await database.enrol(), await database.enrol()
    await raw("ANALYZE")
    first = await owe(raw, key="NULL", subscription="1 + n % 5")
    await raw(f"UPDATE owed SET owner = {dead} WHERE event IN ({first + 7}, {first + 8})")  # noqa: S608 - values of ours
    await raw(f"UPDATE owed SET owner = {leaving} WHERE event = {first + 9}")  # noqa: S608 - values of ours
    if analysed:
        await raw("ANALYZE")
    # The living are a minute ahead: a busy machine may take its time.
    await raw(f"UPDATE owner SET since = 0, beat = instant() + 60000 - 71000 * CAST(id = {dead} AS INTEGER)")  # noqa: S608 - values of ours

    buried = await cost(session, Session(session).fetch("owner_beat", owner=owner))
    retired = await cost(session, Session(session).fetch("owner_retired", owner=leaving))

    assert (buried.scans, buried.rows, retired.scans, retired.rows) == (0, 2, 0, 1)
    assert await database.beat(owner) == [dead]


async def test_the_backlog_is_walked_lane_by_lane(session: Connection, raw: Raw) -> None:
    await owe(raw, key="NULL", subscription="1 + n % 5")

    read = await cost(session, Session(session).fetch("backlog", after=0, most=100))

    assert read.scans == 0
    assert read.rows <= 10
    assert read.blocks <= 12 * read.rows + 20


async def test_whether_a_day_may_be_dropped_is_seen_lane_by_lane(session: Connection, raw: Raw) -> None:
    first = await owe(raw, key="NULL", subscription="1 + n % 5")

    read = await cost(session, session.fetchval("SELECT owes_before($1)", first))

    assert not await session.fetchval("SELECT owes_before($1)", first + 1)
    assert await session.fetchval("SELECT owes_before($1)", first + 2)
    assert read.scans == 0
    assert read.rows <= 15
    assert read.blocks <= 12 * read.rows + 20


async def test_debts_that_are_too_old_are_found_lane_by_lane(session: Connection, raw: Raw) -> None:
    first = await owe(raw, key="NULL", subscription="1 + n % 5")

    read = await cost(session, Session(session).fetch("debts_expired", before=first + 1 + MOST, most=MOST))

    assert read.scans == 0
    assert read.rows <= 4 * MOST
    assert read.blocks <= 20 * read.rows + 20
