"""A run: what is done from its turn in the queue to the event that tells what came of it."""

import asyncio
import contextlib
import logging
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tidings.core.clock import MINUTE, SECOND, Clock
from tidings.core.errors import Conflict, NotFound, TidingsError, Unavailable
from tidings.core.report import Content, FilterCycle, ReportFile, ReportState, ReportTask
from tidings.reports.file_names import cycled_title, report_file_name
from tidings.reports.files import Files
from tidings.reports.folder import folder_of_our_own
from tidings.reports.gates import Gates, Verdict
from tidings.reports.making import Maker, Making, filters_of, parameters_of
from tidings.reports.reading import Made, Read
from tidings.reports.telling import Result, Telling, Told, event_before
from tidings.store import reports as keeping
from tidings.store.database import Statement
from tidings.store.report_files import finishing
from tidings.store.report_tasks import ReportTasks, no_such_task
from tidings.store.report_templates import ReportTemplates, no_such_cycle, no_such_template
from tidings.store.reports import MadeWith, ReportStore, Run, Tried

log = logging.getLogger(__name__)

# Between attempts, doubled each time: what is away for a moment is back by then, and what is away for long is not asked
# all the time.
_FIRST_PAUSE_MS, _LONGEST_PAUSE_MS = 10 * SECOND, 10 * MINUTE
# How often a run that waits for an answer looks whether it is there.
_GATE_LOOK_MS = SECOND // 2
# Milliseconds beyond a task's own time, in which clerk and press say themselves what took so long.
_GRACE_MS = 10 * SECOND
_LONGEST_ERROR = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run with all that it is made of."""

    run: Run
    task: ReportTask
    content: Content
    told: Told

    @property
    def made_with(self) -> MadeWith:
        """Raises Invalid if the task chose what the template has no more."""
        task, cycled = self.task, self.run.cycled
        filters = filters_of(self.content, filter_set=task.filter_set, filters=(*task.filters, *cycled))
        parameters = parameters_of(self.content, task.parameters, at=self.run.due_at, time_zone=task.time_zone)
        return MadeWith(
            parameters=parameters,
            filters=filters,
            time_zone=task.time_zone,
            task_title=task.title,
            name_pattern=task.name_pattern,
        )


@dataclass(slots=True, kw_only=True)
class _Watch:
    """An attempt: what it is told with, when it began, and how long its parts took."""

    run: Run
    told: Told
    began_at: int
    reading_ms: int = 0
    drawing_ms: int = 0
    keeping_ms: int = 0
    rows: int = 0

    def tried(self, outcome: str, *, at: int, error: str = "") -> Statement:
        attempt = Tried(
            number=self.run.attempt,
            began_at=self.began_at,
            ended_at=at,
            outcome=outcome,
            error=error,
            reading_ms=self.reading_ms,
            drawing_ms=self.drawing_ms,
            keeping_ms=self.keeping_ms,
            rows=self.rows,
        )
        return keeping.tried(self.run.id, attempt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Makes runs. Whatever comes of an attempt is written down, in one transaction with the event that tells it.

    A statement that ends an attempt is refused if another one took its place: then nothing is told, and nobody is hurt.
    """

    store: ReportStore
    tasks: ReportTasks
    templates: ReportTemplates
    files: Files
    gates: Gates
    maker: Maker
    telling: Telling
    clock: Clock
    on_spread: Callable[[], None]
    ended: Counter[str] = field(default_factory=Counter)  # since this process began, by state

    async def make(self, run: Run) -> None:
        """Do one attempt of a run that is ours. Raises Unavailable if nothing could be written down."""
        watch = _Watch(run=run, told=Told(run=run), began_at=self.clock.now())
        most = run.failures + 2  # what cannot be looked up now is looked up again
        try:
            plan = await self.plan(run)
            watch.told, most = plan.told, plan.task.attempts
            await self._attempt(plan, watch)
        except Conflict as error:
            log.info("report.lost report=%s attempt=%d why=%r", run.id, run.attempt, error.message)
        except Unavailable as error:
            await self._failed(watch, error=error.message, most=most)
        except TidingsError as error:
            # It would be the same the next time.
            await self._failed(watch, error=error.message, most=0)
        except Exception:  # a worker's loop: a run must end, whatever its template or its data make of us
            log.exception("report.failed report=%s attempt=%d", run.id, run.attempt)
            await self._failed(watch, error="a mistake of ours; the server's log tells it", most=most)

    async def lose(self, run: Run) -> None:
        """The process of a run's attempt died: it is made once more, and if that happens again it has failed."""
        now, error = self.clock.now(), "the process that made it ended"
        watch = _Watch(run=run, told=Told(run=run), began_at=run.began_at or now)
        log.warning("report.found report=%s attempt=%d losses=%d", run.id, run.attempt, run.losses + 1)
        if run.losses == 0:
            with contextlib.suppress(Conflict):  # it came to an end after all, or somebody else found it
                await self.store.write(
                    keeping.finding(run, now=now, error=error), watch.tried("lost", at=now, error=error)
                )
            return
        with contextlib.suppress(NotFound, msgspec.MsgspecError):  # it is over, whatever it was
            watch.told = (await self.plan(run)).told
        await self._end(watch, result=Result(error=f"{error}, twice"), state=ReportState.FAILURE)

    async def plan(self, run: Run) -> Plan:
        """What a run is made of: its template as it was when it was queued. Raises NotFound."""
        task = await self.tasks.get(run.task)
        if task is None:
            raise no_such_task()
        content = await self.templates.content(run.template, version=run.version)
        if content is None:
            raise no_such_template()
        tags = tuple(await self.tasks.tags_named(run.tags)) if run.tags else ()
        told = Told(run=run, task=task, html=content.html, tags=tags)
        return Plan(run=run, task=task, content=content, told=told)

    async def _attempt(self, plan: Plan, watch: _Watch) -> None:
        run, task = plan.run, plan.task
        if task.cycle and not run.cycled:
            await self._spread(plan, watch)
            return
        if not run.is_dry and not await self._may_begin(plan, watch):
            return
        try:
            async with asyncio.timeout((task.timeout_ms + _GRACE_MS) / SECOND), folder_of_our_own() as folder:
                result, also = await self._make(plan, watch, folder=folder)
        except TimeoutError:
            raise Unavailable(f"it took longer than {task.timeout_ms / SECOND:g} s") from None
        state = ReportState.SKIPPED if result.is_skipped else ReportState.SUCCESS
        await self._end(watch, result=result, state=state, also=also)

    async def _make(self, plan: Plan, watch: _Watch, *, folder: Path) -> tuple[Result, Sequence[Statement]]:
        run, task, made_with = plan.run, plan.task, plan.made_with
        making = Making(
            content=plan.content,
            title=run.title,
            formats=frozenset(task.formats),
            folder=folder,
            at=run.due_at,
            within_ms=task.timeout_ms,
            time_zone=made_with.time_zone,
            parameters=made_with.parameters,
            filters=made_with.filters,
        )
        began = self.clock.monotonic()
        read = await self.maker.read(making)
        watch.rows, watch.reading_ms = read.rows, self._since(began)
        if task.is_skipped_if_empty and read.rows == 0:
            return Result(is_skipped=True, rows=0), ()
        began = self.clock.monotonic()
        drawn = await self.maker.draw(making, read, within_ms=task.timeout_ms - watch.reading_ms)
        watch.drawing_ms = self._since(began)
        began = self.clock.monotonic()
        files, also = await self._keep(plan, read, made=[*read.made, *drawn])
        watch.keeping_ms = self._since(began)
        return Result(rows=read.rows, files=files), also

    async def _keep(
        self, plan: Plan, read: Read, *, made: Sequence[Made]
    ) -> tuple[tuple[ReportFile, ...], Sequence[Statement]]:
        """Keep the files, which are seen when the run is over."""
        run, made_with = plan.run, plan.made_with
        order = {format_: place for place, format_ in enumerate(plan.task.formats)}
        files = []
        for place, one in enumerate(sorted(made, key=lambda one: order.get(one.format, len(order)))):
            name = report_file_name(run, made_with, ending=one.format)
            keep = self.files.keep(Path(one.path), report=run.id, format=one.format, name=name, place=place)
            files.append(await keep)
        snapshot = await self.files.keep_snapshot(read.snapshot, report=run.id)
        kept = [*(file.id for file in files), *([snapshot] if snapshot else [])]
        return tuple(files), (keeping.choosing(run, made_with), *map(finishing, kept))

    async def _may_begin(self, plan: Plan, watch: _Watch) -> bool:
        """Tell that it begins, once; and whether all who must answer that have."""
        run, now = plan.run, self.clock.now()
        if run.is_told and not run.gate_since:
            return True
        since = run.gate_since or (now if await self.gates.any() else 0)
        if run.gate_event:
            event = msgspec.structs.replace(event_before(plan.told, at=now), id=run.gate_event)
        else:
            event = await self.telling.before(
                plan.told, also=(keeping.telling(run, gate_since=since), keeping.choosing(run, plan.made_with))
            )
        if not since:
            return True
        verdict = await self.gates.verdict(event, waited_ms=now - since)
        if verdict is Verdict.OPEN:
            await self.store.write(keeping.passing(run))
            return True
        if verdict is Verdict.WAIT:
            gating = keeping.gating(run, event=event.id, since=since, retry_at=now + _GATE_LOOK_MS)
            await self.store.write(gating)
            return False
        if verdict is Verdict.SKIP:
            await self._end(watch, result=Result(is_skipped=True), state=ReportState.SKIPPED)
            return False
        raise NotFound("a webhook that had to answer before it began did not")

    async def _spread(self, plan: Plan, watch: _Watch) -> None:
        """A report for each value of the cycle: all of them wait in the queue, or none does."""
        run, task = plan.run, plan.task
        cycle = await self._cycle(plan)
        began = self.clock.monotonic()
        values = await self.maker.values(
            plan.content,
            cycle,
            parameters=plan.made_with.parameters,
            filters=plan.made_with.filters,
            within_ms=task.timeout_ms,
        )
        watch.rows, watch.reading_ms = len(values), self._since(began)
        added: list[Statement] = []
        for cycled in values:
            added += keeping.adding(
                str(uuid.uuid4()),
                task,
                cause=run.cause,
                claim=run.claim,
                due_at=run.due_at,
                now=self.clock.now(),
                is_dry=run.is_dry,
                cycled=cycled,
                title=cycled_title(task.title, cycled),
                version=run.version,
                cycle_version=cycle.version,
            )
        state, at = ReportState.SPREAD if values else ReportState.SKIPPED, self.clock.now()
        ended = keeping.ending(run, state=state, at=at, rows=len(values))
        spread = keeping.spreading(run, cycle)
        await self.store.write(ended, spread, watch.tried(state, at=at), *added)
        log.info("report.spread report=%s task=%s over=%d", run.id, run.task, len(values))
        self.on_spread()

    async def _cycle(self, plan: Plan) -> FilterCycle:
        """The filter cycle as it was when the run was queued; one that the task was given since, as it is."""
        run, wanted = plan.run, plan.task.cycle
        if run.cycle == wanted and run.cycle_version:
            cycle = await self.templates.cycle_at(wanted, version=run.cycle_version)
        else:
            found = await self.templates.cycle(wanted)
            cycle = found[0] if found else None
        if cycle is None:
            raise no_such_cycle()
        return cycle

    async def _failed(self, watch: _Watch, *, error: str, most: int) -> None:
        """Another attempt follows, or that was the last one of `most`."""
        run, now, error = watch.run, self.clock.now(), error[:_LONGEST_ERROR]
        if run.failures + 1 >= most:
            await self._end(watch, result=Result(error=error), state=ReportState.FAILURE)
            return
        retry_at = now + min(_LONGEST_PAUSE_MS, _FIRST_PAUSE_MS << min(run.failures, 10))
        log.warning("report.postponed report=%s attempt=%d error=%r", run.id, run.attempt, error)
        with contextlib.suppress(Conflict):  # it was cancelled meanwhile
            await self.store.write(
                keeping.postponing(run, retry_at=retry_at, error=error),
                watch.tried("failed", at=now, error=error),
            )

    async def _end(self, watch: _Watch, *, result: Result, state: ReportState, also: Sequence[Statement] = ()) -> None:
        run, at = watch.run, self.clock.now()
        ended = (
            keeping.ending(run, state=state, at=at, rows=result.rows, error=result.error),
            watch.tried(state, at=at, error=result.error),
            *also,
        )
        try:
            if run.is_dry:
                await self.store.write(*ended)
            else:
                await self.telling.after(watch.told, result, at=at, also=ended)
        except Conflict:
            log.info("report.lost report=%s attempt=%d", run.id, run.attempt)
            return
        self.ended[state] += 1
        log.info(
            "report.ended report=%s task=%s attempt=%d state=%s rows=%s ms=%d error=%r",
            run.id,
            run.task,
            run.attempt,
            state,
            result.rows,
            at - watch.began_at,
            result.error,
        )

    def _since(self, began: float) -> int:
        return round((self.clock.monotonic() - began) * SECOND)
