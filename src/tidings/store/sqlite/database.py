"""The store on SQLite: one file, one thread that writes, a few that read."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from tidings.core.clock import SECOND, Clock
from tidings.core.errors import TidingsError, Unavailable
from tidings.core.identifier import identifier_at
from tidings.store.database import Claim, Kept, LaneChange, Publication, Settlement, Statement, Value, Wanted
from tidings.store.folder import make_folder
from tidings.store.order import NEVER
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
from tidings.store.unopened import Unopened

T = TypeVar("T")
_Delivery = tuple[int, int]

# An owner that has not beaten for so long is dead.
BEAT_VALID_MS = 10 * SECOND
# What another process may hold the database for before we say that it is locked.
BUSY_MS = 5 * SECOND
# How often the file is asked whether another process wrote: half of the second within which a revoked token is refused.
POLL_SECONDS = 0.5
# Debts that are looked through in one transaction for those of the dead: two milliseconds (measured).
FREED_AT_ONCE = 10_000
# Writing so much of an event takes as long as a row of another table does (measured).
_ROW_BYTES = 2_048
# Later than any beat, also one made before the clock was set back.
_ALWAYS = 2**62


class SqliteDatabase:
    """`Database` in a file. Every write of every kind shares its commit with what is waiting at the same time."""

    engine = "sqlite"
    parallel_batches = 1

    def __init__(self, path: str, *, clock: Clock, serving: bool = False, busy_ms: int = BUSY_MS) -> None:
        """Opens nothing yet but the lock file; raises Conflict if another process serves the store."""
        self.unopened = Unopened()
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
        return await self._writer.do(
            lambda transaction: keep(transaction, publications, version=version, owner=owner),
            rows=_rows(publications),
        )

    async def claim(self, wanted: Sequence[Wanted], *, owner: int, now: int) -> Claim:
        return await self._writer.do(
            lambda transaction: claim(transaction, wanted, owner=owner, now=now),
            rows=len(wanted) + 2 * sum(lane.most for lane in wanted),
        )

    async def settle(
        self,
        settlements: Sequence[Settlement],
        lanes: Sequence[LaneChange],
        *,
        owner: int,
        also: Sequence[Statement] = (),
        is_awaited: bool = False,
    ) -> None:
        def work(transaction: Transaction) -> None:
            for statement in also:
                transaction.state(statement)
            settle(transaction, settlements, lanes=lanes, owner=owner)

        await self._writer.do(
            work, rows=2 * len(settlements) + len(lanes) + len(also), can_wait=not (also or is_awaited)
        )

    async def release(self, debts: Sequence[tuple[int, int]], *, owner: int) -> None:
        rows = [(subscription, event, owner) for subscription, event in debts]
        await self._writer.do(lambda transaction: transaction.change_for("debt_released", rows))

    async def backlog(self, *, after: int, most: int) -> list[tuple[int, int]]:
        text = self._statements["backlog"]
        _, rows = await self._readers.select(text, [after, most])
        return rows

    async def enrol(self) -> int:
        if self._earlier_are_dead:
            await self._bury(await self._writer.do(lambda transaction: _died(transaction, before=_ALWAYS)))
            self._earlier_are_dead = False
        [(owner,)] = await self._writer.do(lambda transaction: transaction.run("owner_enrolled", now=transaction.now))
        return int(owner)

    async def beat(self, owner: int) -> list[int]:
        dead = await self._writer.do(lambda transaction: _beat(transaction, owner))
        await self._bury(dead)
        return dead

    async def retire(self, owner: int) -> None:
        left = await self._writer.do(lambda transaction: transaction.run("owner_left", owner=owner))
        await self._bury([owner for (owner,) in left])

    async def _bury(self, dead: Sequence[int]) -> None:
        """Free what the dead held, some debts in each transaction: an index of who holds what would cost every event.

        If it is cut short, the next beat or process begins anew.
        """
        after: _Delivery | None = (0, 0) if dead else None
        while after is not None:
            after = await self._writer.do(partial(_freed, after=after, dead=dead))

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


def _rows(publications: Sequence[Publication]) -> int:
    """How many they write; what is long counts for several."""
    rows = len(publications)
    for one in publications:
        rows += len(one.owed) + len(one.keys) + len(one.also) + len(one.event.data) // _ROW_BYTES
    return rows


def _migrate(transaction: Transaction) -> list[str]:
    """One transaction: nobody else can migrate meanwhile, and a script that fails leaves nothing behind."""
    transaction.run("migrations_begun")
    done = {name for (name,) in transaction.run("migrations_done")}
    todo = {name: script for name, script in migrations("sqlite").items() if name not in done}
    for name, script in todo.items():
        transaction.script(script)
        transaction.run("migration_done", name=name, at=transaction.now)
    return list(todo)


def _beat(transaction: Transaction, owner: int) -> list[int]:
    now = transaction.now
    transaction.require_alive(owner)
    transaction.run("owner_beat", owner=owner, now=now)
    return _died(transaction, before=now - BEAT_VALID_MS)


def _died(transaction: Transaction, *, before: int) -> list[int]:
    return [owner for (owner,) in transaction.run("owners_died", before=before)]


def _freed(transaction: Transaction, *, after: _Delivery, dead: Sequence[int]) -> _Delivery | None:
    """Free some of the debts that follow one; the last of them, None at the end of all."""
    found = transaction.run("debt_further_on", subscription=after[0], event=after[1], most=FREED_AT_ONCE)
    last: _Delivery = found[0] if found else (NEVER, NEVER)
    transaction.run("debts_freed", subscription=after[0], event=after[1], last_subscription=last[0], last_event=last[1])
    if found:
        return last
    for owner in dead:
        transaction.run("owner_buried", owner=owner)
    return None


def _cancel_expired(transaction: Transaction, *, before: int, most: int) -> int:
    debts = transaction.run("debts_expired", before=before, most=most)
    cancel(transaction, debts)
    return len(debts)
