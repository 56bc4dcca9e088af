"""A scribe in a process of its own: what it reads and writes, and what its end does not lose."""

import asyncio
import contextlib
import gc
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from tests.children import children_of
from tidings.core.clock import MINUTE
from tidings.core.errors import Unavailable
from tidings.core.receipt import Receipt
from tidings.core.vault import Vault, new_key
from tidings.dialects.discovery import discover
from tidings.inbox import apart
from tidings.inbox.apart import Apart
from tidings.inbox.inbox import Inbox, open_inbox
from tidings.store.database import Database
from tidings.store.open import open_database
from tidings.store.receipts import State
from tidings.tables.tables import Tables, open_tables
from tidings.testing.clock import ManualClock


def message(text: str) -> bytes:
    said = {"eventType": "TextMessageCreated", "eventId": f"id of {text}", "data": {"text": text}}
    return msgspec.json.encode(said)


class Office:
    """An inbox whose scribe is another process, and the tables as anybody else sees them."""

    def __init__(self, database: Database, tables: Tables, *, clock: ManualClock, url: str) -> None:
        self.scribes = Apart("tidings.app.scribe", tables_url=url)
        self.clock = clock
        self.tables = tables
        self.inbox: Inbox = open_inbox(
            database,
            vault=Vault([new_key()]),
            clock=clock,
            readers=discover().readers,
            open_tables=lambda: tables,
            scribes=self.scribes,
        )

    async def send(self, *bodies: bytes) -> None:
        await self.inbox.receipts.keep(
            [Receipt(source="box", at=self.clock.now(), body=body, peer="192.0.2.1") for body in bodies]
        )

    async def said(self) -> list[object]:
        def read() -> list[object]:
            self.tables.refresh()
            return sorted((row["text"] for row in self.tables.rows("messages")), key=str)

        return await asyncio.to_thread(read)

    async def states(self) -> list[State]:
        return [entry.state for entry in await self.inbox.receipts.of_source("box", most=100)]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    clock = ManualClock()
    database = await open_database(f"sqlite:{tmp_path / 'tidings.db'}", clock=clock)
    await database.migrate()
    url = f"sqlite:{tmp_path / 'tables.db'}"
    with open_tables(url) as tables:
        office = Office(database, tables, clock=clock, url=url)
        await office.inbox.create_source("box", dialect="kaizala", actor="test")
        yield office
        await office.scribes.close()
    await database.close()


def child() -> int:
    """The scribe of the office."""
    [found] = children_of(os.getpid(), running="tidings.app.scribe")
    return found


async def test_a_batch_is_read_and_written_by_another_process(office: Office) -> None:
    await office.send(message("one"), message("two"), b"no JSON")

    assert await office.inbox.laying.step() == 3

    assert await office.said() == ["one", "two"]
    assert child() != os.getpid()


async def test_what_repeats_another_is_not_written_again(office: Office) -> None:
    await office.send(message("one"))
    await office.inbox.laying.step()
    await office.send(message("one"), message("two"))

    await office.inbox.laying.step()

    assert (office.inbox.laying.laid, office.inbox.laying.repeated) == (2, 1)
    assert await office.said() == ["one", "two"]


async def test_what_a_killed_scribe_had_in_hand_is_laid_by_the_next(office: Office) -> None:
    await office.send(message("one"))
    await office.inbox.laying.step()
    first = child()
    await office.send(message("two"))
    batch = await office.inbox.receipts.claim(most=10, now=office.clock.now(), patience_ms=MINUTE)

    os.kill(first, signal.SIGKILL)
    with contextlib.suppress(Unavailable):  # if its end is not known yet
        await office.inbox.laying.lay(batch)
    await office.clock.jump(2 * MINUTE)
    await office.inbox.laying.step()

    assert await office.said() == ["one", "two"]
    assert child() != first


async def test_a_scribe_that_hangs_gives_way_to_another(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    await office.send(message("one"))
    await office.inbox.laying.step()
    first = child()
    await office.send(message("two"))

    os.kill(first, signal.SIGSTOP)
    with monkeypatch.context() as impatient:
        impatient.setattr(apart, "_PATIENCE_S", 0.1)
        with pytest.raises(Unavailable, match="did not answer in time"):
            await office.inbox.laying.step()
    await office.clock.jump(MINUTE)
    assert await office.inbox.laying.step() == 1

    assert await office.said() == ["one", "two"]
    assert child() != first


async def test_a_question_that_is_broken_off_leaves_nothing_behind(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    await office.send(message("one"))
    await office.inbox.laying.step()
    os.kill(child(), signal.SIGSTOP)
    asking = asyncio.create_task(office.scribes.read((), {}))
    await asyncio.wait([asking], timeout=0.05)
    asking.cancel()
    await asyncio.wait([asking])
    del asking
    gc.collect()

    assert "never retrieved" not in caplog.text
    assert children_of(os.getpid(), running="tidings.app.scribe") == []
    assert (await office.scribes.read((), {})).said == []


async def test_tables_that_cannot_be_opened_are_told_with_the_reason_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    scribes = Apart("tidings.app.scribe", tables_url=f"sqlite:{tmp_path / 'file' / 'tables.db'}")
    receipt = Receipt(id=1, source="box", at=0, body=message("one"))

    for _ in range(2):
        understood = await scribes.read([receipt], {"box": "kaizala"})
        assert [said.id for said in understood.said] == [1]
        with pytest.raises(Unavailable, match="the tables cannot be opened"):
            await scribes.write([1])
    (tmp_path / "file").unlink()
    await scribes.read([receipt], {"box": "kaizala"})
    written = await scribes.write([1])
    await scribes.close()

    assert [done.state for done in written.done] == [State.UNDERSTOOD]


async def test_one_batch_is_read_before_the_other_is_written_and_what_was_read_too_long_ago_is_not(
    tmp_path: Path,
) -> None:
    scribes = Apart("tidings.app.scribe", tables_url=f"sqlite:{tmp_path / 'tables.db'}")
    for number in range(1, 6):
        await scribes.read([Receipt(id=number, source="box", at=0, body=message(str(number)))], {"box": "kaizala"})

    written = [await scribes.write([number]) for number in (4, 5, 1, 4)]
    await scribes.close()

    assert [[done.id for done in one.done] for one in written] == [[4], [5], [], []]
    with open_tables(f"sqlite:{tmp_path / 'tables.db'}") as tables:
        assert sorted(str(row["text"]) for row in tables.rows("messages")) == ["4", "5"]


async def test_closing_ends_the_process(office: Office) -> None:
    await office.send(message("one"))
    await office.inbox.laying.step()
    assert child()

    await office.scribes.close()

    assert children_of(os.getpid(), running="tidings.app.scribe") == []
    await office.scribes.close()
