"""What only PostgreSQL does: partitions by day, the bell between machines, locks that hold across processes."""

import asyncio
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from tests.store.conftest import Opener, Raw
from tests.store.factories import NOW, claimed, events_of, kept, publication, settlement
from tidings.core.clock import DAY, Clock
from tidings.core.errors import Conflict, Invalid, Unavailable
from tidings.core.event import Event
from tidings.core.identifier import identifier_at
from tidings.store.database import Database, Kept, Key, Stale, Statement
from tidings.store.postgresql.database import open_postgresql

Connection = asyncpg.Connection
DEADLINE_S = 60
# What changes subscriptions; that there is none of that number is no matter.
CHANGE = Statement("subscription_ended", {"number": 1, "at": NOW})


@pytest.fixture
def database_url(new_postgresql_database: Callable[[], str]) -> str:
    return new_postgresql_database()


@pytest.fixture
async def session(database_url: str) -> AsyncIterator[Connection]:
    """Another process's connection, past the contract."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def days(raw: Raw) -> list[str]:
    rows = await raw("SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relkind = 'r' ORDER BY 1")
    return [name for (name,) in rows]


async def day_made(raw: Raw, *, ago: int, events: int) -> int:
    """Make the partitions of a day so long ago, with so many events; the first one's id."""
    day = NOW // DAY - ago
    bounds = f"FROM ({identifier_at(day * DAY)}) TO ({identifier_at((day + 1) * DAY)})"
    suffix = f"to_char(to_timestamp({day * DAY / 1000}) AT TIME ZONE 'UTC', 'YYYYMMDD')"
    [(name,)] = await raw(f"SELECT {suffix}")
    for parent in ("event", "attempt"):
        await raw(f"CREATE TABLE {parent}_{name} PARTITION OF {parent} FOR VALUES {bounds}")
    first = identifier_at(day * DAY)
    await raw(
        "INSERT INTO event (id, type, at, source, wire_id, subjects, data) "  # noqa: S608 - values of ours
        f"SELECT {first} + n, 'old', 0, '', '', '[]', '{{}}' FROM generate_series(0, {events - 1}) AS n"
    )
    return first


async def until_somebody_waits(session: Connection, locktype: str) -> None:
    """Return as soon as the server makes somebody wait for a lock of that kind."""
    async with asyncio.timeout(DEADLINE_S):
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = $1"
        while not await session.fetchval(waiting, locktype):
            pass


async def test_there_is_room_for_today_and_two_days_more(database: Database, raw: Raw) -> None:
    assert database.engine == "postgresql"
    names = await days(raw)

    assert len(names) == 6
    assert {name.partition("_")[0] for name in names} == {"event", "attempt"}


async def test_whoever_beats_makes_room_for_the_days_to_come(database: Database, open_store: Opener, raw: Raw) -> None:
    names = await days(raw)
    for name in names:
        await raw(f"DROP TABLE {name}")
    other = await open_store()

    await other.beat(await other.enrol())

    assert await days(raw) == names
    assert database.engine == other.engine


async def test_an_event_is_kept_although_nobody_made_room_for_it(database: Database, owner: int, raw: Raw) -> None:
    for name in await days(raw):
        await raw(f"DROP TABLE {name}")

    [id_] = await kept(database, publication(1))
    [debt] = await claimed(database, 1, owner=owner)
    await database.settle([settlement(id_)], [], owner=owner)

    assert debt.event.id == id_
    assert len(await days(raw)) == 2


async def test_days_that_are_over_are_dropped_whole(database: Database, raw: Raw) -> None:
    await day_made(raw, ago=41, events=7)
    await day_made(raw, ago=40, events=5)
    today = await kept(database, publication())

    assert await database.expire(before=NOW - 40 * DAY, most=100) == 7
    assert await database.expire(before=NOW - 30 * DAY, most=3) == 3
    assert await database.expire(before=NOW - 30 * DAY, most=3) == 0
    assert await raw("SELECT id FROM event") == [(id_,) for id_ in today]
    assert len(await days(raw)) == 6


