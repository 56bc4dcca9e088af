"""What is received is checked, kept, and laid flat once."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from tidings.core.alongside import alongside
from tidings.core.clock import MINUTE, SECOND, Clock
from tidings.core.dialect import EVER_MS
from tidings.core.errors import Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from tidings.core.receipt import Receipt
from tidings.core.row import Change, Field, Place, Reading, Shape, row_of
from tidings.core.secret import Secret
from tidings.core.vault import Vault, new_key
from tidings.inbox import laying
from tidings.inbox.inbox import Inbox, open_inbox
from tidings.inbox.receiving import MOST_REFUSED
from tidings.store.open import open_database
from tidings.store.receipts import Source, Sources, State
from tidings.tables.tables import Tables, open_tables
from tidings.testing.clock import ManualClock

REAL = Clock()


class Words:
    """A reader of plain words: `WORD` is a row, `!` nobody can read, and a number is too big for a column."""

    name = "words"
    window_ms = EVER_MS

    def check(self, receipt: Receipt, *, secret: Secret, now: int) -> None:
        if secret != Secret(receipt.header("token")) or receipt.at > now:
            raise Unauthenticated("token: is not the one of this source")

    def read(self, receipt: Receipt) -> Reading:
        word = receipt.body.decode()
        if word.startswith("!"):
            raise Invalid("that is no word")
        if word.startswith("?"):
            raise KeyError(word)
        length = Field("length", "length", Shape.WHOLE, int(word) if word.isdigit() else len(word))
        row = row_of(
            place=Place("words", "words", "Words."),
            key=(Field("word", "word", Shape.TEXT, word),),
            fields=(length,),
            version=receipt.at,
        )
        return Reading(once=hashlib.sha256(receipt.body).hexdigest(), type="word", changes=(row,))


class Failing:
    """Tables that cannot be written for a while."""

    def __init__(self, tables: Tables) -> None:
        self.times = 0
        self._tables = tables

    def write(self, changes: Sequence[Change]) -> frozenset[str]:
        if self.times:
            self.times -= 1
            raise Unavailable("the tables cannot be written: the disk is full")
        return self._tables.write(changes)


class Office:
    def __init__(self, inbox: Inbox, tables: Tables, failing: Failing, clock: ManualClock) -> None:
        self.inbox = inbox
        self.tables = tables
        self.failing = failing
        self.clock = clock

    async def send(self, *words: str, token: str = "sesame", peer: str = "192.0.2.1", source: str = "box") -> None:
        now = self.clock.now()
        async with asyncio.TaskGroup() as group:
            for word in words:
                receipt = Receipt(source=source, at=now, body=word.encode(), headers=(("Token", token),), peer=peer)
                group.create_task(self.inbox.receiving.receive(receipt))

    async def words(self) -> list[object]:
        await asyncio.to_thread(self.tables.refresh)
        known = "words" in self.tables.known()
        return (
            [row["word"] for row in await asyncio.to_thread(lambda: list(self.tables.rows("words")))] if known else []
        )

    async def states(self) -> list[State]:
        return [entry.state for entry in await self.inbox.receipts.of_source("box", most=100)]


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    clock = ManualClock(REAL.now())
    database = await open_database(database_url, clock=clock)
    await database.migrate()
    with open_tables(f"sqlite:{tmp_path / 'tables.db'}") as tables:
        failing = Failing(tables)
        inbox = open_inbox(
            database,
            vault=Vault([new_key()]),
            clock=clock,
            readers={"words": Words()},
            open_tables=lambda: failing,
        )
        await inbox.create_source("box", dialect="words", actor="test", secret="sesame")
        sealed_by_another = Sources(database, Vault([new_key()]))
        await sealed_by_another.add(
            Source(name="lost", dialect="words", secret=Secret("sesame"), addresses="", created_at=clock.now())
        )
        async with inbox.receiving.running():
            yield Office(inbox, tables, failing, clock)
    await database.close()


async def test_what_was_answered_for_is_laid_and_said_twice_is_one(office: Office) -> None:
    await office.send("rice", "oil", "rice")

    assert await office.inbox.laying.step() == 3
    assert await office.inbox.laying.step() == 0
    assert await office.words() == ["oil", "rice"]
    assert sorted(await office.states()) == [State.DUPLICATE, State.UNDERSTOOD, State.UNDERSTOOD]
    assert office.inbox.laying.laid == 2


async def test_one_that_the_tables_do_not_take_does_not_sink_the_others(office: Office) -> None:
    await office.send("rice", "9" * 30, "oil", "!", "salt")

    await office.inbox.laying.step()

    assert await office.words() == ["oil", "rice", "salt"]
    unreadable = await office.inbox.receipts.of_source("box", unreadable=True, most=9)
    assert {entry.receipt.body for entry in unreadable} == {b"9" * 30, b"!"}
    assert "that is no word" in {entry.reason for entry in unreadable}


async def test_a_reader_that_fails_fails_alone(office: Office) -> None:
    await office.send("rice", "?")

    await office.inbox.laying.step()

    assert await office.words() == ["rice"]
    [entry] = await office.inbox.receipts.of_source("box", unreadable=True, most=9)
    assert entry.reason == "its reader failed: KeyError"


async def test_what_a_failing_database_left_undone_is_taken_up_again(office: Office) -> None:
    office.failing.times = 1
    await office.send("rice")

    with pytest.raises(Unavailable, match="disk is full"):
        await office.inbox.laying.step()
    assert await office.states() == [State.KEPT]
    await office.clock.advance(MINUTE + 1)
    await office.inbox.laying.step()

    assert await office.words() == ["rice"]


async def test_batches_follow_one_another_and_one_that_fails_comes_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(laying, "_BATCH", 3)
    words = [f"word-{number:02}" for number in range(20)]
    office.failing.times = 1
    await office.send(*words, *words[:5])

    async with alongside(office.inbox.laying.run()):
        async with asyncio.timeout(60):
            while len(await office.words()) < len(words) or State.KEPT in await office.states():
                await office.clock.advance(SECOND)
                await REAL.sleep(0.05)  # disk and threads are real, and take real time

    assert await office.words() == words
    assert sorted(await office.states()) == [State.DUPLICATE] * 5 + [State.UNDERSTOOD] * 20


async def test_everything_can_be_laid_again_into_emptied_tables(office: Office) -> None:
    await office.send("rice", "oil", "rice", "!")
    await office.inbox.laying.step()
    office.tables.empty()
    steps: list[int] = []

    number = await office.inbox.replay(progress=steps.append)

    assert number == sum(steps) == 3
    assert await office.words() == ["oil", "rice"]


async def test_who_may_not_send_is_refused_counted_and_forgotten_but_for_the_last(office: Office) -> None:
    for _ in range(MOST_REFUSED + 5):
        with pytest.raises(BaseExceptionGroup):
            await office.send("rice", token="guessed")

    assert office.inbox.receiving.forged["box"] == MOST_REFUSED + 5
    assert len(office.inbox.receiving.refused) == MOST_REFUSED
    assert "rice" not in repr(office.inbox.receiving.refused)
    assert await office.states() == []


async def test_callbacks_of_a_source_whose_key_is_missing_are_to_be_sent_again_and_the_others_are_taken(
    office: Office,
) -> None:
    await office.send("rice")
    with pytest.raises(BaseExceptionGroup) as refused:
        await office.send("oil", source="lost")

    assert "the secret of the source lost cannot be opened" in str(refused.value.exceptions[0])
    assert refused.group_contains(Unavailable)
    assert [one.name for one in await office.inbox.sources.list()] == ["box", "lost"]
    assert await office.states() == [State.KEPT]


async def test_a_source_takes_only_what_comes_from_its_addresses(office: Office) -> None:
    await office.inbox.create_source(
        "narrow",
        dialect="words",
        actor="test",
        secret="sesame",
        addresses="198.51.100.0/24",
    )
    receipt = Receipt(source="narrow", at=1, body=b"rice", headers=(("token", "sesame"),), peer="198.51.100.7")

    await office.inbox.receiving.receive(receipt)

    with pytest.raises(Forbidden, match=r"192\.0\.2\.1"):
        await office.inbox.receiving.receive(Receipt(source="narrow", at=1, body=b"rice", peer="192.0.2.1"))


@pytest.mark.parametrize(
    ("name", "dialect", "addresses", "why"),
    [
        ("a b", "words", "", "name: "),
        ("box2", "nothing", "", "dialect: expected one of words"),
        ("box2", "words", "1.2.3", "addresses"),
    ],
)
async def test_a_source_that_is_wrong_is_refused_with_the_field(
    office: Office, name: str, dialect: str, addresses: str, why: str
) -> None:
    with pytest.raises(Invalid, match=why):
        await office.inbox.create_source(name, dialect=dialect, actor="test", addresses=addresses)


async def test_nothing_is_taken_of_an_ended_source_and_what_it_sent_is_laid_all_the_same(office: Office) -> None:
    await office.send("rice")
    await office.inbox.end_source("box", actor="test")
    await office.clock.advance(MINUTE)

    with pytest.raises(NotFound, match="source"):
        await office.inbox.receiving.receive(Receipt(source="box", at=1, body=b"oil"))
    await office.inbox.laying.step()

    assert await office.words() == ["rice"]
