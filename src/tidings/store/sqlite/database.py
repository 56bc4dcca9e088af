"""The store on SQLite: one file, one thread that writes, a few that read."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from tidings.core.clock import SECOND, Clock
from tidings.core.delivery import Attempt, Result, State
from tidings.core.errors import Conflict, TidingsError, Unavailable
from tidings.core.identifier import identifier_at
from tidings.store.database import Claim, Kept, LaneChange, Publication, Settlement, Statement, Value, Wanted
from tidings.store.row import shaped
from tidings.store.sqlite.claim import claim
from tidings.store.sqlite.keep import keep
from tidings.store.sqlite.lock import ServingLock
from tidings.store.sqlite.readers import Readers
from tidings.store.sqlite.settle import settle
from tidings.store.sqlite.transaction import Transaction
from tidings.store.sqlite.writer import Writer
from tidings.store.statements import migrations, statements

T = TypeVar("T")

# An owner that has not beaten for so long is dead.
BEAT_VALID_MS = 10 * SECOND
# What another process may hold the database for before we say that it is locked.
BUSY_MS = 5 * SECOND
# How often the file is asked whether another process wrote: half of the second within which a revoked token is refused.
POLL_SECONDS = 0.5


class SqliteDatabase:
    """`Database` in a file. Every write of every kind shares its commit with what is waiting at the same time."""

    engine = "sqlite"
    parallel_batches = 1

    def __init__(self, path: str, *, clock: Clock, serving: bool = False, busy_ms: int = BUSY_MS) -> None:
        self._clock = clock
        self._lock = ServingLock(path) if serving else None
        self._earlier_are_dead = serving
        self._statements = statements("sqlite")
        self._writer = Writer(path, clock=clock, busy_ms=busy_ms)
        self._readers = Readers(path, clock=clock, busy_ms=busy_ms)

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

    async def write(self, *statements: Statement) -> list[list[tuple[Value, ...]]]:
        def work(transaction: Transaction) -> list[list[tuple[Value, ...]]] | TidingsError:
            try:
                with transaction.savepoint():
                    return [transaction.state(statement) for statement in statements]
            except TidingsError as error:
                return error

        return await self._writer.do(work)

    async def keep(self, publications: Sequence[Publication], *, version: int, owner: int) -> list[Kept | TidingsError]:
        return await self._writer.do(lambda transaction: keep(transaction, publications, version=version, owner=owner))

    async def claim(self, wanted: Sequence[Wanted], *, owner: int, now: int) -> Claim:
        return await self._writer.do(lambda transaction: claim(transaction, wanted, owner=owner, now=now))

    async def settle(self, settlements: Sequence[Settlement], lanes: Sequence[LaneChange], *, owner: int) -> None:
        await self._writer.do(lambda transaction: settle(transaction, settlements, lanes, owner=owner))

    async def release(self, debts: Sequence[tuple[int, int]], *, owner: int) -> None:
        rows = [(subscription, event, owner) for subscription, event in debts]
        await self._writer.do(lambda transaction: transaction.change_for("debt_released", rows))

    async def backlog(self, *, after: int, most: int) -> list[tuple[int, int]]:
        text = self._statements["backlog"]
        _, rows = await self._readers.select(text, [after, most])
        return rows
