"""Receipts in both engines."""

import asyncio

import pytest

from tests.store.conftest import Raw
from tidings.core.errors import Conflict, NotFound
from tidings.core.receipt import Receipt
from tidings.core.secret import Secret
from tidings.core.vault import Vault, new_key
from tidings.store.database import Database
from tidings.store.receipts import Done, Receipts, Source, Sources, State
from tidings.store.underway import Said

HEADERS = (("Content-Type", "application/json"), ("X-Twice", "1"), ("x-twice", "2"))


def receipt(body: bytes = b"{}", *, source: str = "kaizala", at: int = 1) -> Receipt:
    return Receipt(source=source, at=at, query="a=b", headers=HEADERS, body=body, peer="192.0.2.1")


def said(receipt: Receipt, *, window_ms: int) -> Said:
    return Said(id=receipt.id, source=receipt.source, at=receipt.at, type="T", once="same", window_ms=window_ms)


async def claimed(receipts: Receipts, *, now: int = 1_000, most: int = 100) -> list[Receipt]:
    return await receipts.claim(most=most, now=now, patience_ms=60_000)


async def test_a_receipt_comes_back_to_the_byte(database: Database) -> None:
    receipts = Receipts(database)
    body = bytes(range(256))

    await receipts.keep([receipt(body)])

    [found] = await claimed(receipts, now=60_001)
    assert (found.body, found.headers, found.query, found.peer) == (body, HEADERS, "a=b", "192.0.2.1")


async def test_what_is_claimed_is_nobody_elses_until_patience_ends(database: Database) -> None:
    receipts = Receipts(database)
    await receipts.keep([receipt(b"%d" % number) for number in range(3)])

    first = await claimed(receipts, now=100_000, most=2)
    second = await claimed(receipts, now=100_001)
    again = await claimed(receipts, now=160_001)

    assert [one.body for one in first] == [b"0", b"1"]
    assert [one.body for one in second] == [b"2"]
    assert [one.body for one in again] == [b"0", b"1"]


async def test_what_was_said_before_is_a_duplicate_within_its_window_also_in_one_batch(database: Database) -> None:
    receipts = Receipts(database)
    await receipts.keep([receipt(at=at) for at in (0, 10, 5_000)] + [receipt(source="other")])
    found = await claimed(receipts, now=100_000)

    repeated = await receipts.repetitions([said(one, window_ms=1_000) for one in found])
    await receipts.done([Done(id=one.id, state=State.UNDERSTOOD) for one in found if one.id not in repeated])

    states = [entry.state for entry in await receipts.of_source("kaizala", most=10)]
    assert states == [State.UNDERSTOOD, State.DUPLICATE, State.UNDERSTOOD]
    assert [entry.state for entry in await receipts.of_source("other", most=10)] == [State.UNDERSTOOD]
    assert await claimed(receipts, now=900_000) == []
    assert await receipts.count() == len(await receipts.after(0, most=10)) == 3


async def test_what_cannot_be_understood_is_found_with_its_reason(database: Database) -> None:
    receipts = Receipts(database)
    await receipts.keep([receipt(b"1"), receipt(b"2")])
    first, second = await claimed(receipts, now=100_000)
    await receipts.done(
        [Done(id=first.id, state=State.UNREADABLE, reason="no 'eventType'"), Done(id=second.id, state=State.UNDERSTOOD)]
    )

    [entry] = await receipts.of_source("kaizala", unreadable=True, most=10)

    assert (entry.receipt.body, entry.reason) == (b"1", "no 'eventType'")
    assert await receipts.of_source("kaizala", unreadable=True, before=first.id, most=10) == []


async def test_receipts_are_read_again_in_order_and_forgotten_with_time(database: Database) -> None:
    receipts = Receipts(database)
    await receipts.keep([receipt(b"%d" % at, at=at) for at in range(5)])
    [first, *_] = await receipts.after(0, most=1)

    rest = await receipts.after(first.id, most=10)

    assert [one.body for one in rest] == [b"1", b"2", b"3", b"4"]
    assert await receipts.forget(before=3, most=10) == 3
    assert [one.body for one in await receipts.after(0, most=10)] == [b"3", b"4"]


async def test_a_source_keeps_its_secret_and_its_name_for_good(database: Database) -> None:
    sources = Sources(database, Vault([new_key()]))
    source = Source(name="crm", dialect="standard", secret=Secret("whsec"), addresses="192.0.2.0/24", created_at=7)
    await sources.add(source)

    assert await sources.get("crm") == source
    assert await sources.list() == [source]
    await sources.end("crm", at=8)
    assert await sources.get("crm") is None
    with pytest.raises(Conflict, match="crm"):
        await sources.add(source)
    with pytest.raises(NotFound):
        await sources.end("crm", at=9)


async def test_no_more_is_claimed_at_once_than_memory_is_there_for(database: Database) -> None:
    receipts = Receipts(database)
    for number in range(4):
        await receipts.keep([receipt(b"%d" % number * (3 << 20))])

    bodies = [[one.body[:1] for one in await claimed(receipts, now=100_000)] for _ in range(3)]

    assert bodies == [[b"0", b"1", b"2"], [b"3"], []]


async def test_an_empty_body_is_kept_as_one(database: Database) -> None:
    receipts = Receipts(database)

    await receipts.keep([receipt(b"")])
    await receipts.keep([receipt(b""), receipt(b"x"), receipt(b"")])

    assert [one.body for one in await claimed(receipts, now=100_000)] == [b"", b"", b"x", b""]


async def test_what_was_said_before_is_known_from_batch_to_batch_and_to_others_once_it_is_done(
    database: Database,
) -> None:
    receipts = Receipts(database)
    await receipts.keep([receipt(b"%d" % number) for number in range(4)])
    first, second, third, fourth = await claimed(receipts, now=100_000)

    assert await receipts.repetitions([said(first, window_ms=1_000)]) == set()
    assert await receipts.repetitions([said(second, window_ms=1_000)]) == {second.id}
    await receipts.done([Done(id=first.id, state=State.UNDERSTOOD)])
    assert await receipts.repetitions([said(third, window_ms=1_000)]) == {third.id}
    assert await Receipts(database).repetitions([said(fourth, window_ms=1_000)]) == {fourth.id}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_processes_that_claim_at_once_share_what_there_is_and_leave_nothing_behind(
    database: Database, raw: Raw
) -> None:
    processes = [Receipts(database) for _ in range(3)]
    await processes[0].keep([receipt(b"%d" % number) for number in range(40)])
    found: list[list[int]] = [[], [], []]

    async def lay_all(place: int) -> None:
        while sum(map(len, found)) < 40:
            batch = await claimed(processes[place], now=100_000, most=7)
            found[place] += [one.id for one in batch]
            await processes[place].done([Done(id=one.id, state=State.UNDERSTOOD) for one in batch])

    await asyncio.gather(*map(lay_all, range(3)))

    assert len(set().union(*found)) == sum(map(len, found)) == 40
    assert await raw("SELECT COUNT(*) FROM receipt_taken") == [(0,)]


async def test_what_a_process_took_and_left_is_taken_by_another_once_patience_ends(database: Database) -> None:
    await Receipts(database).keep([receipt(b"%d" % number) for number in range(3)])
    lost, other = Receipts(database), Receipts(database)
    taken = await claimed(lost, now=100_000, most=2)

    early = await claimed(other, now=100_001)
    late = await claimed(other, now=160_001)

    if database.engine == "postgresql":
        assert [one.body for one in early] == [b"2"]
    assert {one.id for one in [*early, *late]} >= {one.id for one in taken}
