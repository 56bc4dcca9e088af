"""Report: what a template, a task, a report and its files are, for all who make, keep and show them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from tidings.core.errors import Invalid

# What a cell, a parameter or a filter's value is.
Value = str | int | float | bool | None
# Rows of one query that a template sees: pages, not data; CSV, XLSX and JSON have all rows (a guess).
MOST_SEEN = 10_000


class ReportFormat(StrEnum):
    """What a report's file name ends in."""

    HTML = "html"
    PDF = "pdf"
    XLSX = "xlsx"
    PPTX = "pptx"
    CSV = "csv"
    JSON = "json"
    PNG = "png"


# Drawn by the template; the others hold the data alone.
DRAWN_FORMATS = frozenset({ReportFormat.HTML, ReportFormat.PDF, ReportFormat.PPTX, ReportFormat.PNG})
REPORT_TYPES: Mapping[ReportFormat, str] = {
    ReportFormat.HTML: "text/html; charset=utf-8",
    ReportFormat.PDF: "application/pdf",
    ReportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ReportFormat.PPTX: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ReportFormat.CSV: "text/csv; charset=utf-8",
    ReportFormat.JSON: "application/json",
    ReportFormat.PNG: "image/png",
}


class ReportRole(StrEnum):
    """What somebody may do with reports: each may do what the ones before may (ConnectReport's roles)."""

    NONE = ""
    VIEWER = "viewer"  # sees and exports what was published
    AUTHOR = "author"  # makes templates and tasks; what they schedule waits for approval
    PUBLISHER = "publisher"  # schedules and publishes without being asked, and approves
    ADMINISTRATOR = "administrator"  # connections, roles and everybody's content


_RANKS = tuple(ReportRole)


def is_at_least(role: ReportRole, needed: ReportRole) -> bool:
    """Whether who has that role may do what the other one may."""
    return _RANKS.index(role) >= _RANKS.index(needed)


class ReportAuthor(msgspec.Struct, frozen=True, kw_only=True):
    """Who does something with reports: the id of a person or connector, as the audit names it, and their role."""

    id: str
    role: ReportRole
    name: str = ""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Rows whose `field` is one of `values`; it holds for every query that has a column of that name."""

    field: str
    values: tuple[Value, ...]


class ReportQuery(msgspec.Struct, frozen=True, kw_only=True):
    """One SELECT, with parameters as `:name`. It reads our own tables, or the data connection of that name."""

    name: str
    sql: str
    connection: str = ""
    most_rows: int = 1_000_000


class ReportParameter(msgspec.Struct, frozen=True, kw_only=True):
    """What a task may set. `kind` is text, number, instant or truth.

    An instant is in epoch milliseconds, or relative to the run, like `-7d@d` (see `reports.relative`).
    """

    name: str
    kind: str = "text"
    default: Value = None
    title: str = ""


class ReportChart(msgspec.Struct, frozen=True, kw_only=True):
    """A chart: a Vega-Lite `spec` of the rows of `query`; or the chart `chart` of the dashboard `board`."""

    name: str
    query: str = ""
    spec: Mapping[str, Any] = {}
    board: str = ""
    chart: str = ""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a version of a template holds. `filter_sets` are filters by the name under which tasks choose them."""

    html: str
    queries: tuple[ReportQuery, ...] = ()
    charts: tuple[ReportChart, ...] = ()
    parameters: tuple[ReportParameter, ...] = ()
    filter_sets: Mapping[str, tuple[Filter, ...]] = {}


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A template, of which `version` is the newest. Base templates are there to be duplicated."""

    id: str
    title: str
    version: int
    is_base: bool
    meta: Mapping[str, Any]
    made_by: str
    made_at: int
    saved_at: int


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """What tasks are sorted by; reports have those that their task had."""

    id: str
    title: str


class FilterCycle(msgspec.Struct, frozen=True, kw_only=True):
    """One report for each value of a field of `query`, of several fields for each combination that there is.

    `values` limits a field to these; a field without is cycled through all. Another title is no other `version`.
    """

    id: str
    template: str
    title: str
    query: str
    fields: tuple[str, ...]
    values: Mapping[str, tuple[Value, ...]]
    made_at: int
    saved_at: int
    version: int = 1


class Missed(StrEnum):
    """What becomes of runs that came due while nothing served."""

    ONCE = "once"  # the newest of them is made up for
    SKIP = "skip"


class TaskDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a task; `core.calendar` tells what frequencies, crons and time zones there are.

    `priority` is 0 to 10, 10 first. `tags` are ids. With a `trigger` it does not run on its schedule. `name_pattern`
    names files, with `{title}`, `{date}`, `{time}` and a field in braces. `attempts` are of one run, before it is told.
    """

    title: str
    template: str
    frequency: str
    cron: str = ""
    time_zone: str = "UTC"
    start_on: int | None = None
    end_on: int | None = None
    is_enabled: bool = True
    missed: Missed = Missed.ONCE
    is_skipped_if_empty: bool = False
    formats: tuple[ReportFormat, ...] = (ReportFormat.PDF,)
    parameters: Mapping[str, Value] = {}
    filters: tuple[Filter, ...] = ()
    filter_set: str = ""
    cycle: str = ""
    name_pattern: str = "{title}"
    priority: int = 5
    timeout_ms: int = 300_000
    attempts: int = 3
    trigger: str = ""
    tags: tuple[str, ...] = ()
    meta: Mapping[str, Any] = {}


