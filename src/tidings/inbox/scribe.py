"""Scribe: reads a batch of receipts, and writes down what they say."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from tidings.core.dialect import Reader
from tidings.core.errors import Invalid
from tidings.core.receipt import Receipt
from tidings.core.row import Change, Reading
from tidings.store.receipts import Done, State
from tidings.store.underway import Said

log = logging.getLogger(__name__)

# Batches that are read and not written: two of laying, one of whoever lays something again, and one that failed.
_MOST_IN_MIND = 4
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

    async def write(self, fresh: Sequence[int]) -> Written:
        """As `Scribe.write`. Raises Unavailable."""
        ...


class Scribe:
    """Reads batches, then writes what is new of them. It blocks."""

    def __init__(self, readers: Mapping[str, Reader], open_tables: Callable[[], Rows]) -> None:
        self._readers = readers
        self._open_tables = open_tables
        self._in_mind: deque[dict[int, Reading]] = deque(maxlen=_MOST_IN_MIND)

    def read(self, batch: Sequence[Receipt], dialects: Mapping[str, str]) -> Understood:
        """Understand receipts, whose sources have those dialects, and keep in mind what they say."""
        in_mind: dict[int, Reading] = {}
        understood = Understood(said=[], unreadable=[])
        for receipt in batch:
            reader = self._readers.get(dialects[receipt.source])
            reading = "there is no reader for its source any more" if reader is None else _read(reader, receipt)
            if reader is None or isinstance(reading, str):
                understood.unreadable.append(_unreadable(receipt.id, str(reading)))
                continue
            in_mind[receipt.id] = reading
            understood.said.append(_said(receipt, reading, window_ms=reader.window_ms))
        self._in_mind.append(in_mind)
        return understood

    def write(self, fresh: Sequence[int]) -> Written:
        """Write what these receipts say, as far as it is in mind. Raises Unavailable if that is not possible now."""
        return self._written([(one, batch.pop(one)) for batch in self._in_mind for one in fresh if one in batch])

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
        self._alone = asyncio.Lock()

    async def read(self, batch: Sequence[Receipt], dialects: Mapping[str, str]) -> Understood:
        async with self._alone:
            return await asyncio.to_thread(self._scribe.read, batch, dialects)

    async def write(self, fresh: Sequence[int]) -> Written:
        async with self._alone:
            return await asyncio.to_thread(self._scribe.write, fresh)


def _read(reader: Reader, receipt: Receipt) -> Reading | str:
    """What it says, or why nobody can tell."""
    try:
        return reader.read(receipt)
    except Invalid as error:
        return error.message
    except Exception as error:  # a worker's loop: a mistake in a dialect must not hold up those behind it
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
