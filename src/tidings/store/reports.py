"""Reports: the runs of tasks as they are kept, their queue, and the lists of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tidings.core.errors import Conflict, NotFound
from tidings.core.report import Cause, Filter, FilterCycle, Report, ReportState, ReportTask
from tidings.core.report import Value as Cell
from tidings.store.database import Database, Statement, Value

# A guess: whoever reads that far looks for something else.
MOST_COUNTED = 10_000
_MOST_ATTEMPTS = 100
# Runs that a process makes at once are a handful.
_MOST_UNDER_WAY = 1_000

_filters = msgspec.json.Decoder(tuple[Filter, ...])
_texts = msgspec.json.Decoder(tuple[str, ...])


class Run(Report, frozen=True, kw_only=True):
    """A report as whoever makes it must know it; the table tells what the fields are."""

    claim: str
    failures: int
    losses: int
    is_told: bool
    gate_event: int
    gate_since: int


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt: what came of it, and milliseconds that its parts took.

    `outcome` is how the run ended by it; or failed, and another one follows; or lost, because its process died.
    """

    number: int
    began_at: int
    ended_at: int
    outcome: str
    error: str = ""
    reading_ms: int = 0
    drawing_ms: int = 0
    keeping_ms: int = 0
    rows: int = 0


class MadeWith(msgspec.Struct, frozen=True, kw_only=True):
    """What a report was made with, besides its template and its data; and by what its files are named."""

    parameters: Mapping[str, Cell] = {}
    filters: tuple[Filter, ...] = ()
    time_zone: str = "UTC"
    task_title: str = ""
    name_pattern: str = "{title}"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Which reports; what is empty does not matter. Published is what succeeded and was no dry run."""

    task: str = ""
    template: str = ""
    tag: str = ""
    state: str = ""
    is_published: bool | None = None


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """A report with its lists as the table has them."""

    id: str
    task: str
    template: str
    version: int
    title: str
    tags: str
    cause: Cause
    due_at: int
    priority: int
    is_dry: bool
    cycled: str
    cycle: str
    cycle_version: int
    state: ReportState
    attempt: int
    queued_at: int
    began_at: int | None
    completed_at: int | None
    rows: int | None
    error: str


class _RunRow(_Row, frozen=True, kw_only=True):
    claim: str
    failures: int
    losses: int
    is_told: bool
    gate_event: int
    gate_since: int


class _Count(msgspec.Struct, frozen=True):
    state: str
    count: int


class ReportStore:
    """Keeps runs. What changes one is a statement of this module, for it goes with the event that tells of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, *statements: Statement) -> None:
        """Run statements in one transaction."""
        await self._database.write(*statements)

    async def get(self, report: str) -> Report:
        """Raises NotFound."""
        rows = await self._database.read(_Row, "report", id=report)
        if not rows:
            raise no_such_report()
        return Report(**_fields(rows[0]))

    async def run(self, report: str) -> Run:
        """Raises NotFound."""
        rows = await self._database.read(_RunRow, "report_run", id=report)
        if not rows:
            raise no_such_report()
        return Run(**_fields(rows[0]))

    async def made_with(self, report: str) -> MadeWith:
        """What it was made with; as if with nothing, if it was not."""
        rows = await self._database.read(str, "report_made_with", id=report)
        return msgspec.json.decode(rows[0], type=MadeWith) if rows and rows[0] else MadeWith()

    async def is_due(self, *, now: int) -> bool:
        """Whether anything waits that may be taken."""
        return bool(await self._database.read(str, "report_next", now=now))

    async def take(self, *, owner: int, now: int) -> Run | None:
        """The next of the queue, which is the owner's from now on; None if nothing is due."""
        [rows] = await self._database.write(Statement("report_taken", {"owner": owner, "now": now}))
        return await self.run(str(rows[0][0])) if rows else None

    async def lost(self, *, most: int) -> Sequence[Run]:
        """Runs whose owner is no more."""
        return [Run(**_fields(row)) for row in await self._database.read(_RunRow, "reports_lost", most=most)]

    async def running(self, *, owner: int) -> frozenset[str]:
        """Ids of what an owner makes."""
        found = await self._database.read(str, "reports_running", owner=owner, most=_MOST_UNDER_WAY)
        return frozenset(found)

    async def move(self, *, before: int, owner: int) -> None:
        """What one number owns is owned by another from now on: it is the same process."""
        values: dict[str, Value] = {"before": before, "owner": owner}
        await self._database.write(Statement("report_moved", values), Statement("report_jobs_moved", values))

    async def list(self, wish: Wish, *, skip: int, most: int) -> tuple[Sequence[Report], int]:
        """So many after the first `skip`, newest first, and how many there are, up to `MOST_COUNTED`."""
        published = -1 if wish.is_published is None else int(wish.is_published)
        values: dict[str, Value] = {"state": wish.state, "published": published}
        named: dict[str, Value] = {"task": wish.task, "template": wish.template, "tag": wish.tag}
        if wish.task:
            name = "reports_of_task"
        elif wish.template:
            name = "reports_of_template"
            del named["task"]
        elif wish.tag:
            name, named = "reports_with_tag", {"tag": wish.tag}
        else:
            name, named = ("reports_in_state" if wish.state else "reports"), {}
        rows = await self._database.read(_Row, name, **values, **named, skip=skip, most=most)
        [total] = await self._database.read(int, f"{name}_counted", **values, **named, most=MOST_COUNTED)
        return [Report(**_fields(row)) for row in rows], total

    async def attempts(self, report: str) -> Sequence[Tried]:
        """What was tried, in order."""
        return await self._database.read(Tried, "report_attempts", report=report, most=_MOST_ATTEMPTS)

    async def standing(self, *, most: int = MOST_COUNTED) -> dict[str, int]:
        """How many wait, and are under way, up to a number each."""
        return {one.state: one.count for one in await self._database.read(_Count, "reports_standing", most=most)}

    async def old(self, *, before: int, most: int) -> Sequence[str]:
        """Ids of so many that were queued before that instant and are over."""
        return await self._database.read(str, "reports_old", before=before, most=most)

    async def drop(self, report: str) -> None:
        """Forget one, whose files are gone."""
        names = ("report_attempts_dropped", "report_tags_dropped", "report_dropped")
        await self._database.write(*(Statement(name, {"report": report}) for name in names))


