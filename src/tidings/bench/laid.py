"""Laid: how many of the callbacks have become rows."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from tidings.bench.receiver import Arrivals
from tidings.bench.work import TABLE
from tidings.core.clock import Clock
from tidings.core.errors import NotFound
from tidings.tables.query import Query
from tidings.tables.tables import Tables, open_tables


class Laid:
    """Counts the rows of the callbacks' form."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._clock = Clock()
        self._query: Query | None = None
        self._rows = self._last_us = 0

    async def arrivals(self, refused: Sequence[int]) -> Arrivals:
        """How many there are, and when the newest were seen first. A row of a refused callback counts, too."""
        del refused
        rows = await asyncio.to_thread(self._count)
        if rows != self._rows:
            self._rows, self._last_us = rows, int(self._clock.monotonic() * 1e6)
        return Arrivals(port=0, arrived=rows, last_us=self._last_us)

    def _count(self) -> int:
        # Until the table is there each one looks anew: an older one would not see it for a second.
        query = self._query or Query(self._tables.engine, clock=self._clock)
        with contextlib.suppress(NotFound):
            rows = query.count(TABLE, None)
            self._query = query
            return rows
        return 0


@contextlib.asynccontextmanager
async def counting(url: str) -> AsyncIterator[Laid]:
    """Count in the tables at that URL, which are made if they are not there yet."""
    with contextlib.ExitStack() as stack:
        tables = await asyncio.to_thread(stack.enter_context, open_tables(url))
        yield Laid(tables)