async def test_what_is_owed_of_a_dropped_day_is_cancelled(database: Database, raw: Raw) -> None:
    first = await day_made(raw, ago=40, events=5)
    await raw(f"INSERT INTO owed (event, subscription, due) SELECT id, 1, 0 FROM event WHERE id < {first + 3}")  # noqa: S608 - values of ours

    assert await database.expire(before=NOW - 30 * DAY, most=2) == 2

    assert await raw("SELECT count(*) FROM owed") == [(0,)]
    ended = await raw("SELECT event, state, outcome, is_final FROM attempt ORDER BY event")
    assert ended == [(first + n, "cancelled", "none", 1) for n in range(3)]


async def test_a_long_query_puts_off_the_dropping_but_not_the_publishers(
    database: Database, raw: Raw, session: Connection
) -> None:
    await day_made(raw, ago=40, events=5)

    async with session.transaction():
        await session.execute("LOCK TABLE event IN ACCESS SHARE MODE")
        with pytest.raises(Unavailable, match="lock timeout"):
            await database.expire(before=NOW - 30 * DAY, most=100)
        assert len(await kept(database, publication())) == 1

    assert await database.expire(before=NOW - 30 * DAY, most=100) == 5


async def test_a_debt_that_was_made_anew_saves_its_day(database: Database, raw: Raw, session: Connection) -> None:
    first = await day_made(raw, ago=40, events=5)

    # Not committed yet when old debts are looked for, and there when the day is to be dropped.
    async with session.transaction():
        await session.execute(
            f"INSERT INTO owed (event, subscription, due) SELECT id, 1, 0 FROM event WHERE id = {first}"  # noqa: S608 - values of ours
        )
        expiring = asyncio.create_task(database.expire(before=NOW - 30 * DAY, most=100))
        await until_somebody_waits(session, "relation")

    assert await expiring == 0
    assert await raw("SELECT count(*) FROM event") == [(5,)]
    assert await database.expire(before=NOW - 30 * DAY, most=100) == 5


async def test_a_ring_is_heard_by_the_others_and_not_by_oneself(database: Database, open_store: Opener) -> None:
    other = await open_store()
    assert await other.heard() == "poll"

    await database.ring("owed")
    await database.ring("access")

    assert [await other.heard(), await other.heard(), await other.heard()] == ["owed", "access", "poll"]
    assert await database.heard() == "poll"


async def test_a_lost_ear_is_replaced(database: Database, open_store: Opener, session: Connection) -> None:
    other = await open_store()
    await other.heard()
    listening = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    assert await session.fetchval(listening)
    assert await other.heard() == "poll"

    async with asyncio.timeout(DEADLINE_S):
        while await other.heard() != "owed":
            await database.ring("owed")


async def test_subscriptions_do_not_change_while_somebody_publishes(database: Database, session: Connection) -> None:
    async with session.transaction():
        await session.execute("SELECT hold_subscriptions(0)")
        changing = asyncio.create_task(database.write(CHANGE))
        await until_somebody_waits(session, "advisory")
        assert await database.read(int, "subscriptions_version") == [0]

    await changing
    assert await database.read(int, "subscriptions_version") == [1]


async def test_whoever_publishes_waits_for_a_change_and_sees_it(database: Database, session: Connection) -> None:
    async with session.transaction():
        await session.execute("SELECT pg_advisory_xact_lock(29801, 1)")
        await session.execute("UPDATE subscription_version SET version = version + 1")
        publishing = asyncio.create_task(database.keep([publication(1)], version=0, owner=0))
        await until_somebody_waits(session, "advisory")

    with pytest.raises(Stale):
        await publishing


async def test_a_change_that_goes_with_an_event_does_not_deadlock_with_another(
    database: Database, open_store: Opener
) -> None:
    stores = [database, await open_store()]

    answers = await asyncio.gather(
        *(store.keep([publication(1, also=[CHANGE])], version=0, owner=0) for store in stores * 3),
        return_exceptions=True,
    )

    assert sorted(type(answer).__name__ for answer in answers) == ["Stale"] * 5 + ["list"]