def adding(
    report: str,
    task: ReportTask,
    *,
    cause: Cause,
    claim: str,
    due_at: int,
    now: int,
    is_dry: bool = False,
    cycled: tuple[Filter, ...] = (),
    title: str = "",
    version: int = 0,
    cycle_version: int = 0,
) -> tuple[Statement, ...]:
    """Queue a run, unless there is or was one for that claim.

    It is made by those versions of template and filter cycle, or the newest: who saves another one meanwhile has it
    approved first.
    """
    values: dict[str, Value] = {
        "id": report,
        "task": task.id,
        "template": task.template,
        "version": version,
        "title": title or task.title,
        "tags": _json(task.tags),
        "cause": cause,
        "claim": claim,
        "due_at": due_at,
        "priority": task.priority,
        "is_dry": int(is_dry),
        "cycled": _json(cycled),
        "cycle": task.cycle,
        "cycle_version": cycle_version,
        "queued_at": now,
    }
    tagged = (Statement("report_tagged", {"report": report, "tag": tag}) for tag in dict.fromkeys(task.tags))
    return Statement("report_added", values), *tagged


def choosing(run: Report, made_with: MadeWith) -> Statement:
    """It is made by the version of its template that it names, with this."""
    values: dict[str, Value] = {"id": run.id, "version": run.version, "made_with": _json(made_with)}
    return Statement("report_version_chosen", values)


def spreading(run: Report, cycle: FilterCycle) -> Statement:
    """It is spread by that version of that filter cycle."""
    return Statement("report_spread", {"id": run.id, "cycle": cycle.id, "version": cycle.version})


def telling(run: Report, *, gate_since: int) -> Statement:
    """The callbacks before it are owed; and since when somebody may have to answer them, 0 if nobody does."""
    return _of(run, "report_told", gate_since=gate_since)


def gating(run: Run, *, event: int, since: int, retry_at: int) -> Statement:
    """It waits for answers to that event."""
    return _of(run, "report_gated", event=event, since=since, retry_at=retry_at)


def passing(run: Report) -> Statement:
    """It waits for nobody any more."""
    return _of(run, "report_gate_passed")


def postponing(run: Report, *, retry_at: int, error: str) -> Statement:
    """The attempt failed, and another one follows."""
    return _of(run, "report_postponed", retry_at=retry_at, error=error)


def giving_back(run: Report) -> Statement:
    """The attempt was broken off by us, and does not count."""
    return _of(run, "report_given_back")


def finding(run: Report, *, now: int, error: str) -> Statement:
    """The process of this attempt died; it is made once more."""
    return _of(run, "report_found", now=now, error=error)


def ending(run: Report, *, state: ReportState, at: int, rows: int | None = None, error: str = "") -> Statement:
    """It is over. Conflict if this attempt is not the one any more."""
    return _of(run, "report_ended", state=state, at=at, row_count=rows, error=error)


def cancelling(report: str, *, at: int, error: str) -> Statement:
    """It is over, whoever is at it. Conflict if it was before."""
    return Statement("report_cancelled", {"id": report, "at": at, "error": error}, over())


def tried(report: str, attempt: Tried) -> Statement:
    """Remember an attempt."""
    values: dict[str, Value] = msgspec.structs.asdict(attempt) | {"report": report}
    values["row_count"] = values.pop("rows")
    return Statement("report_attempt_kept", values)


def over() -> Conflict:
    return Conflict("the report is made already, or was given up; there is nothing to cancel")


def no_such_report() -> NotFound:
    return NotFound("there is no such report; GET /api/v1/reports lists those that there are")


def _of(run: Report, name: str, /, **values: Value) -> Statement:
    known: dict[str, Value] = {"id": run.id, "attempt": run.attempt}
    lost = Conflict("the run was cancelled, or another process has taken it over")
    return Statement(name, known | values, lost)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _fields(row: _Row) -> dict[str, Any]:
    fields = msgspec.structs.asdict(row)
    return fields | {"tags": _texts.decode(row.tags), "cycled": _filters.decode(row.cycled)}
