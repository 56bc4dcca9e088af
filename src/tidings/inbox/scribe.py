"""Scribe: reads a batch of receipts, and writes down what they say."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from tidings.core.dialect import Reader
from tidings.core.errors import Invalid
from tidings.core.receipt import Receipt
from tidings.core.row import Change, Reading
from tidings.store.receipts import Done, State
from tidings.store.underway import Said

log = logging.getLogger(__name__)

# What an operator sees of why.
_LONGEST_REASON = 300


class Rows(Protocol):
    """Where rows go: `tables.tables.Tables`, whose database is opened when the first row comes."""

    def write(self, changes: Sequence[Change]) -> frozenset[str]:
        """The tables that were written. Blocks. Raises Unavailable, and Invalid for what the engine does not take."""
        ...


class Understood(msgspec.Struct, frozen=True, kw_only=True):
    """What the receipts of a batch say, and those that say nothing."""

    said: list[Said]
    unreadable: list[Done]


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What became of receipts that say something, and the tables that have new rows."""

    done: list[Done]
    tables: frozenset[str] = frozenset()


class Scribes(Protocol):
    """How a scribe is asked from the loop: here in threads, or in a process of its own (`apart`)."""

    async def read(self, batch: Sequence[Receipt], dialects: Mapping[str, str]) -> Understood:
        """As `Scribe.read`. Raises Unavailable."""
        ...

    async def write(self, repeated: Collection[int]) -> Written:
        """As `Scribe.write`. Raises Unavailable."""
        ...


class Scribe:
    """Has one batch at a time: reads it, then writes it. It blocks."""

    def __init__(self, readers: Mapping[str, Reader], open_tables: Callable[[], Rows]) -> None:
        self._readers = readers
        self._open_tables = open_tables
        self._batch: list[tuple[int, Reading]] = []

    def read(self, batch: Sequence[Receipt], dialects: Mapping[str, str]) -> Understood:
        """Understand receipts, whose sources have those dialects, and keep in mind what they say."""
        self._batch = []
        understood = Understood(said=[], unreadable=[])
        for receipt in batch:
            reader = self._readers.get(dialects[receipt.source])
            reading = "there is no reader for its source any more" if reader is None else _read(reader, receipt)
            if reader is None or isinstance(reading, str):
                understood.unreadable.append(_unreadable(receipt.id, str(reading)))
                continue
            self._batch.append((receipt.id, reading))
            understood.said.append(_said(receipt, reading, window_ms=reader.window_ms))
        return understood

    def write(self, repeated: Collection[int]) -> Written:
        """Write what was read, but for these. Raises Unavailable if the tables cannot be written now."""
        fresh, self._batch = [one for one in self._batch if one[0] not in repeated], []
        return self._written(fresh)

    def _written(self, readings: Sequence[tuple[int, Reading]]) -> Written:
        if not readings:
            return Written(done=[])
        try:
            tables = self._open_tables().write([change for _, reading in readings for change in reading.changes])
        except Invalid as error:
            if len(readings) == 1:
                return Written(done=[_unreadable(readings[0][0], error.message)])
            middle = len(readings) // 2
            some, others = self._written(readings[:middle]), self._written(readings[middle:])
            return Written(done=some.done + others.done, tables=some.tables | others.tables)
        done = [Done(id=number, state=State.UNDERSTOOD, type=reading.type) for number, reading in readings]
        return Written(done=done, tables=tables)


class InThreads:
    """A scribe of this process."""

    def __init__(self, scribe: Scribe) -> None:
        self._scribe = scribe

    async def read(self, batch: Sequence[Receipt], dialects: Mapping[str, str]) -> Understood:
        return await asyncio.to_thread(self._scribe.read, batch, dialects)

    async def write(self, repeated: Collection[int]) -> Written:
        return await asyncio.to_thread(self._scribe.write, repeated)


def _read(reader: Reader, receipt: Receipt) -> Reading | str:
    """What it says, or why nobody can tell."""
    try:
        return reader.read(receipt)
    except Invalid as error:
        return error.message
    except Exception as error:
        log.exception("receipt.reader_failed receipt=%d", receipt.id)
        return f"its reader failed: {type(error).__name__}"


def _said(receipt: Receipt, reading: Reading, *, window_ms: int) -> Said:
    return Said(
        id=receipt.id,
        source=receipt.source,
        at=receipt.at,
        type=reading.type,
        once=reading.once,
        window_ms=window_ms,
    )


def _unreadable(identifier: int, reason: str) -> Done:
    return Done(id=identifier, state=State.UNREADABLE, reason=reason[:_LONGEST_REASON])
