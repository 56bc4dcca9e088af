"""Laying: receipts are understood and laid flat into the tables, each exactly once as far as anybody can see."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from tidings.core.clock import SECOND, Clock
from tidings.core.dialect import Reader
from tidings.core.errors import Invalid, Unavailable
from tidings.core.receipt import Receipt
from tidings.core.row import Change, Reading
from tidings.store.receipts import Done, Receipts, Said, Sources, State

log = logging.getLogger(__name__)

_BATCH = 500
# What was claimed by a process that died is taken up by another after that, as leases are. Laying twice is no harm.
_PATIENCE_MS = 10 * SECOND
_LOOK_AGAIN_AFTER_S = 1.0
_TRY_AGAIN_AFTER_S = 2.0
# What an operator sees of why.
_LONGEST_REASON = 300


class Rows(Protocol):
    """Where rows go: `tables.tables.Tables`, whose database is opened when the first row comes."""

    def write(self, changes: Sequence[Change]) -> frozenset[str]:
        """The tables that were written. Blocks. Raises Unavailable, and Invalid for what the engine does not take."""
        ...


_Reading = tuple[Said, Reading]


class Laying:
    """Lays receipts flat. `laid`, `repeated` and `unreadable` count them.

    `on_laid` is told which tables have new rows.
    """

    def __init__(
        self,
        receipts: Receipts,
        sources: Sources,
        *,
        open_tables: Callable[[], Rows],
        readers: Mapping[str, Reader],
        clock: Clock,
    ) -> None:
        self.laid = 0
        self.repeated = 0
        self.unreadable = 0
        self.on_laid: Callable[[frozenset[str]], None] = lambda _: None
        self._receipts = receipts
        self._sources = sources
        self._open_tables = open_tables
        self._readers = readers
        self._clock = clock
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There is something to lay."""
        self._news.set()

    async def run(self) -> None:
        """Lay what is kept, until cancelled. What a failing database leaves undone is taken up again."""
        while True:
            try:
                if not await self.step():
                    await self._clock.wait(self._news, _LOOK_AGAIN_AFTER_S)
                    self._news.clear()
            except Unavailable as error:
                log.warning("tables.unavailable error=%r", error.message)
                await self._clock.sleep(_TRY_AGAIN_AFTER_S)
            except Exception:
                log.exception("tables.failed")
                await self._clock.sleep(_TRY_AGAIN_AFTER_S)

    async def step(self) -> int:
        """Lay what is due next; how many receipts that were. Raises Unavailable."""
        batch = await self._receipts.claim(most=_BATCH, now=self._clock.now(), patience_ms=_PATIENCE_MS)
        if batch:
            await self.lay(batch)
        return len(batch)

    async def lay(self, batch: Sequence[Receipt]) -> None:
        """Lay these, whatever became of them before. Raises Unavailable if the tables cannot be written now."""
        readers = {name: await self._reader(name) for name in {receipt.source for receipt in batch}}
        readings, unreadable = await asyncio.to_thread(_understood, batch, readers)
        repeated = await self._receipts.repetitions([said for said, _ in readings])
        self.repeated += len(repeated)
        fresh = [one for one in readings if one[0].id not in repeated]
        laid, names = await asyncio.to_thread(self._written, fresh)
        results = [*unreadable, *laid]
        await self._receipts.done(results)
        self._count(results)
        if names:
            self.on_laid(names)

    def _count(self, results: Sequence[Done]) -> None:
        self.laid += sum(one.state is State.UNDERSTOOD for one in results)
        for one in results:
            if one.state is State.UNREADABLE:
                self.unreadable += 1
                log.warning("receipt.unreadable receipt=%d reason=%r", one.id, one.reason)

    async def _reader(self, source: str) -> Reader | None:
        found = await self._sources.get(source, also_ended=True)
        return self._readers.get(found.dialect) if found else None

    def _written(self, readings: Sequence[_Reading]) -> tuple[list[Done], frozenset[str]]:
        """What became of them, and the tables that have new rows."""
        if not readings:
            return [], frozenset()
        changes: list[Change] = [change for _, reading in readings for change in reading.changes]
        try:
            names = self._open_tables().write(changes)
        except Invalid as error:
            if len(readings) == 1:
                return [_unreadable(readings[0][0].id, error.message)], frozenset()
            middle = len(readings) // 2
            some, others = self._written(readings[:middle]), self._written(readings[middle:])
            return some[0] + others[0], some[1] | others[1]
        return [Done(id=said.id, state=State.UNDERSTOOD, type=said.type) for said, _ in readings], names


def _understood(batch: Sequence[Receipt], readers: Mapping[str, Reader | None]) -> tuple[list[_Reading], list[Done]]:
    readings: list[_Reading] = []
    unreadable: list[Done] = []
    for receipt in batch:
        reader = readers[receipt.source]
        if reader is None:
            unreadable.append(_unreadable(receipt.id, "there is no reader for its source any more"))
            continue
        try:
            reading = reader.read(receipt)
        except Invalid as error:
            unreadable.append(_unreadable(receipt.id, error.message))
            continue
        except Exception as error:
            log.exception("receipt.reader_failed receipt=%d", receipt.id)
            unreadable.append(_unreadable(receipt.id, f"its reader failed: {type(error).__name__}"))
            continue
        said = Said(id=receipt.id, type=reading.type, once=reading.once, window_ms=reader.window_ms)
        readings.append((said, reading))
    return readings, unreadable


def _unreadable(identifier: int, reason: str) -> Done:
    return Done(id=identifier, state=State.UNREADABLE, reason=reason[:_LONGEST_REASON])
