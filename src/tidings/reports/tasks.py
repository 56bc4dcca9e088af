"""Tasks: what is to be reported, and when; approved by publishers where authors made it."""

import asyncio
import heapq
import uuid
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from msgspec.structs import replace

from tidings.core.calendar import ONCE, ONCE_NOW, Calendar, calendar_of
from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.core.report import ReportAuthor, ReportRole, ReportTask, TaskDraft
from tidings.reports import cycles
from tidings.reports.draft import checked_draft
from tidings.reports.roles import must_be, must_rule, must_wait
from tidings.reports.terms import LONGEST_TITLE, page
from tidings.store.audit import audited
from tidings.store.database import Database, Statement
from tidings.store.report_tasks import (
    ReportTasks,
    Wanted,
    no_such_task,
    task_made,
    task_removed,
    task_saved,
    task_scheduled,
)
from tidings.store.report_templates import ReportTemplates, template_held

# Tasks whose coming runs are looked at for one calendar; a guess at what nobody reads to the end.
_LOOKED_AT = 2_000
_SCHEDULE = ("frequency", "cron", "time_zone", "start_on", "end_on")
_SWITCHES = ("is_enabled", "is_waiting", "trigger")
_COPY = " (copy)"
# Named, as the class below has a `list` of its own.
Instants = list[int]


