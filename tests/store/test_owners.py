"""Owners of debts: one behaviour, two engines."""

import pytest

from tests.store.conftest import Opener, Raw
from tests.store.factories import claimed, events_of, kept, publication
from tidings.core.errors import Conflict
from tidings.store.database import Database


async def silence(database: Database, raw: Raw, owner: int, *, ms: int) -> None:
    """Let an owner be silent for so long, by the database's clock, and the others not."""
    await raw(f"UPDATE owner SET beat = beat - {ms} WHERE id = {owner}")  # noqa: S608 - numbers of ours
    if database.engine == "postgresql":
        await raw(f"UPDATE owner SET since = since - 60000 WHERE id <> {owner}")  # noqa: S608 - numbers of ours


async def test_an_owners_number_is_never_used_again(database: Database) -> None:
    first = await database.enrol()
    await database.retire(first)
    second = await database.enrol()
    await database.retire(second)

    assert 0 < first < second < await database.enrol()


async def test_an_owner_that_beats_keeps_what_it_has(database: Database, owner: int, raw: Raw) -> None:
    other = await database.enrol()
    await kept(database, publication(1))
    await claimed(database, 1, owner=owner)
    await silence(database, raw, owner, ms=5_000)

    assert await database.beat(other) == []
    assert await database.beat(owner) == []
    assert await claimed(database, 1, owner=other) == []


async def test_the_debts_of_a_dead_owner_go_back_into_the_table(
    database: Database, owner: int, raw: Raw, open_store: Opener
) -> None:
    survivor = await open_store()
    heir = await survivor.enrol()
    ids = await kept(database, publication(1), publication(1))
    await claimed(database, 1, owner=owner)
    ids += await kept(database, publication(2, handed_over=True), owner=owner)
    await silence(database, raw, owner, ms=11_000)

    assert await survivor.beat(heir) == [owner]

    assert events_of(await claimed(survivor, 1, 2, owner=heir)) == ids
    assert await survivor.beat(heir) == []


async def test_the_debts_of_the_dead_are_found_among_those_of_others_in_steps(
    database: Database, owner: int, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.store.sqlite.database.FREED_AT_ONCE", 3)
    heir = await database.enrol()
    await kept(database, *[publication(lane, handed_over=True) for lane in (1, 2, 3)], owner=heir)
    ids = await kept(database, *[publication(1, 2, 3, handed_over=True) for _ in range(7)], owner=owner)
    await silence(database, raw, owner, ms=11_000)

    assert await database.beat(heir) == [owner]

    assert events_of(await claimed(database, 1, 2, 3, owner=heir)) == ids * 3


async def test_an_owner_that_was_declared_dead_is_told_so(database: Database, owner: int, raw: Raw) -> None:
    survivor = await database.enrol()
    await silence(database, raw, owner, ms=11_000)
    await database.beat(survivor)

    with pytest.raises(Conflict, match="enrol anew"):
        await database.beat(owner)


async def test_an_owner_that_was_silent_and_found_by_nobody_lives_on(database: Database, owner: int, raw: Raw) -> None:
    await kept(database, publication(1))
    await claimed(database, 1, owner=owner)
    await silence(database, raw, owner, ms=11_000)

    assert await database.beat(owner) == []
    assert await claimed(database, 1, owner=await database.enrol()) == []


async def test_an_owner_that_retires_gives_everything_back(database: Database, owner: int) -> None:
    heir = await database.enrol()
    ids = await kept(database, publication(1), publication(2, handed_over=True), owner=owner)
    await claimed(database, 1, owner=owner)

    await database.retire(owner)

    assert events_of(await claimed(database, 1, 2, owner=heir)) == ids
    with pytest.raises(Conflict):
        await database.beat(owner)
    await database.retire(owner)
