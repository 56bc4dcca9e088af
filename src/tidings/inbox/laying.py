"""Laying: receipts are understood and laid flat into the tables, each exactly once as far as anybody can see."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from tidings.core.clock import SECOND, Clock
from tidings.core.errors import Unavailable
from tidings.core.receipt import Receipt
from tidings.inbox.scribe import Scribes
from tidings.store.receipts import Done, Receipts, Sources, State

T = TypeVar("T")

log = logging.getLogger(__name__)

# Receipts that are laid together: what each batch waits for, the store and the scribe, is waited for half as often as
# with 500, and no more than this much is claimed by a process that dies.
_BATCH = 1_000
# Full batches on their way: while the scribe has one, the store is asked about the other.
_AT_ONCE = 2
# What was claimed by a process that died is taken up by another after that, as leases are. Laying twice is no harm.
_PATIENCE_MS = 10 * SECOND
_LOOK_AGAIN_AFTER_S = 1.0
_TRY_AGAIN_AFTER_S = 2.0


class Laying:
    """Lays receipts flat. `laid`, `repeated` and `unreadable` count them.

    `on_laid` is told which tables have new rows.
    """

    def __init__(self, receipts: Receipts, sources: Sources, *, scribes: Scribes, clock: Clock) -> None:
        self.laid = 0
        self.repeated = 0
        self.unreadable = 0
        self.on_laid: Callable[[frozenset[str]], None] = lambda _: None
        self._receipts = receipts
        self._sources = sources
        self._scribes = scribes
        self._judging = asyncio.Lock()
        self._clock = clock
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There is something to lay."""
        self._news.set()

    async def run(self) -> None:
        """Lay what is kept, until cancelled. What a failing database leaves undone is taken up again."""
        free = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            while True:
                await free.acquire()
                while not (batch := await self._tried(self._claim())):
                    await self._clock.wait(self._news, _LOOK_AGAIN_AFTER_S)
                    self._news.clear()
                laying = group.create_task(self._tried(self.lay(batch)))
                laying.add_done_callback(lambda _: free.release())
                if len(batch) < _BATCH:  # meanwhile enough gathers for a batch that is worth its cost
                    await laying

    async def step(self) -> int:
        """Lay what is due next; how many receipts that were. Raises Unavailable."""
        batch = await self._claim()
        if batch:
            await self.lay(batch)
        return len(batch)

    async def lay(self, batch: Sequence[Receipt]) -> None:
        """Lay these, whatever became of them before. Raises Unavailable if the tables cannot be written now."""
        dialects = {name: await self._dialect(name) for name in {receipt.source for receipt in batch}}
        understood = await self._scribes.read(batch, dialects)
        async with self._judging:  # one batch after the other, in the order in which they were read
            repeated = await self._receipts.repetitions(understood.said)
        written = await self._scribes.write([said.id for said in understood.said if said.id not in repeated])
        results = [*understood.unreadable, *written.done]
        await self._receipts.done(results)
        self.repeated += len(repeated)
        self._count(results)
        if written.tables:
            self.on_laid(written.tables)

    async def _claim(self) -> list[Receipt]:
        return await self._receipts.claim(most=_BATCH, now=self._clock.now(), patience_ms=_PATIENCE_MS)

    async def _tried(self, work: Awaitable[T]) -> T | None:
        """What the work gives; None after a while if it fails, for that it is not tried again at once."""
        try:
            return await work
        except Unavailable as error:
            log.warning("tables.unavailable error=%r", error.message)
        except Exception:  # a worker's loop: a mistake of ours must not end the laying of everything else
            log.exception("tables.failed")
        await self._clock.sleep(_TRY_AGAIN_AFTER_S)
        return None

    def _count(self, results: Sequence[Done]) -> None:
        self.laid += sum(one.state is State.UNDERSTOOD for one in results)
        for one in results:
            if one.state is State.UNREADABLE:
                self.unreadable += 1
                log.warning("receipt.unreadable receipt=%d reason=%r", one.id, one.reason)

    async def _dialect(self, source: str) -> str:
        found = await self._sources.get(source, also_ended=True)
        return found.dialect if found else ""
