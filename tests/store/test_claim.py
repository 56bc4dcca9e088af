"""Claiming debts: one behaviour, two engines."""

import asyncio

import pytest

from tests.store.conftest import Opener, Raw
from tests.store.factories import NOW, claimed, event, events_of, kept, publication, settlement
from tidings.core.delivery import State
from tidings.core.errors import Conflict
from tidings.store.database import Claim, Database, Wanted

SECOND = 1_000


async def test_debts_are_claimed_oldest_first_and_only_once(database: Database, owner: int) -> None:
    ids = await kept(database, *[publication(1, of=event(at=NOW - age)) for age in (1, 3, 2)])

    debts = await claimed(database, 1, owner=owner)

    assert events_of(debts) == [ids[1], ids[2], ids[0]]
    assert await claimed(database, 1, owner=owner) == []


async def test_a_claim_gives_no_more_than_a_lane_has_slots_and_says_when_to_ask_again(
    database: Database, owner: int
) -> None:
    ids = await kept(database, *[publication(1) for _ in range(5)])

    claim = await database.claim([Wanted(subscription=1, most=2)], owner=owner, now=NOW)

    assert events_of(claim.debts) == ids[:2]
    assert claim.again == {1: NOW}


async def test_a_lane_that_was_emptied_need_not_be_asked_again(database: Database, owner: int) -> None:
    await kept(database, publication(1), publication(1))

    claim = await database.claim([Wanted(subscription=1, most=2)], owner=owner, now=NOW)

    assert claim.again == {}


async def test_a_lane_with_nothing_due_yet_says_when_it_will_be(database: Database, owner: int) -> None:
    await kept(database, publication(1, of=event(at=NOW + 5_000)), publication(1, of=event(at=NOW + 7_000)))

    early = await database.claim([Wanted(subscription=1, most=2)], owner=owner, now=NOW)
    later = await database.claim([Wanted(subscription=1, most=2)], owner=owner, now=NOW + 5_000)

    assert early == Claim(debts=[], again={1: NOW + 5_000})
    assert len(later.debts) == 1
    assert later.again == {1: NOW + 7_000}


async def test_a_claim_of_no_slots_or_no_lanes_takes_nothing(database: Database, owner: int) -> None:
    await kept(database, publication(1))

    assert await database.claim([], owner=owner, now=NOW) == Claim(debts=[], again={})
    assert (await database.claim([Wanted(subscription=1, most=0)], owner=owner, now=NOW)).debts == []


async def test_lanes_that_are_not_asked_for_keep_their_debts(database: Database, owner: int) -> None:
    await kept(database, publication(1, 2, 3))

    assert {debt.subscription for debt in await claimed(database, 3, 1, owner=owner)} == {1, 3}


async def test_two_processes_claim_disjoint_debts(database: Database, owner: int, open_store: Opener) -> None:
    other = await open_store()
    thief = await other.enrol()
    ids = await kept(database, *[publication(1, 2) for _ in range(100)])

    async def drain(store: Database, who: int) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        while debts := await claimed(store, Wanted(subscription=1, most=7), Wanted(subscription=2, most=7), owner=who):
            found += [(debt.subscription, debt.event.id) for debt in debts]
        return found

    ours, theirs = await asyncio.gather(drain(database, owner), drain(other, thief))

    assert sorted(ours + theirs) == [(lane, id_) for lane in (1, 2) for id_ in ids]


async def test_released_debts_can_be_claimed_again_as_they_were(database: Database, owner: int) -> None:
    await kept(database, publication(1), publication(1))
    first, second = await claimed(database, 1, owner=owner)

    await database.release([(1, second.event.id)], owner=owner)

    assert await claimed(database, 1, owner=owner) == [second]
    await database.release([(1, first.event.id)], owner=owner + 1)
    assert await claimed(database, 1, owner=owner) == []


async def test_an_owner_that_was_declared_dead_claims_nothing(database: Database, owner: int, raw: Raw) -> None:
    await kept(database, publication(1))
    await raw("DELETE FROM owner")

    with pytest.raises(Conflict):
        await claimed(database, 1, owner=owner)

    assert len(await claimed(database, 1, owner=await database.enrol())) == 1


# Orders


def ordered(subscription: int = 1, *, most: int = 100, rate: float = 0.0) -> Wanted:
    return Wanted(subscription=subscription, most=most, is_ordered=True, rate=rate)


async def test_in_an_order_only_the_oldest_debt_is_given(database: Database, owner: int) -> None:
    ids = await kept(database, *[publication(1, order_key="") for _ in range(3)])

    claim = await database.claim([ordered()], owner=owner, now=NOW)

    assert events_of(claim.debts) == ids[:1]
    assert claim.again == {}
    assert await claimed(database, ordered(), owner=owner) == []


async def test_each_key_is_an_order_of_its_own(database: Database, owner: int) -> None:
    a1, _, b1, free = await kept(
        database,
        publication(1, order_key="a"),
        publication(1, order_key="a"),
        publication(1, order_key="b"),
        publication(1),
    )

    assert events_of(await claimed(database, ordered(), owner=owner)) == [a1, b1, free]


async def test_the_next_of_an_order_comes_when_the_one_before_is_delivered(database: Database, owner: int) -> None:
    ids = await kept(database, *[publication(1, order_key="a") for _ in range(3)])

    seen = []
    while debts := await claimed(database, ordered(), owner=owner):
        seen += events_of(debts)
        await database.settle([settlement(debt.event.id) for debt in debts], (), owner=owner)

    assert seen == ids


