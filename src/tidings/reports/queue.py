"""The queue: runs that people, programs and events ask for; and the history of all runs."""

import contextlib
import uuid
from collections.abc import Callable, Sequence

from tidings.core.clock import Clock
from tidings.core.errors import Forbidden, NotFound
from tidings.core.report import (
    ENDED_STATES,
    Cause,
    Report,
    ReportAuthor,
    ReportFile,
    ReportRole,
)
from tidings.reports.roles import must_be, must_rule, must_wait
from tidings.reports.run import Runner
from tidings.reports.telling import Result, Told
from tidings.store import reports as keeping
from tidings.store.audit import audited
from tidings.store.database import Statement
from tidings.store.report_files import FileStore
from tidings.store.report_tasks import ReportTasks, no_such_task
from tidings.store.reports import ReportStore, Tried, Wish

_MOST_LISTED = 500
# Tasks that a trigger fires in one transaction.
_FIRED_AT_ONCE = 100


class Runs:
    """Queues runs by hand. Each is one with its entry in the audit."""

    def __init__(
        self,
        store: ReportStore,
        *,
        tasks: ReportTasks,
        runner: Runner,
        clock: Clock,
        on_queued: Callable[[], None],
    ) -> None:
        self._store = store
        self._tasks = tasks
        self._runner = runner
        self._clock = clock
        self._on_queued = on_queued

    async def start(self, task_id: str, *, author: ReportAuthor, is_dry: bool = False) -> Report:
        """Run a task now, also one that is paused; a dry run tells nobody.

        Authors run their own tasks, and while these wait for approval, dry only. Raises NotFound, Forbidden.
        """
        task = await self._tasks.get(task_id)
        if task is None:
            raise no_such_task()
        must_rule(author, owner=task.owner)
        if task.is_waiting and not is_dry and must_wait(author):
            raise Forbidden("the task waits for a publisher's approval; until then, make a dry run")
        report, now = str(uuid.uuid4()), self._clock.now()
        added = keeping.adding(
            report, task, cause=Cause.ASKED, claim=f"asked:{report}", due_at=now, now=now, is_dry=is_dry
        )
        action = "report.tried" if is_dry else "report.started"
        await self._store.write(*added, audited(actor=author.id, action=action, about=task_id, at=now))
        self._on_queued()
        return await self._store.get(report)

    async def fire(self, trigger: str, *, actor: str) -> Sequence[Report]:
        """Run all tasks of a trigger that are enabled and approved. Raises NotFound if no task has it."""
        record = audited(actor=actor, action="report_trigger.fired", about=trigger, at=self._clock.now())
        reports = await self._fire(trigger, claim="", also=(record,))
        return [await self._store.get(report) for report in reports]

    async def fire_by(self, trigger: str, *, event: str) -> None:
        """An event fired a trigger: each of its tasks runs for that once, however often it is told."""
        with contextlib.suppress(NotFound):  # it has no task any more
            await self._fire(trigger, claim=f"event:{event}")

    async def cancel(self, report_id: str, author: ReportAuthor) -> Report:
        """End a run that waits or is under way. Raises NotFound, Forbidden, Conflict if it is over."""
        run = await self._store.run(report_id)
        task = await self._tasks.get(run.task)
        if task is not None:
            must_rule(author, owner=task.owner)
        else:
            must_be(author, ReportRole.PUBLISHER)
        if run.state in ENDED_STATES:
            # What is told after a run is told once: with a second telling, the statement below would not be run either.
            raise keeping.over()
        now, error = self._clock.now(), "it was cancelled"
        also = (
            keeping.cancelling(run.id, at=now, error=error),
            audited(actor=author.id, action="report.cancelled", about=run.id, at=now),
        )
        if run.is_told and not run.is_dry:
            told = Told(run=run)
            with contextlib.suppress(NotFound):
                told = (await self._runner.plan(run)).told
            await self._runner.telling.after(told, Result(error=error), at=now, also=also)
        else:
            await self._store.write(*also)
        self._on_queued()
        return await self._store.get(report_id)

    async def _fire(self, trigger: str, *, claim: str, also: Sequence[Statement] = ()) -> list[str]:
        after, now, reports = (-1, ""), self._clock.now(), list[str]()
        is_known = False
        while found := await self._tasks.fired(trigger, after=after, most=_FIRED_AT_ONCE):
            is_known = True
            after = (found[-1].made_at, found[-1].id)
            added: list[Statement] = []
            for task in found:
                if not task.is_enabled or task.is_waiting:
                    continue
                reports.append(str(uuid.uuid4()))
                own = claim or f"asked:{reports[-1]}"
                added += keeping.adding(reports[-1], task, cause=Cause.TRIGGER, claim=own, due_at=now, now=now)
            await self._store.write(*added, *also)
            also = ()
        if not is_known:
            raise NotFound(f"no report task has the trigger {trigger[:40]!r}; choose it at the tasks that it is to run")
        self._on_queued()
        return reports


class History:
    """What became of runs."""

    def __init__(self, store: ReportStore, files: FileStore) -> None:
        self._store = store
        self._files = files

    async def get(self, report_id: str) -> Report:
        """Raises NotFound."""
        return await self._store.get(report_id)

    async def list(
        self,
        *,
        task: str = "",
        template: str = "",
        tag: str = "",
        state: str = "",
        is_published: bool | None = None,
        skip: int = 0,
        most: int = 20,
    ) -> tuple[Sequence[Report], int]:
        """So many after the first `skip`, newest first; and how many there are, up to ten thousand.

        Published are those that succeeded and were no dry runs.
        """
        wish = Wish(task=task, template=template, tag=tag, state=state, is_published=is_published)
        return await self._store.list(wish, skip=max(0, skip), most=min(most, _MOST_LISTED))

    async def files(self, report: Report) -> Sequence[ReportFile]:
        """What the run made."""
        return await self._files.of(report.id)

    async def attempts(self, report: Report) -> Sequence[Tried]:
        """What was tried, in order."""
        return await self._store.attempts(report.id)
