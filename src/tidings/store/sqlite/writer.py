"""The writer: writes everything, all that is waiting in one transaction, and waits for the disk in a thread."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
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
# Rows that the loop writes by itself in one transaction: 4 to 8 ms (measured). Doing it there and not in the thread
# saves the two of them from passing Python's lock to and fro at every statement, a fifth of all processor time and a
# third of the throughput one by one (measured).
_FEW_ROWS = 2_500
_UNKNOWN = _FEW_ROWS + 1


class _Job(NamedTuple):
    work: Callable[[Transaction], Any]
    future: asyncio.Future[Any]
    rows: int


class Writer:
    """Groups commits: while one transaction waits for the disk, the jobs for the next one gather.

    The loop and the thread use the connection by turns: what is quick the loop does, and the thread commits it. What
    may take long, waits for another process or fails is the thread's from beginning to end.
    """

    def __init__(self, path: str, *, clock: Clock, busy_ms: int) -> None:
        self._path = path
        self._clock = clock
        self._busy_ms = busy_ms
        self._loop = asyncio.get_running_loop()
        self._transaction: Transaction | None = None
        self._waiting: list[_Job] = []
        self._is_urgent = False
        self._is_timed = False
        self._is_busy = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_closed = False
        self._turns: SimpleQueue[tuple[Sequence[_Job], list[object] | None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="tidings-writer", daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[Transaction], T], *, rows: int = _UNKNOWN, can_wait: bool = False) -> T:
        """Run the work inside a transaction, and give what it gave once that is on disk.

        `rows` is about how many it writes, if it looks for nothing that may have to be fetched from the disk first.
        What nobody waits for `can_wait` a moment for company, and so cost no commit of its own.
        An error that the work raises undoes that work alone, and is raised here. The work may be run more than once.
        """
        if self._is_closed:
            raise Unavailable("nothing can be kept any more: the store is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        self._waiting.append(_Job(work, future, rows))
        self._is_urgent = self._is_urgent or not can_wait
        self._idle.clear()
        self._call()
        return await future

    async def close(self) -> None:
        """Finish what is waiting, and stop."""
        if not self._is_closed:
            self._is_closed = True
            await self._idle.wait()
            self._turns.put(None)
        await asyncio.to_thread(self._thread.join)

    def _call(self) -> None:
        """See to it that what is waiting gets its turn."""
        if self._is_busy:
            return
        if self._is_urgent:
            self._is_busy = True
            # With whatever else is asked for in this round of the loop.
            self._loop.call_soon(self._begin)
        elif not self._is_timed:
            self._is_timed = True
            self._loop.call_later(_PATIENCE_S, self._be_late)

    def _be_late(self) -> None:
        self._is_timed = False
        if self._waiting and not self._is_busy:
            self._is_busy = True
            self._begin()

    def _begin(self) -> None:
        self._is_urgent = False
        jobs, self._waiting = self._waiting, []
        is_quick = sum(job.rows for job in jobs) <= _FEW_ROWS
        self._turns.put((jobs, self._quickly(jobs) if is_quick else None))

    def _end(self, jobs: Sequence[_Job], answers: Sequence[object]) -> None:
        _deliver(jobs, answers)
        self._is_busy = False
        if self._waiting:
            self._call()
        else:
            self._idle.set()

    def _quickly(self, jobs: Sequence[_Job]) -> list[object] | None:
        """What the jobs gave, all of them in a transaction that is left open; None if the thread must do it all."""
        if self._transaction is None:
            return None
        try:
            self._transaction.begin(patience_ms=0)
            return [job.work(self._transaction) for job in jobs]
        except Exception:  # noqa: BLE001 - it comes again in the thread, which knows what to make of it
            return None

    def _work(self) -> None:
        while (turn := self._turns.get()) is not None:
            jobs, given = turn
            answers = self._answers(jobs) if given is None else self._committed(given)
            self._loop.call_soon_threadsafe(self._end, jobs, answers)
        self._drop()

    def _committed(self, answers: list[object]) -> list[object]:
        try:
            self._commit()
        except Exception as error:  # noqa: BLE001 - as below
            return [error for _ in answers]
        return answers

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
        transaction = self._opened()
        try:
            transaction.rollback()  # what the loop began and could not end
            transaction.begin(patience_ms=self._busy_ms)
            answers = [answer(transaction, job) for job in jobs]
        except UNAVAILABLE as error:
            self._drop()
            raise meaning(error) from error
        except Exception:  # whatever failed, nothing of it may stay; it is raised on
            transaction.rollback()
            raise
        self._commit()
        return answers

    def _commit(self) -> None:
        transaction = self._opened()
        try:
            transaction.commit()
        except UNAVAILABLE as error:
            self._drop()
            # If it was the disk that failed, the log may have reached it in spite of what it said.
            raise meaning(error, is_fate_unknown=isinstance(error, apsw.IOError)) from error
        except Exception:  # as in `_transact`
            transaction.rollback()
            raise

    def _opened(self) -> Transaction:
        if self._transaction is None:
            self._transaction = Transaction(self._path, clock=self._clock, busy_ms=self._busy_ms)
        return self._transaction

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
