"""Who may declare an owner dead on PostgreSQL: nobody who was away itself."""

from collections.abc import Callable

import pytest

from tests.store.conftest import Raw
from tests.store.factories import claimed, events_of, kept, publication
from tidings.store.database import Database


@pytest.fixture
def database_url(new_postgresql_database: Callable[[], str]) -> str:
    return new_postgresql_database()


@pytest.fixture(autouse=True)
async def _stopped(database: Database, raw: Raw) -> None:
    """The database's clock stands still, so that a machine that is slow is nobody's gap."""
    assert database.engine == "postgresql"
    [(now,)] = await raw("SELECT instant()")
    await raw(f"CREATE OR REPLACE FUNCTION instant() RETURNS BIGINT LANGUAGE sql VOLATILE AS 'SELECT {now}::BIGINT'")


async def past(raw: Raw, ms: int) -> None:
    """Let so much time pass in which nobody beats, as far as the owners know of it."""
    await raw(f"UPDATE owner SET beat = beat - {ms}, since = since - {ms}")  # noqa: S608 - numbers of ours


async def test_after_an_outage_of_the_database_nobody_is_dead_before_all_had_time_to_come_back(
    database: Database, owner: int, raw: Raw
) -> None:
    other = await database.enrol()
    ids = await kept(database, publication(1), publication(1))
    await claimed(database, 1, owner=other)
    await past(raw, 60_000)

    assert await database.beat(owner) == []
    # Three seconds are within what a beat may be late.
    for _ in range(3):
        await past(raw, 3_000)
        assert await database.beat(owner) == []
    assert await database.beat(other) == []
    await past(raw, 4_000)
    await database.beat(owner)
    await past(raw, 4_000)
    assert await database.beat(owner) == []
    await past(raw, 4_000)
    assert await database.beat(owner) == [other]

    assert events_of(await claimed(database, 1, owner=owner)) == ids


async def test_a_gap_in_its_own_beats_begins_the_grace_anew(database: Database, owner: int, raw: Raw) -> None:
    silent = await database.enrol()
    await past(raw, 4_000)
    await database.beat(owner)
    await past(raw, 6_000)
    await database.beat(owner)

    for _ in range(3):
        await past(raw, 4_000)
        assert await database.beat(owner) == []
    await past(raw, 4_000)
    assert await database.beat(owner) == [silent]


async def test_who_has_just_begun_declares_nobody_dead(database: Database, owner: int, raw: Raw) -> None:
    await past(raw, 60_000)
    heir = await database.enrol()

    assert await database.beat(heir) == []
    assert await database.beat(owner) == []
