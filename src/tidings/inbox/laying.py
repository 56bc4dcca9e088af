"""Laying: receipts are understood and laid flat into the tables, each exactly once as far as anybody can see."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from tidings.core.clock import MINUTE, Clock
from tidings.core.dialect import Reader
from tidings.core.errors import Invalid, Unavailable
from tidings.core.receipt import Receipt
from tidings.core.row import Change, Reading
from tidings.store.receipts import Done, Receipts, Sources, State

log = logging.getLogger(__name__)

_BATCH = 500
# What was claimed by a process that died is taken up by another after that.
_PATIENCE_MS = MINUTE
_LOOK_AGAIN_AFTER_S = 1.0
_TRY_AGAIN_AFTER_S = 2.0
# What an operator sees of why.
_LONGEST_REASON = 300


class Rows(Protocol):
    """Where rows go: `tables.tables.Tables`, whose database is opened when the first row comes."""

    def write(self, changes: Sequence[Change]) -> None:
        """Blocks. Raises Unavailable, and Invalid for what the engine does not take."""
        ...


class Laying:
    """Lays receipts flat. `laid` and `unreadable` count them."""

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
        self.unreadable = 0
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

    async def step(self) -> int:
        """Lay what is due next; how many receipts that were. Raises Unavailable."""
        batch = await self._receipts.claim(most=_BATCH, now=self._clock.now(), patience_ms=_PATIENCE_MS)
        if batch:
            await self.lay(batch)
        return len(batch)

    async def lay(self, batch: Sequence[Receipt]) -> None:
        """Lay these, whatever became of them before. Raises Unavailable if the tables cannot be written now."""
        dialects = {name: await self._dialect(name) for name in {receipt.source for receipt in batch}}
        results = await asyncio.to_thread(self._laid, batch, dialects)
        await self._receipts.done(results)
        self.laid += sum(one.state is State.UNDERSTOOD for one in results)
        self.unreadable += sum(one.state is State.UNREADABLE for one in results)
        for one in results:
            if one.state is State.UNREADABLE:
                log.warning("receipt.unreadable receipt=%d reason=%r", one.id, one.reason)

    async def _dialect(self, source: str) -> Reader | None:
        found = await self._sources.get(source, also_ended=True)
        return self._readers.get(found.dialect) if found else None

    def _laid(self, batch: Sequence[Receipt], dialects: Mapping[str, Reader | None]) -> list[Done]:
        results: list[Done] = []
        understood: list[tuple[Done, Reading]] = []
        for receipt in batch:
            reader = dialects[receipt.source]
            if reader is None:
                results.append(_unreadable(receipt.id, "there is no reader for its source any more"))
                continue
            try:
                reading = reader.read(receipt)
            except Invalid as error:
                results.append(_unreadable(receipt.id, error.message))
                continue
            done = Done(
                id=receipt.id,
                state=State.UNDERSTOOD,
                type=reading.type,
                once=reading.once,
                window_ms=reader.window_ms,
            )
            understood.append((done, reading))
        return results + self._written(understood)

    def _written(self, understood: Sequence[tuple[Done, Reading]]) -> list[Done]:
        changes: list[Change] = [change for _, reading in understood for change in reading.changes]
        try:
            self._open_tables().write(changes)
        except Invalid as error:
            if len(understood) == 1:
                return [_unreadable(understood[0][0].id, error.message)]
            middle = len(understood) // 2
            return self._written(understood[:middle]) + self._written(understood[middle:])
        return [done for done, _ in understood]


def _unreadable(identifier: int, reason: str) -> Done:
    return Done(id=identifier, state=State.UNREADABLE, reason=reason[:_LONGEST_REASON])
