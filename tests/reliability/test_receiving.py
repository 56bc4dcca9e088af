"""Kills while callbacks are received and laid flat: the tables are those of a run that nobody disturbed."""

import asyncio
import contextlib
import os
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from tests.dialects.orders import AT, ORDER_FORM, question, response
from tests.ports import free_port
from tests.reliability.program import Program
from tests.reliability.trial import SETTLES_WITHIN_S, until
from tests.web.conversation import Conversation, request, talk
from tidings.app.compose import opened
from tidings.app.settings import Settings, load, variable
from tidings.core.alongside import alongside
from tidings.core.clock import Clock
from tidings.core.row import Cell
from tidings.core.vault import new_key
from tidings.store.open import open_database
from tidings.store.receipts import Receipts, State
from tidings.tables.tables import Tables, open_tables

# Callbacks; every sixth response is sent once more, with another answer.
RESPONSES = 250
SPEAKERS = 8
# Of each sort: while callbacks come in, and right after some were laid.
KILLS = 3 if "CHAOS_KILLS" in os.environ else 1
# Answers between a start and the kill.
FEWEST, MOST = 1, 30
_SOURCE = "orders"
_CLOCK = Clock()

Rows = dict[str, list[dict[str, Cell]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A callback as its sender has it, with the instant that it tells of."""

    at: int
    body: bytes


class Sender:
    """Sends each callback until it is answered with 200, and never again after that; `broken` counts the other tries.

    It stops when `allowed` were answered or are on their way.
    """

    def __init__(self, callbacks: Sequence[Callback], *, program: Program, port: int, token: str) -> None:
        self.answered: set[bytes] = set()
        self.broken = 0
        self._left = deque(callbacks)
        self._program = program
        self._port = port
        self._token = token
        self._news = asyncio.Event()
        self._may_send = asyncio.Event()
        self._allowed = 0

    @contextlib.asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        async with alongside(*(self._speak() for _ in range(SPEAKERS))):
            yield

    def allow(self, more: int) -> None:
        self._allowed += more
        self._may_send.set()

    async def answers(self, more: int) -> None:
        """Wait for so many more answers."""
        wanted = len(self.answered) + more
        async with asyncio.timeout(SETTLES_WITHIN_S):
            while len(self.answered) < wanted:
                self._news.clear()
                await self._news.wait()

    async def _speak(self) -> None:
        while True:
            await self._program.is_up.wait()
            with contextlib.suppress(OSError, TimeoutError):
                async with talk(self._port) as talking:
                    while True:
                        await self._send(talking)

    async def _send(self, talking: Conversation) -> None:
        while not self._left or not self._allowed:
            self._may_send.clear()
            await self._may_send.wait()
        if talking.reader.at_eof() or talking.reader.exception():
            raise ConnectionError("it ended since the last answer")
        callback = self._left.popleft()
        self._allowed -= 1
        is_kept = False
        headers = {"kz-callback-token": self._token, "tidings-event-time": str(callback.at)}
        try:
            await talking.say(request(f"POST /receive/{_SOURCE}", headers=headers, body=callback.body))
            is_kept = (await talking.hear()).status == 200
        finally:
            if is_kept:
                self.answered.add(callback.body)
                self._news.set()
            else:
                self.broken += 1
                self._left.append(callback)
                self.allow(1)
        if not is_kept:
            raise ConnectionError("it ended within the answer")


class Office:
    """An installation with a source, its server, and who sends."""

    def __init__(self, settings: Settings, *, program: Program, sender: Sender, tables: Tables) -> None:
        self.program = program
        self.sender = sender
        self._settings = settings
        self._tables = tables

    async def rows(self) -> Rows:
        """All tables as they are now."""
        return await asyncio.to_thread(self._rows)

    async def killed_when_laid(self, more: int) -> None:
        """Have so many sent, and kill the server when it has laid something, mostly before it could note that."""
        before = await asyncio.to_thread(self._count)
        self.sender.allow(more)
        await asyncio.to_thread(self._await_more, before)
        await self.program.kill()

    async def finished(self) -> set[State]:
        """Wait until nothing is left to lay; what became of the receipts."""
        database = await open_database(self._settings.database.reveal(), clock=_CLOCK)
        try:
            async with asyncio.timeout(SETTLES_WITHIN_S):
                while True:
                    entries = await Receipts(database).of_source(_SOURCE, most=10 * RESPONSES)
                    states = {entry.state for entry in entries}
                    if State.KEPT not in states and len({entry.receipt.body for entry in entries}) == len(callbacks()):
                        return states
                    await _CLOCK.sleep(0.1)
        finally:
            await database.close()

    def _await_more(self, before: int) -> None:
        ends_at = _CLOCK.monotonic() + SETTLES_WITHIN_S
        while self._count() <= before:
            assert _CLOCK.monotonic() < ends_at, "nothing was laid"

    def _count(self) -> int:
        if "events" not in self._tables.known():
            self._tables.refresh()
            return 0
        with self._tables.engine.connect().execution_options(is_reading=True) as connection:
            counted = sa.select(sa.func.count()).select_from(self._tables.known()["events"].table)
            return int(connection.execute(counted).scalar_one())

    def _rows(self) -> Rows:
        self._tables.refresh()
        return {name: [dict(row) for row in self._tables.rows(name)] for name in self._tables.known()}


@contextlib.asynccontextmanager
async def office(folder: Path, database: str) -> AsyncIterator[Office]:
    """An office whose server runs, and whose sender sends what it is allowed to."""
    given = {"database": database, "secret_key": new_key(), "port": str(free_port())}
    settings = load({}, folder=folder, **given)
    async with opened(settings) as parts:
        source = await parts.inbox.create_source(_SOURCE, dialect="kaizala", actor="test")
    program = Program("serve", folder=folder, settings={variable(name): value for name, value in given.items()})
    sender = Sender(callbacks(), program=program, port=settings.port, token=source.secret.reveal())
    with open_tables(settings.tables_url) as tables:
        try:
            await program.start()
            async with sender.sending():
                yield Office(settings, program=program, sender=sender, tables=tables)
        finally:
            await program.end()


def callbacks() -> list[Callback]:
    """Answers to an order form, some with a question of their own, and later versions of some."""
    found = []
    for number in range(RESPONSES):
        questions = [*ORDER_FORM[:1], question("Rice 1KG", "Numeric", answer=number), *ORDER_FORM[2:]]
        if number % 50 == 0:
            questions.append(question(f"Remark {number}", answer=[str(number)]))
        found.append(_callback(number, questions=questions, at=AT + number))
        if number % 6 == 0:
            questions[1] = question("Rice 1KG", "Numeric", answer=1_000 + number)
            found.append(_callback(number, questions=questions, at=AT + RESPONSES + number))
    return found


def _callback(number: int, *, questions: Sequence[dict[str, object]], at: int) -> Callback:
    identifier = f"75609730-f5d2-4f07-8000-{number:012d}"
    told = response(questions, responseId=identifier, isUpdateResponse=at >= AT + RESPONSES)
    return Callback(at=at, body=msgspec.json.encode(told | {"eventId": identifier}))


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest) -> Callable[[Path], str]:
    """Makes a database at each call, in that folder if it is a file."""
    if request.param == "sqlite":
        return lambda folder: f"sqlite:{folder / 'tidings.db'}"
    make: Callable[[], str] = request.getfixturevalue("new_postgresql_database")
    return lambda _: make()


async def test_a_receiver_that_is_killed_again_and_again_lays_the_rows_of_an_undisturbed_one(
    new_database: Callable[[Path], str], tmp_path: Path
) -> None:
    for folder in (calm := tmp_path / "calm", stormy := tmp_path / "stormy"):
        folder.mkdir()
    async with office(calm, new_database(calm)) as one:
        one.sender.allow(len(callbacks()))
        await one.finished()
        expected = await one.rows()

    async with office(stormy, new_database(stormy)) as one:
        await _disturb(one, chance=random.Random(1))  # noqa: S311 - repeatable, on purpose
        one.sender.allow(len(callbacks()))
        await until(lambda: len(one.sender.answered) == len(callbacks()))
        states = await one.finished()
        rows = await one.rows()
        one.program.tell_to_stop()

        assert await one.program.stopped() == 0
        assert one.sender.broken
    assert len(expected["events"]) == len(callbacks())
    assert states <= {State.UNDERSTOOD, State.DUPLICATE}
    assert rows == expected


async def _disturb(one: Office, *, chance: random.Random) -> None:
    """Kill the server while callbacks come in, and then between what is laid and the note that it is, or near it."""
    for _ in range(KILLS):
        one.sender.allow(MOST + SPEAKERS)
        await one.sender.answers(chance.randint(FEWEST, MOST))
        await one.program.kill()
        await one.program.start()
        await one.killed_when_laid(chance.randint(FEWEST, MOST))
        await one.program.start()
