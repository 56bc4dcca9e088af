"""The store on SQLite: one file, one thread that writes, a few that read."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from tidings.core.clock import SECOND, Clock
from tidings.core.errors import TidingsError, Unavailable
from tidings.core.identifier import identifier_at
from tidings.store.database import Claim, Kept, LaneChange, Publication, Settlement, Statement, Value, Wanted
from tidings.store.folder import make_folder
from tidings.store.row import shaped
from tidings.store.sqlite.claim import claim
from tidings.store.sqlite.keep import keep
from tidings.store.sqlite.lock import ServingLock
from tidings.store.sqlite.readers import Readers
from tidings.store.sqlite.room import give_back
from tidings.store.sqlite.settle import cancel, settle
from tidings.store.sqlite.transaction import Row, Transaction
from tidings.store.sqlite.writer import Writer
from tidings.store.statements import migrations, statements

T = TypeVar("T")

# An owner that has not beaten for so long is dead.
BEAT_VALID_MS = 10 * SECOND
# What another process may hold the database for before we say that it is locked.
BUSY_MS = 5 * SECOND
# How often the file is asked whether another process wrote: half of the second within which a revoked token is refused.
POLL_SECONDS = 0.5
# Later than any beat, also one made before the clock was set back.
_ALWAYS = 2**62


class SqliteDatabase:
    """`Database` in a file. Every write of every kind shares its commit with what is waiting at the same time."""

    engine = "sqlite"
    parallel_batches = 1

    def __init__(self, path: str, *, clock: Clock, serving: bool = False, busy_ms: int = BUSY_MS) -> None:
        """Opens nothing yet but the lock file; raises Conflict if another process serves the store."""
        self._clock = clock
        self._lock = ServingLock(path) if serving else None
        self._earlier_are_dead = serving
        self._heard: object = None
        self._statements = statements("sqlite")
        self._writer = Writer(path, clock=clock, busy_ms=busy_ms)
        self._readers = Readers(path, clock=clock, busy_ms=busy_ms)

    async def probe(self) -> None:
        """Open the file for writing; raises Unavailable if that cannot be."""
        await self._writer.do(lambda _: None)

    async def migrate(self) -> list[str]:
        return await self._writer.do(_migrate)

    async def close(self) -> None:
        await self._writer.close()
        await self._readers.close()
        if self._lock is not None:
            self._lock.close()

    async def read(self, shape: type[T], name: str, /, **values: Value) -> list[T]:
        text = self._statements[name]
        names, rows = await self._readers.select(text, [values[key] for key in text.parameters])
        return shaped(shape, rows, names=names)

    async def write(self, *statements: Statement) -> list[list[Row]]:
        return await self._writer.do(lambda transaction: [transaction.state(statement) for statement in statements])

    async def keep(self, publications: Sequence[Publication], *, version: int, owner: int) -> list[Kept | TidingsError]:
        return await self._writer.do(lambda transaction: keep(transaction, publications, version=version, owner=owner))

    async def claim(self, wanted: Sequence[Wanted], *, owner: int, now: int) -> Claim:
        return await self._writer.do(lambda transaction: claim(transaction, wanted, owner=owner, now=now))

    async def settle(self, settlements: Sequence[Settlement], lanes: Sequence[LaneChange], *, owner: int) -> None:
        await self._writer.do(
            lambda transaction: settle(transaction, settlements, lanes=lanes, owner=owner), can_wait=True
        )

    async def release(self, debts: Sequence[tuple[int, int]], *, owner: int) -> None:
        rows = [(subscription, event, owner) for subscription, event in debts]
        await self._writer.do(lambda transaction: transaction.change_for("debt_released", rows))

    async def backlog(self, *, after: int, most: int) -> list[tuple[int, int]]:
        text = self._statements["backlog"]
        _, rows = await self._readers.select(text, [after, most])
        return rows

    async def enrol(self) -> int:
        owner = await self._writer.do(
            lambda transaction: _enrol(transaction, everybody_else_is_dead=self._earlier_are_dead)
        )
        self._earlier_are_dead = False
        return owner

    async def beat(self, owner: int) -> list[int]:
        return await self._writer.do(lambda transaction: _beat(transaction, owner))

    async def retire(self, owner: int) -> None:
        def work(transaction: Transaction) -> None:
            transaction.run("owner_left", owner=owner)
            transaction.run("ownerless_freed")

        await self._writer.do(work)

    async def expire(self, *, before: int, most: int) -> int:
        cut = identifier_at(before)
        # Debts first: a debt without its event could never be paid. Each step is a transaction of its own.
        while await self._writer.do(lambda transaction: _cancel_expired(transaction, before=cut, most=most)) == most:
            pass
        while await self._change("keys_expired", before=before, most=most) == most:
            pass
        while await self._change("attempts_expired", before=cut, most=most) == most:
            pass
        gone = 0
        while step := await self._change("events_expired", before=cut, most=most - gone):
            gone += step
        while gone < most and await self._writer.do(give_back):
            pass
        return gone

    async def ring(self, topic: str) -> None:
        """Nothing to do: the others see that the file changed."""

    async def heard(self) -> str:
        while True:
            await self._clock.sleep(POLL_SECONDS)
            try:
                elsewhere = await self._writer.do(lambda transaction: transaction.elsewhere)
            except Unavailable:
                # Who knows what was missed.
                return "poll"
            if elsewhere is not self._heard:
                self._heard = elsewhere
                return "poll"

    async def _change(self, name: str, **values: Value) -> int:
        return await self._writer.do(lambda transaction: transaction.change(name, **values))


async def open_sqlite(path: str, *, clock: Clock, serving: bool = False, busy_ms: int = BUSY_MS) -> SqliteDatabase:
    """Open the file, made if need be with its folder. Raises Unavailable, and Conflict if another process serves it."""
    try:
        await asyncio.to_thread(make_folder, Path(path).parent)
        database = SqliteDatabase(path, clock=clock, serving=serving, busy_ms=busy_ms)
    except OSError as error:
        raise Unavailable(
            f"{path} cannot be opened: {error.strerror}; name a file in a folder that may be written"
        ) from error
    try:
        await database.probe()
    except Unavailable:
        await database.close()
        raise
    return database


def _migrate(transaction: Transaction) -> list[str]:
    """One transaction: nobody else can migrate meanwhile, and a script that fails leaves nothing behind."""
    transaction.run("migrations_begun")
    done = {name for (name,) in transaction.run("migrations_done")}
    todo = {name: script for name, script in migrations("sqlite").items() if name not in done}
    for name, script in todo.items():
        transaction.script(script)
        transaction.run("migration_done", name=name, at=transaction.now)
    return list(todo)


def _enrol(transaction: Transaction, *, everybody_else_is_dead: bool) -> int:
    if everybody_else_is_dead:
        _bury(transaction, silent_since=_ALWAYS)
    [(owner,)] = transaction.run("owner_enrolled", now=transaction.now)
    return int(owner)


def _beat(transaction: Transaction, owner: int) -> list[int]:
    now = transaction.now
    transaction.require_alive(owner)
    transaction.run("owner_beat", owner=owner, now=now)
    return _bury(transaction, silent_since=now - BEAT_VALID_MS)


def _bury(transaction: Transaction, *, silent_since: int) -> list[int]:
    dead = [owner for (owner,) in transaction.run("owners_died", before=silent_since)]
    if dead:
        transaction.run("ownerless_freed")
    return dead


def _cancel_expired(transaction: Transaction, *, before: int, most: int) -> int:
    debts = transaction.run("debts_expired", before=before, most=most)
    cancel(transaction, debts)
    return len(debts)
