"""Keeping publications: one behaviour, two engines."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.store.conftest import Opener, Raw
from tests.store.factories import NOW, claimed, event, events_of, kept, publication
from tidings.core.clock import Clock
from tidings.core.errors import Conflict, NotFound
from tidings.core.event import Actor, Event, Subject
from tidings.core.identifier import instant_of
from tidings.store.database import Database, Kept, Key, Owed, Publication, Stale, Statement
from tidings.store.groups import Group, group_added, group_touched

MINUTE = 60_000


async def test_an_event_comes_back_as_it_was_kept(database: Database, owner: int) -> None:
    given = Event(
        type="MemberAdded",
        subjects=(Subject("Group", 'a "quoted" gruppe ü'), Subject("Action", "2")),
        data='{"text":  "naïve ☂ \\" \\\\ ", "n": 1.50}'.encode(),
        at=NOW,
        actor=Actor(phone="+910000000001", name="Asha"),
        wire_id="wire-1",
        source="c-1",
    )

    [id_] = await kept(database, publication(1, of=given))

    [debt] = await claimed(database, 1, owner=owner)
    assert debt.event == Event(
        id=id_,
        type=given.type,
        subjects=given.subjects,
        data=given.data,
        at=given.at,
        actor=given.actor,
        wire_id=given.wire_id,
        source=given.source,
    )
    assert (debt.subscription, debt.due, debt.tries, debt.first_at) == (1, NOW, 0, 0)


async def test_identifiers_rise_and_tell_when_they_were_made(database: Database) -> None:
    ids = [*await kept(database, *[publication() for _ in range(250)]), *await kept(database, publication())]

    assert ids == sorted(set(ids))
    now = Clock().now()
    assert all(abs(instant_of(id_) - now) < 10 * MINUTE for id_ in ids)


async def test_an_empty_batch_keeps_nothing(database: Database) -> None:
    assert await database.keep((), version=0, owner=0) == []


async def test_what_is_handed_over_is_nobody_elses(database: Database, owner: int, open_store: Opener) -> None:
    other = await open_store()
    thief = await other.enrol()

    await kept(database, publication(1, handed_over=True), owner=owner)
    [waiting] = await kept(database, publication(1), owner=owner)

    assert events_of(await claimed(other, 1, owner=thief)) == [waiting]


async def test_an_event_owed_to_many_is_claimed_once_by_each_lane(database: Database, owner: int) -> None:
    [id_] = await kept(database, publication(*range(1, 1_001)))

    debts = await claimed(database, *range(1, 1_001), owner=owner)

    assert {debt.subscription for debt in debts} == set(range(1, 1_001))
    assert {debt.event.id for debt in debts} == {id_}


async def test_a_batch_matched_against_older_subscriptions_is_stale_and_keeps_nothing(
    database: Database, owner: int
) -> None:
    with pytest.raises(Stale):
        await database.keep([publication(1)], version=7, owner=owner)

    assert await claimed(database, 1, owner=owner) == []


async def test_the_same_key_with_the_same_content_is_a_duplicate_of_the_first(database: Database, owner: int) -> None:
    [first] = await database.keep(
        [publication(1, 2, of=event(wire_id="w"), keys=[Key("order-1", b"hash")])], version=0, owner=owner
    )
    [again] = await database.keep([publication(1, keys=[Key("order-1", b"hash")])], version=0, owner=owner)

    assert isinstance(first, Kept)
    assert again == Kept(id=first.id, wire_id="w", deliveries=2, is_duplicate=True)
    assert events_of(await claimed(database, 1, owner=owner)) == [first.id]


async def test_a_key_is_unique_per_connector_only(database: Database) -> None:
    ids = await kept(
        database,
        publication(of=event(source="c-1"), keys=[Key("order-1", b"hash")]),
        publication(of=event(source="c-2"), keys=[Key("order-1", b"other")]),
    )

    assert len(set(ids)) == 2


async def test_a_used_key_with_another_content_is_a_conflict_that_does_not_sink_its_neighbours(
    database: Database, owner: int
) -> None:
    await kept(database, publication(keys=[Key("order-1", b"hash")]))

    before, refused, after = await database.keep(
        [publication(1), publication(1, keys=[Key("order-1", b"other")]), publication(1)], version=0, owner=owner
    )

    assert isinstance(refused, Conflict)
    assert isinstance(before, Kept)
    assert isinstance(after, Kept)
    assert events_of(await claimed(database, 1, owner=owner)) == [before.id, after.id]


async def test_duplicates_and_conflicts_inside_one_batch_are_found(database: Database, owner: int) -> None:
    first, same, other = await database.keep(
        [
            publication(1, keys=[Key("order-1", b"hash")]),
            publication(1, keys=[Key("order-1", b"hash")]),
            publication(1, keys=[Key("order-1", b"other")]),
        ],
        version=0,
        owner=owner,
    )

    assert isinstance(first, Kept)
    assert same == Kept(id=first.id, deliveries=1, is_duplicate=True)
    assert isinstance(other, Conflict)
    assert events_of(await claimed(database, 1, owner=owner)) == [first.id]


async def test_one_known_key_of_two_makes_a_duplicate(database: Database) -> None:
    [first] = await kept(database, publication(keys=[Key("event:1", b"hash")]))

    [again] = await database.keep(
        [publication(keys=[Key("request:1", b"hash"), Key("event:1", b"hash")])], version=0, owner=0
    )

    assert again == Kept(id=first, is_duplicate=True)


async def test_publishers_with_the_same_key_at_the_same_time_keep_one_event(
    database: Database, owner: int, open_store: Opener
) -> None:
    other = await open_store()

    answers = await asyncio.gather(
        *(
            one.keep([publication(1, keys=[Key("order-1", b"hash")])], version=0, owner=owner)
            for one in [database, other] * 5
        )
    )

    found = [answer for [answer] in answers if isinstance(answer, Kept)]
    assert len(found) == 10
    assert len({answer.id for answer in found}) == 1
    assert [answer.is_duplicate for answer in found].count(False) == 1


async def test_what_goes_with_an_event_is_written_with_it(database: Database) -> None:
    await kept(database, publication(also=[Statement("setting_proposed", {"name": "a", "value": "1"})]))

    assert await database.read(str, "setting_value", name="a") == ["1"]


async def test_an_event_whose_condition_fails_is_not_kept_and_its_neighbours_are(
    database: Database, owner: int
) -> None:
    await database.write(Statement("setting_proposed", {"name": "taken", "value": "0"}))
    impossible = Statement("setting_proposed", {"name": "taken", "value": "1"}, otherwise=NotFound("it is taken"))
    written = Statement("setting_proposed", {"name": "a", "value": "1"})

    before, refused, after = await database.keep(
        [publication(1), publication(1, also=[written, impossible]), publication(1)], version=0, owner=owner
    )

    assert isinstance(refused, NotFound)
    assert await database.read(str, "setting_value", name="a") == []
    assert isinstance(before, Kept)
    assert isinstance(after, Kept)
    assert events_of(await claimed(database, 1, owner=owner)) == [before.id, after.id]


async def test_batches_that_change_the_same_rows_in_opposite_orders_do_not_block_each_other(database: Database) -> None:
    groups = [Group(id=f"g{n}", name="Team", welcome_message="", type="Group", created_at=1) for n in range(20)]
    await database.write(*map(group_added, groups))
    touching = [publication(also=[group_touched(group.id, at=2)]) for group in groups]

    batches = await asyncio.gather(
        *(_together(database, touching if turn % 2 else touching[::-1]) for turn in range(20)), return_exceptions=True
    )

    assert [outcome for outcome in batches if isinstance(outcome, BaseException)] == []


async def _together(database: Database, publications: Sequence[Publication]) -> None:
    assert len(await kept(database, *publications)) == len(publications)


async def test_one_publication_can_be_owed_in_memory_and_in_the_table(database: Database, owner: int) -> None:
    mixed = Publication(event=event(), owed=[Owed(1, None, is_handed_over=True), Owed(2)])

    await kept(database, mixed, owner=owner)

    assert await claimed(database, 1, owner=owner) == []
    assert len(await claimed(database, 2, owner=owner)) == 1


async def test_nothing_is_handed_over_to_an_owner_that_was_declared_dead(
    database: Database, owner: int, raw: Raw
) -> None:
    await raw("DELETE FROM owner")

    with pytest.raises(Conflict):
        await database.keep([publication(1, handed_over=True)], version=0, owner=owner)

    successor = await database.enrol()
    assert await claimed(database, 1, owner=successor) == []
    assert len(await kept(database, publication(1), owner=owner)) == 1
