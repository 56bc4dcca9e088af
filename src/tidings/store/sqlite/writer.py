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


# Seconds. How long a job that can wait does so for one that cannot, to share its commit: about what a commit takes.
# Without it, keeping and settling take turns and make twice as many commits, each 0.2 ms of processor time (measured).
_PATIENCE_S = 0.003


class _Job(NamedTuple):
    work: Callable[[Transaction], Any]
    future: asyncio.Future[Any]
    can_wait: bool


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

    async def do(self, work: Callable[[Transaction], T], *, can_wait: bool = False) -> T:
        """Run the work inside a transaction, and give what it gave once that is on disk.

        What nobody waits for `can_wait` a moment for company, and so cost no commit of its own.
        An error that the work raises undoes that work alone, and is raised here.
        """
        if self._is_closed:
            raise Unavailable("nothing can be kept any more: the store is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(work, future, can_wait))
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
            jobs = self._gathered()
            # Nothing is put after the None of `close`.
            is_open = jobs[-1] is not None
            waiting = [job for job in jobs if job is not None]
            answers = self._answers(waiting)
            self._loop.call_soon_threadsafe(_deliver, waiting, answers)
        self._drop()

    def _gathered(self) -> list[_Job | None]:
        """Everything that is there, once there is something that cannot wait."""
        jobs = [self._jobs.get()]
        with suppress(Empty):
            if jobs[0] is not None and jobs[0].can_wait:
                jobs.append(self._jobs.get(timeout=_PATIENCE_S))
            while True:
                jobs.append(self._jobs.get_nowait())
        return jobs

    def _answers(self, jobs: Sequence[_Job]) -> list[object]:
        """What the jobs gave, all of them in one transaction, or the errors that they get instead."""
        try:
            return self._transact(jobs, answer=_simply)
        except Exception as error:  # noqa: BLE001 - the worker's loop: whatever a job raises is its caller's
            if len(jobs) == 1 or isinstance(error, Unavailable):
                return [error for _ in jobs]
        # A savepoint a job costs 6 % of the throughput (measured), so they are set only once one has failed.
        try:
            return self._transact(jobs, answer=_carefully)
        except Unavailable as error:
            return [error for _ in jobs]

    def _transact(self, jobs: Sequence[_Job], *, answer: Callable[[Transaction, _Job], object]) -> list[object]:
        if self._transaction is None:
            self._transaction = Transaction(self._path, clock=self._clock, busy_ms=self._busy_ms)
        transaction = self._transaction
        is_committing = False
        try:
            transaction.begin()
            answers = [answer(transaction, job) for job in jobs]
            is_committing = True
            transaction.commit()
        except UNAVAILABLE as error:
            self._drop()
            # If it was the disk that failed, the log may have reached it in spite of what it said.
            raise meaning(error, is_fate_unknown=is_committing and isinstance(error, apsw.IOError)) from error
        except Exception:
            transaction.rollback()
            raise
        return answers

    def _drop(self) -> None:
        """Let go of the connection; the next transaction opens a new one."""
        if self._transaction is not None:
            self._transaction.close()
            self._transaction = None


def _simply(transaction: Transaction, job: _Job) -> object:
    return job.work(transaction)


def _carefully(transaction: Transaction, job: _Job) -> object:
    try:
        with transaction.savepoint():
            return job.work(transaction)
    except UNAVAILABLE:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        return error


def _deliver(jobs: Sequence[_Job], answers: Sequence[object]) -> None:
    for job, answer in zip(jobs, answers, strict=True):
        if job.future.done():
            continue
        if isinstance(answer, Exception):
            job.future.set_exception(answer)
        else:
            job.future.set_result(answer)
