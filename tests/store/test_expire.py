"""Forgetting what is old: one behaviour, two engines."""

import pytest

from tests.store.conftest import Raw
from tests.store.factories import NOW, claimed, kept, publication, settlement
from tidings.core.clock import DAY, Clock
from tidings.core.identifier import instant_of
from tidings.store.database import Database, Key

# PostgreSQL forgets whole days: by then today is one, which may have begun after this was read.
LATER = NOW + 2 * DAY


async def expire(database: Database, *, before: int) -> int:
    forgotten = 0
    while True:
        step = await database.expire(before=before, most=100)
        forgotten += step
        if step < 100:
            return forgotten


@pytest.mark.parametrize("count", [3, 250])
async def test_what_is_too_old_is_forgotten_with_all_that_was_made_of_it(
    database: Database, owner: int, raw: Raw, count: int
) -> None:
    ids = await kept(database, *[publication(1, 2, keys=[Key(f"key {n}", b"hash")]) for n in range(count)])
    await database.settle([settlement(id_, to=lane) for id_ in ids for lane in (1, 2)], (), owner=owner)

    assert await expire(database, before=LATER) >= min(count, 100)

    for table in ("event", "owed", "attempt", "publication_key"):
        assert await raw(f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608 - tables of ours


async def test_what_is_young_is_not_forgotten(database: Database, owner: int, raw: Raw) -> None:
    ids = await kept(database, publication(1, 2, keys=[Key("key", b"hash")]))
    await database.settle([settlement(ids[0])], (), owner=owner)

    assert await expire(database, before=NOW - DAY) == 0

    for table in ("event", "owed", "attempt", "publication_key"):
        assert await raw(f"SELECT count(*) FROM {table}") == [(1,)]  # noqa: S608 - tables of ours


async def test_a_debt_that_expires_ends_cancelled_without_an_attempt(database: Database, owner: int, raw: Raw) -> None:
    held, in_flight = await kept(database, publication(1), publication(2))
    await claimed(database, 2, owner=owner)
    cut = instant_of(in_flight) + 1
    # The outcomes are to be younger than the cut.
    while Clock().now() <= cut:
        await database.read(int, "subscriptions_version")

    await expire(database, before=cut)

    assert await raw("SELECT count(*) FROM owed") == [(0,)]
    assert await raw("SELECT event, subscription, outcome, state, is_final, status FROM attempt ORDER BY event") == [
        (held, 1, "none", "cancelled", 1, 0),
        (in_flight, 2, "none", "cancelled", 1, 0),
    ]


async def test_a_key_can_be_used_anew_once_it_is_forgotten(database: Database, raw: Raw) -> None:
    await kept(database, publication(keys=[Key("key", b"hash")]))
    await expire(database, before=LATER)

    assert await raw("SELECT count(*) FROM publication_key") == [(0,)]


async def test_debts_of_many_lanes_expire(database: Database, raw: Raw) -> None:
    await kept(database, publication(*range(1, 301)))

    await expire(database, before=LATER)

    assert await raw("SELECT count(*) FROM owed") == [(0,)]
