"""Scheduling: tasks whose time has come are queued, each window once, whichever process is faster."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable, Sequence

from tidings.core.calendar import calendar_of
from tidings.core.clock import MINUTE, Clock
from tidings.core.errors import Conflict, Invalid, TidingsError
from tidings.core.report import Cause, Missed, ReportTask
from tidings.store.database import Statement
from tidings.store.report_tasks import ReportTasks, Wanted, claimed
from tidings.store.reports import ReportStore, adding

log = logging.getLogger(__name__)

# Tasks that are queued in one transaction: some ten milliseconds of SQLite's writer.
AT_ONCE = 100
LOOK_EVERY_S = 1.0
_TRY_AGAIN_AFTER_S = 2.0
# A window that is older was missed: nothing served when it came. A busy minute is not that (a guess).
LATE_MS = 5 * MINUTE
_UNRECKONABLE = (Invalid, ArithmeticError, LookupError, ValueError)


class Scheduling:
    """Looks every second for tasks that are due, and when it is woken."""

    def __init__(self, store: ReportStore, *, tasks: ReportTasks, clock: Clock, on_queued: Callable[[], None]) -> None:
        self._store = store
        self._tasks = tasks
        self._clock = clock
        self._on_queued = on_queued
        self._news = asyncio.Event()
        self._looked_at = 0

    def wake(self) -> None:
        """A task was made or changed."""
        self._news.set()

    async def run(self) -> None:
        """Queue what is due, until cancelled. What a failing database leaves undone is done later."""
        while True:
            try:
                now = self._clock.now()
                if now < self._looked_at - LATE_MS or not self._looked_at:
                    await self.mend()
                self._looked_at = now
                while await self.step():
                    continue
                await self._clock.wait(self._news, LOOK_EVERY_S)
                self._news.clear()
            except TidingsError as error:
                log.warning("reports.not_scheduled error=%r", error.message)
                await self._clock.sleep(_TRY_AGAIN_AFTER_S)
            except Exception:  # a worker's loop: a mistake of ours must not end all schedules
                log.exception("reports.scheduling_failed")
                await self._clock.sleep(_TRY_AGAIN_AFTER_S)

    async def step(self) -> int:
        """Queue what is due, so many tasks at once; how many these were. Raises Unavailable."""
        now = self._clock.now()
        due = await self._tasks.due(now, AT_ONCE)
        if not due:
            return 0
        statements = await asyncio.to_thread(_claiming, due, now)
        try:
            await self._store.write(*statements)
        except Conflict:
            # Another process was faster with one of them at least, or somebody changed one: what is due now?
            for task in due:
                await self._alone(task, now=now)
        self._on_queued()
        return len(due)

    async def mend(self) -> None:
        """Tasks that a clock which was ahead had put off for long are due when they should be. Raises Unavailable.

        It is so at a start, and when the clock was set back. What ran meanwhile does not run again.
        """
        now, skip = self._clock.now(), 0
        while tasks := (await self._tasks.list(Wanted(), skip=skip, most=AT_ONCE))[0]:
            skip += len(tasks)
            for statement in await asyncio.to_thread(_mending, tasks, now):
                with contextlib.suppress(Conflict):  # it was changed just now, and reckoned anew
                    await self._store.write(statement)

    async def _alone(self, task: ReportTask, *, now: int) -> None:
        try:
            await self._store.write(*_claiming([task], now))
        except Conflict:
            log.debug("report_task.claimed_elsewhere task=%s", task.id)


def _claiming(tasks: Sequence[ReportTask], now: int) -> list[Statement]:
    return [statement for task in tasks for statement in claiming(task, now=now)]


def _mending(tasks: Sequence[ReportTask], now: int) -> list[Statement]:
    found = []
    for task in tasks:
        if task.next_at is not None and task.next_at > now:
            with contextlib.suppress(*_UNRECKONABLE):
                due = calendar_of(task, now=now).next_after(now)
                if due is not None and due < task.next_at:
                    log.warning("report_task.mended task=%s was=%d is=%d", task.id, task.next_at, due)
                    found.append(claimed(task.id, was=task.next_at, next_at=due))
    return found


def claiming(task: ReportTask, *, now: int) -> Sequence[Statement]:
    """Queue the window of a task that is due, and say when it is due again.

    Of several windows that passed it is the newest. A window that there was a run for makes no other one: neither a
    clock that was set back nor a second process runs it twice.
    """
    was = task.next_at
    if was is None:
        return ()
    try:
        calendar = calendar_of(task, now=now)
        window, following = was, calendar.next_after(was)
        if following is not None and following <= now:
            window = calendar.newest_due(was, now)[0] or was
            following = calendar.next_after(max(now, window))
    except _UNRECKONABLE as error:
        # A time zone that the system has no more, say: better a task that stands still than one that holds up all.
        log.warning("report_task.unreckonable task=%s error=%r", task.id, error)
        return (claimed(task.id, was=was, next_at=None),)
    claim = claimed(task.id, was=was, next_at=following)
    if task.missed is Missed.SKIP and now - window > LATE_MS:
        log.info("report_task.missed task=%s window=%d", task.id, window)
        return (claim,)
    added = adding(str(uuid.uuid4()), task, cause=Cause.SCHEDULE, claim=f"at:{window}", due_at=window, now=now)
    return claim, *added