async def test_a_debt_that_waits_for_its_retry_holds_those_behind_it(database: Database, owner: int) -> None:
    first, second = await kept(database, publication(1, order_key="a"), publication(1, order_key="a"))
    await claimed(database, ordered(), owner=owner)

    await database.settle([settlement(first, state=State.RETRYING, due=NOW + SECOND, tries=1)], (), owner=owner)

    claim = await database.claim([ordered()], owner=owner, now=NOW)
    assert claim == Claim(debts=[], again={1: NOW + SECOND})
    assert events_of(await claimed(database, ordered(), owner=owner, now=NOW + SECOND)) == [first]
    await database.settle([settlement(first, state=State.FAILED, tries=2)], (), owner=owner)
    assert events_of(await claimed(database, ordered(), owner=owner, now=NOW + SECOND)) == [second]


async def test_an_older_debt_that_comes_back_goes_before_a_newer_one(database: Database, owner: int) -> None:
    first, second = await kept(database, publication(1, order_key="a"), publication(1, order_key="a"))
    [debt] = await claimed(database, ordered(), owner=owner)

    await database.release([(1, debt.event.id)], owner=owner)

    assert events_of(await claimed(database, ordered(), owner=owner)) == [first]
    await database.settle([settlement(first)], (), owner=owner)
    assert events_of(await claimed(database, ordered(), owner=owner)) == [second]


async def test_two_processes_never_hold_two_debts_of_one_order(
    database: Database, owner: int, open_store: Opener
) -> None:
    other = await open_store()
    thief = await other.enrol()
    ids = await kept(database, *[publication(1, order_key=key) for _ in range(20) for key in "ab"])
    held: dict[str, int] = {}
    delivered: list[int] = []
    key_of = {id_: "ab"[place % 2] for place, id_ in enumerate(ids)}

    async def work(store: Database, who: int) -> None:
        while len(delivered) < len(ids):
            for debt in await claimed(store, ordered(), owner=who):
                key = key_of[debt.event.id]
                assert key not in held
                held[key] = debt.event.id
                await store.release([], owner=who)
                delivered.append(debt.event.id)
                del held[key]
                await store.settle([settlement(debt.event.id)], (), owner=who)

    await asyncio.gather(work(database, owner), work(other, thief))

    assert [id_ for id_ in delivered if key_of[id_] == "a"] == ids[::2]
    assert [id_ for id_ in delivered if key_of[id_] == "b"] == ids[1::2]


async def test_a_long_queue_behind_one_debt_does_not_hide_other_orders(database: Database, owner: int) -> None:
    queued = await kept(database, *[publication(1, order_key="a") for _ in range(2_500)])
    [other] = await kept(database, publication(1, order_key="b"))

    found: list[int] = []
    for _ in range(10):
        found += events_of(await claimed(database, ordered(), owner=owner))

    assert sorted(found) == [queued[0], other]


# Rates


async def test_a_rate_spaces_deliveries_evenly(database: Database, owner: int) -> None:
    await kept(database, *[publication(1) for _ in range(10)])
    wanted = [Wanted(subscription=1, most=100, rate=2.0)]

    taken = []
    now = NOW
    for _ in range(4):
        claim = await database.claim(wanted, owner=owner, now=now)
        taken.append((now - NOW, len(claim.debts)))
        now = claim.again[1]

    assert taken == [(0, 1), (500, 1), (1_000, 1), (1_500, 1)]


async def test_a_tenth_of_a_seconds_worth_may_go_at_once(database: Database, owner: int) -> None:
    await kept(database, *[publication(1) for _ in range(30)])
    wanted = [Wanted(subscription=1, most=100, rate=100.0)]

    first = await database.claim(wanted, owner=owner, now=NOW)
    at_once = await database.claim(wanted, owner=owner, now=NOW)
    later = await database.claim(wanted, owner=owner, now=NOW + 50)

    assert len(first.debts) == 10
    assert (len(at_once.debts), at_once.again) == (0, {1: NOW + 10})
    assert len(later.debts) == 5


async def test_a_lane_that_was_silent_saves_nothing_up(database: Database, owner: int) -> None:
    await kept(database, *[publication(1) for _ in range(30)])
    wanted = [Wanted(subscription=1, most=100, rate=10.0)]

    assert len((await database.claim(wanted, owner=owner, now=NOW)).debts) == 1
    assert len((await database.claim(wanted, owner=owner, now=NOW + 60 * SECOND)).debts) == 1


async def test_a_rate_holds_over_all_processes(database: Database, owner: int, open_store: Opener) -> None:
    other = await open_store()
    thief = await other.enrol()
    await kept(database, *[publication(1) for _ in range(30)])
    wanted = Wanted(subscription=1, most=100, rate=1.0)

    found = await asyncio.gather(
        claimed(database, wanted, owner=owner), claimed(other, wanted, owner=thief), claimed(other, wanted, owner=thief)
    )

    assert sum(map(len, found)) == 1


async def test_a_rate_and_an_order_hold_together(database: Database, owner: int) -> None:
    await kept(database, *[publication(1, order_key=str(number)) for number in range(5)])

    claim = await database.claim([ordered(rate=1.0)], owner=owner, now=NOW)

    assert len(claim.debts) == 1
    assert claim.again == {1: NOW + SECOND}
