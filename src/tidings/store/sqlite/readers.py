"""The readers: a few threads, and the loop's own, each with a connection of its own; none waits for the writer."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import apsw

from tidings.core.clock import Clock
from tidings.core.errors import Unavailable
from tidings.store.database import Value
from tidings.store.sqlite.connection import UNAVAILABLE, connect, meaning
from tidings.store.statements import Text

# A guess: one long list and a few short ones at a time; the machine's processors are the writer's and the courier's.
THREADS = 3
# The log cannot be taken back into the file while somebody reads an older state.
LONGEST_SECONDS = 1.0
# Asked every so many steps of SQLite's machine: about every millisecond.
_STEPS = 50_000


class Readers:
    def __init__(self, path: str, *, clock: Clock, busy_ms: int) -> None:
        self._path = path
        self._clock = clock
        self._busy_ms = busy_ms
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="tidings-reader")
        self._own = threading.local()
        self._is_closed = False

    async def select(self, text: Text, values: Sequence[Value]) -> tuple[Sequence[str], list[Any]]:
        """Run a query; the names of its columns and its rows. Raises Unavailable, also if it takes over a second."""
        if self._is_closed:
            raise Unavailable("nothing can be read any more: the store is closed")
        if text.finds_by_key:
            # Measured: 9 us here, 55 to 99 by way of a thread.
            return self._select(text, values)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._select, text, values)

    async def close(self) -> None:
        self._is_closed = True
        await asyncio.to_thread(self._threads.shutdown)

    def _select(self, text: Text, values: Sequence[Value]) -> tuple[Sequence[str], list[Any]]:
        try:
            connection = self._connection()
            deadline = self._clock.monotonic() + LONGEST_SECONDS
            connection.set_progress_handler(lambda: self._clock.monotonic() > deadline, _STEPS)
            cursor = connection.execute(text.sql, tuple(values))
            names: list[str] = []
            # A query that has ended without a row has nothing to name.
            with suppress(apsw.ExecutionCompleteError):
                names = [name for name, _ in cursor.get_description()]
            return names, cursor.fetchall()
        except UNAVAILABLE as error:
            self._own.connection = None
            raise meaning(error) from error

    def _connection(self) -> apsw.Connection:
        connection: apsw.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = connect(self._path, busy_ms=self._busy_ms)
            connection.execute("PRAGMA query_only = ON")
        return connection
