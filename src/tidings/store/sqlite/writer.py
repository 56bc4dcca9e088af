"""The writer: one thread that writes everything, all that is waiting in one transaction."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

import apsw

from tidings.core.clock import Clock
from tidings.core.errors import Unavailable
from tidings.store.sqlite.connection import UNAVAILABLE, meaning
from tidings.store.sqlite.transaction import Transaction

T = TypeVar("T")


class _Job(NamedTuple):
    work: Callable[[Transaction], Any]
    future: asyncio.Future[Any]


class Writer:
    """Groups commits: while one transaction waits for the disk, the jobs for the next one gather."""

    def __init__(self, path: str, *, clock: Clock, busy_ms: int) -> None:
        self._path = path
        self._clock = clock
        self._busy_ms = busy_ms
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._transaction: Transaction | None = None
        self._is_closed = False
        self._thread = threading.Thread(target=self._work, name="tidings-writer", daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[Transaction], T | Exception]) -> T:
        """Run the work inside a transaction, and give what it gave once that is on disk.

        An error that the work returns is raised here and undoes nothing; one that it raises undoes the work.
        """
        if self._is_closed:
            raise Unavailable("nothing can be kept any more: the store is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(work, future))
        return await future

    async def close(self) -> None:
        """Finish what is waiting, and stop."""
        if not self._is_closed:
            self._is_closed = True
            self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        is_open = True
        while is_open:
            jobs = [self._jobs.get()]
            with suppress(Empty):
                while True:
                    jobs.append(self._jobs.get_nowait())
            # Nothing is put after the None of `close`.
            is_open = jobs[-1] is not None
            waiting = [job for job in jobs if job is not None]
            answers = self._attempt(waiting)
            self._loop.call_soon_threadsafe(_deliver, waiting, answers)
        self._drop()

    def _attempt(self, jobs: Sequence[_Job]) -> list[Any]:
        """The jobs' answers. If one fails, all are undone, and tried again in halves, until it stands alone."""
        try:
            return self._transact(jobs)
        except UNAVAILABLE as error:
            self._drop()
            return [meaning(error) for _ in jobs]
        except Exception as error:  # noqa: BLE001 - the worker's loop: whatever a job raises is its caller's
            if len(jobs) == 1:
                return [error]
            half = len(jobs) // 2
            return self._attempt(jobs[:half]) + self._attempt(jobs[half:])

    def _transact(self, jobs: Sequence[_Job]) -> list[Any]:
        if self._transaction is None:
            self._transaction = Transaction(self._path, clock=self._clock, busy_ms=self._busy_ms)
        transaction = self._transaction
        transaction.begin()
        try:
            answers = [job.work(transaction) for job in jobs]
        except BaseException:
            transaction.rollback()
            raise
        try:
            transaction.commit()
        except apsw.IOError as error:
            # The log may have reached the disk in spite of it.
            self._drop()
            return [meaning(error, is_fate_unknown=True) for _ in jobs]
        return answers

    def _drop(self) -> None:
        """Let go of the connection; the next transaction opens a new one."""
        if self._transaction is not None:
            self._transaction.close()
            self._transaction = None


def _deliver(jobs: Sequence[_Job], answers: Sequence[Any]) -> None:
    for job, answer in zip(jobs, answers, strict=True):
        if job.future.done():
            continue
        if isinstance(answer, Exception):
            job.future.set_exception(answer)
        else:
            job.future.set_result(answer)