class ReportTask(TaskDraft, frozen=True, kw_only=True):
    """A task as it is kept. `next_at` is when it runs next by its schedule, None if it does not."""

    id: str
    owner: str
    is_waiting: bool  # for a publisher to approve it; it does not run before
    made_at: int
    saved_at: int
    next_at: int | None


class Cause(StrEnum):
    """Why a report was made."""

    SCHEDULE = "schedule"
    TRIGGER = "trigger"
    ASKED = "asked"  # by a person or a program


class ReportState(StrEnum):
    """How far a report has come."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"
    SKIPPED = "skipped"  # nothing to report, or a callback that had to answer did not
    SPREAD = "spread"  # over a report for each value of its filter cycle


ENDED_STATES = frozenset({ReportState.SUCCESS, ReportState.FAILURE, ReportState.SKIPPED, ReportState.SPREAD})


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of a task makes. `due_at` is the window that it is for, `cycled` what it is limited to.

    `version` is that of its template, `cycle_version` that of the filter cycle by which it is spread; 0 for none.
    """

    id: str
    task: str
    template: str
    version: int
    title: str
    tags: tuple[str, ...]
    cause: Cause
    due_at: int
    priority: int
    is_dry: bool  # rendered, and told nobody
    cycled: tuple[Filter, ...]
    cycle: str = ""
    cycle_version: int = 0
    state: ReportState
    attempt: int
    queued_at: int
    began_at: int | None = None
    completed_at: int | None = None
    rows: int | None = None
    error: str = ""


class ReportFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a report; whoever has its random id and a link that has not run out may have it."""

    id: str
    report: str
    format: ReportFormat
    name: str
    size: int
    made_at: int


class JobState(StrEnum):
    """How far a render has come, in ConnectReport's words."""

    PENDING = "pending"
    COMPLETE = "complete"
    ERR = "err"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A render that was asked for: of a report, or of a template as it is. `file` is a `ReportFile`'s id."""

    id: str
    report: str
    template: str
    format: ReportFormat
    state: JobState
    made_at: int
    error: str = ""
    file: str = ""


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """A database of somebody else's that templates may read; its URL is kept sealed."""

    name: str
    kind: str  # postgresql, mariadb, sqlite …
    most_rows: int
    longest_ms: int
    made_at: int


class DataSheet(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a query that a template sees: the first `MOST_SEEN` of `total`; `is_cut`: there would be more."""

    columns: tuple[str, ...]
    rows: list[tuple[Value, ...]]
    total: int
    is_cut: bool = False


def checked_format(name: str) -> ReportFormat:
    """Raises Invalid, naming those that there are."""
    try:
        return ReportFormat(name.lower())
    except ValueError:
        raise Invalid(f"format: there is none called {name[:40]!r}; use one of {', '.join(ReportFormat)}") from None