async def test_an_owner_that_is_claiming_is_not_declared_dead(
    database: Database, owner: int, raw: Raw, session: Connection
) -> None:
    silent = await database.enrol()
    [id_] = await kept(database, publication(1, handed_over=True), owner=silent)
    # The living are a minute ahead: a busy machine may take its time.
    await raw(f"UPDATE owner SET since = 0, beat = instant() + 60000 - 71000 * CAST(id = {silent} AS INTEGER)")  # noqa: S608 - values of ours

    async with session.transaction():
        await session.execute(f"SELECT hold_owner({silent})")
        assert await database.beat(owner) == []
    assert await database.beat(owner) == [silent]

    assert events_of(await claimed(database, 1, owner=owner)) == [id_]
    with pytest.raises(Conflict, match="declared dead"):
        await database.beat(silent)


async def test_hot_methods_work_for_code_that_does_not_know_newer_columns(
    database: Database, owner: int, raw: Raw
) -> None:
    for table in ("event", "owed", "attempt", "lane", "publication_key", "owner"):
        await raw(f"ALTER TABLE {table} ADD COLUMN added_later TEXT NOT NULL DEFAULT ''")
    await raw("INSERT INTO migration (name, at) VALUES ('9999_later', 0)")

    [id_] = await kept(database, publication(1, keys=[Key("k", b"h")]))
    [debt] = await claimed(database, 1, owner=owner)
    await database.settle([settlement(debt.event.id)], [], owner=owner)

    assert await database.migrate() == []
    assert await raw("SELECT event, state FROM attempt") == [(id_, "delivered")]


async def test_identifiers_rise_within_a_batch_although_the_sequence_begins_anew(database: Database, raw: Raw) -> None:
    await raw("SELECT setval('identifier_sequence', (1 << 20) - 10)")

    ids = await kept(database, *[publication() for _ in range(20)])

    assert ids == sorted(set(ids))


async def test_two_processes_that_publish_under_the_same_keys_keep_one_event_each(
    database: Database, open_store: Opener
) -> None:
    other = await open_store()
    batch = [publication(1, keys=[Key(f"k-{n}", b"h")]) for n in range(20)]

    answers = await asyncio.gather(
        database.keep(batch, version=0, owner=0), other.keep(batch[::-1], version=0, owner=0)
    )

    both = zip(answers[0], answers[1][::-1], strict=True)
    assert all(isinstance(one, Kept) and isinstance(two, Kept) and one.id == two.id for one, two in both)
    assert {answer.is_duplicate for batch in answers for answer in batch if isinstance(answer, Kept)} == {False, True}


async def test_an_event_that_cannot_be_kept_does_not_sink_the_others(database: Database) -> None:
    broken = publication(1, of=Event(type="nul\x00", subjects=(), data=b"{}", at=NOW))

    one, bad, two = await database.keep([publication(1), broken, publication(1)], version=0, owner=0)

    assert isinstance(bad, Invalid)
    assert isinstance(one, Kept)
    assert isinstance(two, Kept)
    assert one.id < two.id


async def test_an_address_that_cannot_be_read_is_refused_without_repeating_it() -> None:
    with pytest.raises(Invalid, match="write postgresql://") as refusal:
        await open_postgresql("postgresql://user:hunter2@127.0.0.1:1/name?sslmode=maybe", clock=Clock())

    assert "hunter2" not in str(refusal.value)


async def test_a_server_that_is_not_there_is_unavailable(free_port: int) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        await open_postgresql(f"postgresql://postgres@127.0.0.1:{free_port}/postgres", clock=Clock())


async def test_a_database_that_is_not_there_is_unavailable_by_name(database_url: str) -> None:
    with pytest.raises(Unavailable, match="nowhere"):
        await open_postgresql(database_url.replace("/test_", "/nowhere_"), clock=Clock())
