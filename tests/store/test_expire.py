"""Forgetting what is old: one behaviour, two engines."""

from tests.store.conftest import Raw
from tests.store.factories import claimed, event, kept, publication, settlement
from tidings.core.clock import DAY, Clock
from tidings.store.database import Database, Key


async def age(raw: Raw, ids: list[int], *, days: int) -> list[int]:
    """Make events and what belongs to them so much older; their new ids."""
    shift = days * DAY << 20
    for id_ in ids:
        for table, column in (("event", "id"), ("owed", "event"), ("attempt", "event"), ("publication_key", "event")):
            await raw(f"UPDATE {table} SET {column} = {column} - {shift} WHERE {column} = {id_}")  # noqa: S608
        await raw(f"UPDATE attempt SET id = id - {shift} WHERE event = {id_ - shift}")  # noqa: S608
        await raw(f"UPDATE publication_key SET at = at - {days * DAY} WHERE event = {id_ - shift}")  # noqa: S608
    return [id_ - shift for id_ in ids]


async def count(raw: Raw, table: str) -> int:
    [(found,)] = await raw(f"SELECT count(*) FROM {table}")  # noqa: S608 - a table of ours
    return int(found)


async def forget(database: Database, *, days: int) -> int:
    forgotten = 0
    before = Clock().now() - days * DAY
    while step := await database.expire(before=before, most=100):
        forgotten += step
    return forgotten


async def test_old_events_and_what_was_made_of_them_are_forgotten(database: Database, owner: int, raw: Raw) -> None:
    old = await kept(database, *[publication(1, keys=[Key(f"k{n}", b"h")]) for n in range(5)], owner=owner)
    await database.settle([settlement(id_) for id_ in old], (), owner=owner)
    await age(raw, old, days=1)
    young = await kept(database, publication(1, keys=[Key("young", b"h")]))
    await database.settle([settlement(young[0])], (), owner=owner)

    assert await forget(database, days=3) == 0
    assert await count(raw, "event") == 6

    await forget(database, days=0)
    assert await raw("SELECT count(*) FROM event WHERE id >= 0") <= [(1,)]