class Tasks:
    """Authors change and remove their own tasks, publishers all.

    Whatever an author changes, but by pausing it, waits for a publisher's approval, and does not run before.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._kept = ReportTasks(database)
        self._templates = ReportTemplates(database)

    async def create(self, draft: TaskDraft, *, author: ReportAuthor) -> ReportTask:
        """Raises Forbidden, and Invalid, naming the field."""
        must_be(author, ReportRole.AUTHOR)
        now = self._clock.now()
        blank = await self._agreed(_plain(draft), now=now)
        task = ReportTask(
            **_said(blank),
            id=str(uuid.uuid4()),
            owner=author.id,
            is_waiting=must_wait(author),
            made_at=now,
            saved_at=now,
            next_at=None,
        )
        if task.frequency == ONCE and task.is_enabled and not task.trigger and _from_now(task, now=now) is None:
            raise Invalid(f"startOn: has passed, so that it would never run; choose a later instant, or {ONCE_NOW!r}")
        task = replace(task, next_at=_first(task, now=now))
        await self._database.write(*_held(task), *task_made(task), self._record("created", task.id, author=author))
        return task

    async def change(self, identifier: str, draft: TaskDraft, *, author: ReportAuthor) -> ReportTask:
        """Say all of it anew; without `start_on`, the same frequency goes on as it did.

        When it runs next is reckoned anew, from now on, only if its schedule, trigger, approval, or whether it is
        enabled changes. Raises NotFound, Forbidden, Conflict, and Invalid, naming the field.
        """
        before = await self._ruled(identifier, author=author)
        now = self._clock.now()
        asked = await self._agreed(_as_before(_plain(draft), before), now=now)
        if asked.frequency == before.frequency == ONCE_NOW:
            asked = replace(asked, start_on=before.start_on)
        after = replace(before, **_said(asked), is_waiting=before.is_waiting or must_wait(author))
        return await self._save(before, after, what="changed", author=author, held=_held(after))

    async def get(self, identifier: str) -> ReportTask:
        """Raises NotFound."""
        found = await self._kept.get(identifier)
        if found is None:
            raise no_such_task()
        return found

    async def list(
        self,
        *,
        template: str = "",
        tag: str = "",
        trigger: str = "",
        meta: Mapping[str, Any] | None = None,
        is_waiting: bool | None = None,
        skip: int = 0,
        most: int = 20,
    ) -> tuple[Sequence[ReportTask], int]:
        """So many tasks that are like that, the newest first; and how many there are. They have all of `meta`."""
        wanted = Wanted(template=template, tag=tag, trigger=trigger, meta=meta or {}, is_waiting=is_waiting)
        return await self._kept.list(wanted, **page(skip, most))

    async def set_enabled(
        self,
        identifier: str,
        is_enabled: bool,  # noqa: FBT001 - it is what is set
        *,
        author: ReportAuthor,
    ) -> ReportTask:
        """Pause a task, or have it run again from now on. Raises NotFound, Forbidden, Conflict."""
        before = await self._ruled(identifier, author=author)
        if before.is_enabled == is_enabled:
            return before
        is_waiting = before.is_waiting or (is_enabled and must_wait(author))
        after = replace(before, is_enabled=is_enabled, is_waiting=is_waiting)
        return await self._save(before, after, what="resumed" if is_enabled else "paused", author=author)

    async def approve(self, identifier: str, *, author: ReportAuthor) -> ReportTask:
        """Let a task run. Raises NotFound, Forbidden, Conflict."""
        must_be(author, ReportRole.PUBLISHER)
        before = await self.get(identifier)
        if not before.is_waiting:
            return before
        return await self._save(before, replace(before, is_waiting=False), what="approved", author=author)

    async def duplicate(self, identifier: str, *, author: ReportAuthor) -> ReportTask:
        """A copy, which is paused: it is to be changed before it runs. Raises NotFound, Forbidden, Invalid."""
        task = await self.get(identifier)
        title = f"{task.title[: LONGEST_TITLE - len(_COPY)]}{_COPY}"
        return await self.create(replace(_plain(task), title=title, is_enabled=False), author=author)

    async def remove(self, identifier: str, *, author: ReportAuthor) -> None:
        """Its reports stay. Raises NotFound, Forbidden."""
        await self._ruled(identifier, author=author)
        await self._database.write(*task_removed(identifier), self._record("removed", identifier, author=author))

    def coming(self, task: ReportTask, count: int = 5) -> Instants:
        """When it runs next, so many times; one that is paused or waits, when it would from now on."""
        return [] if task.trigger else list(islice(_runs(task, since=self._clock.now()), count))

    async def calendar(self, since: int, until: int, *, most: int = 500) -> Sequence[tuple[int, ReportTask]]:
        """The first so many runs of all tasks in that time, `until` exclusive, of those 2,000 that are due soonest."""
        tasks = await self._kept.due(until - 1, _LOOKED_AT)
        return await asyncio.to_thread(_calendar, tasks, since=since, until=until, most=most)

    async def _agreed(self, draft: TaskDraft, *, now: int) -> TaskDraft:
        """What is kept of a draft. Raises Invalid."""
        content = await self._templates.content(draft.template)
        if content is None:
            raise _no_template()
        found = await self._templates.cycle(draft.cycle) if draft.cycle else None
        checked = checked_draft(draft, content=content, cycle=found[0] if found else None)
        calendar = calendar_of(checked, now=now)
        return replace(
            checked,
            frequency=calendar.frequency,
            cron=calendar.cron,
            time_zone=calendar.time_zone,
            start_on=calendar.start_on,
        )

    async def _save(
        self,
        before: ReportTask,
        after: ReportTask,
        *,
        what: str,
        author: ReportAuthor,
        held: Sequence[Statement] = (),
    ) -> ReportTask:
        now = self._clock.now()
        # Later than before in any case: by it, changes of the same millisecond are told apart.
        after = replace(after, saved_at=max(now, before.saved_at + 1))
        scheduled: list[Statement] = []
        if _differ(before, after, names=_SCHEDULE):
            scheduled.append(task_scheduled(after.id, next_at=_first(after, now=now)))
        elif _differ(before, after, names=_SWITCHES):
            is_once = after.frequency in {ONCE, ONCE_NOW}
            scheduled.append(task_scheduled(after.id, next_at=_first(after, now=now), is_once=is_once))
        record = self._record(what, after.id, author=author)
        await self._database.write(*held, *task_saved(after, was=before.saved_at), *scheduled, record)
        return await self.get(after.id)

    async def _ruled(self, identifier: str, *, author: ReportAuthor) -> ReportTask:
        must_be(author, ReportRole.AUTHOR)
        task = await self.get(identifier)
        must_rule(author, owner=task.owner)
        return task

    def _record(self, what: str, identifier: str, *, author: ReportAuthor) -> Statement:
        return audited(actor=author.id, action=f"report_task.{what}", about=identifier, at=self._clock.now())


def _said(draft: TaskDraft) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in TaskDraft.__struct_fields__}


def _plain(draft: TaskDraft) -> TaskDraft:
    """What is said of a task alone, where the task itself was handed over."""
    return TaskDraft(**_said(draft))


def _as_before(draft: TaskDraft, before: ReportTask) -> TaskDraft:
    """A schedule that repeats goes on from where it began, if nothing else is said."""
    if draft.start_on is None and draft.frequency.casefold() == before.frequency.casefold():
        return replace(draft, start_on=before.start_on)
    return draft


def _held(task: ReportTask) -> tuple[Statement, ...]:
    """Template and cycle are not removed while the task is being kept."""
    template = template_held(task.template, otherwise=_no_template())
    return (template, cycles.held(task.cycle, template=task.template)) if task.cycle else (template,)


def _differ(before: ReportTask, after: ReportTask, *, names: Sequence[str]) -> bool:
    return any(getattr(before, name) != getattr(after, name) for name in names)


def _first(task: ReportTask, *, now: int) -> int | None:
    """When it runs next from now on, None if it does not by itself."""
    if not task.is_enabled or task.is_waiting or task.trigger:
        return None
    return _from_now(task, now=now)


def _from_now(task: ReportTask, *, now: int) -> int | None:
    if task.frequency == ONCE_NOW:
        return now if task.end_on is None or now <= task.end_on else None
    return calendar_of(task, now=now).next_after(now - 1)


def _runs(task: ReportTask, *, since: int) -> Iterator[int]:
    """When it runs by its schedule; one that does not, as if it did from that instant on."""
    calendar = calendar_of(task, now=since)
    window = task.next_at if task.next_at is not None else _from_now(task, now=since)
    while window is not None:
        yield window
        window = calendar.next_after(window)


def _calendar(tasks: Sequence[ReportTask], *, since: int, until: int, most: int) -> Sequence[tuple[int, ReportTask]]:
    calendars: dict[int, Calendar] = {}
    heap: list[tuple[int, int, int]] = []
    for number, task in enumerate(tasks):
        try:
            calendars[number] = calendar = calendar_of(task, now=since)
        except Invalid:
            # Zones come and go with the machine's data: one task that nobody can read hides no other.
            continue
        is_later = task.next_at is not None and task.next_at >= since
        window = task.next_at if is_later else calendar.next_after(since - 1)
        if window is not None:
            heap.append((window, -task.priority, number))
    heapq.heapify(heap)
    found: list[tuple[int, ReportTask]] = []
    while heap and heap[0][0] < until and len(found) < most:
        window, rank, number = heap[0]
        found.append((window, tasks[number]))
        following = calendars[number].next_after(window)
        if following is None:
            heapq.heappop(heap)
        else:
            heapq.heapreplace(heap, (following, rank, number))
    return found


def _no_template() -> Invalid:
    return Invalid("templateId: there is no such template; choose one of those that there are")
