"""What is answered about reports, the jobs that render them, and their files."""

from collections.abc import Mapping, Sequence

from msgspec import UNSET, UnsetType

from tidings.core.cell import iso
from tidings.core.report import Cause, Job, JobState, Report, ReportFile, ReportFormat, ReportState
from tidings.dialects.connectreport.wire.report_task import told_tags
from tidings.dialects.connectreport.wire.shape import ToldFilter, ToldTag, Wire, told_filters, told_instant


class ToldFile(Wire, frozen=True, kw_only=True):
    """A file of a report. `location` is below the API and needs a token; `url` needs none, and runs out."""

    id: str
    format: ReportFormat
    name: str
    size: int
    location: str
    url: str


class ToldReport(Wire, frozen=True, kw_only=True):
    """What a run of a task made, or is to make; `files` are told of one report alone.

    Versions are those of the template and of the filter cycle that it is made by.
    """

    id: str
    title: str
    report_task_id: str
    template_id: str
    template_version: int
    status: ReportState
    cause: Cause
    tags: list[ToldTag]
    filters: list[ToldFilter]
    filter_cycle_id: str | UnsetType = UNSET
    filter_cycle_version: int | UnsetType = UNSET
    dry_run: bool
    attempt: int
    due_at: str
    created_at: str
    started_at: str | UnsetType = UNSET
    completed_at: str | UnsetType = UNSET
    rows: int | UnsetType = UNSET
    error: str | UnsetType = UNSET
    files: list[ToldFile] | UnsetType = UNSET


class ToldReports(Wire, frozen=True, kw_only=True):
    """A page of reports, newest first, and how many there are in all."""

    reports: list[ToldReport]
    total: int
    page_num: int
    per_page: int


class JobMade(Wire, frozen=True, kw_only=True):
    """What asks for a render gets: `GET /jobs/{id}` tells how far it is."""

    job_id: str


class JobData(Wire, frozen=True, kw_only=True):
    """Where the document is, below `/api/v1/`; `url` needs no token, and runs out."""

    location: str
    url: str


class JobResult(Wire, frozen=True, kw_only=True):
    """As an HTTP client of ConnectReport's has it."""

    data: JobData


class ToldJob(Wire, frozen=True, kw_only=True):
    """A render: `error` after one that failed, `result` after one that did not."""

    id: str
    status: JobState
    error: str | UnsetType = UNSET
    result: JobResult | UnsetType = UNSET


def told_report(
    report: Report, *, tags: Mapping[str, str], files: Sequence[ToldFile] | UnsetType = UNSET
) -> ToldReport:
    """A report with its tags' titles, which `tags` has by id."""
    return ToldReport(
        id=report.id,
        title=report.title,
        report_task_id=report.task,
        template_id=report.template,
        template_version=report.version,
        status=report.state,
        cause=report.cause,
        tags=told_tags(report.tags, tags),
        filters=told_filters(report.cycled),
        filter_cycle_id=report.cycle or UNSET,
        filter_cycle_version=report.cycle_version or UNSET,
        dry_run=report.is_dry,
        attempt=report.attempt,
        due_at=iso(report.due_at),
        created_at=iso(report.queued_at),
        started_at=told_instant(report.began_at),
        completed_at=told_instant(report.completed_at),
        rows=UNSET if report.rows is None else report.rows,
        error=report.error or UNSET,
        files=UNSET if files is UNSET else list(files),
    )


def told_file(file: ReportFile, *, url: str) -> ToldFile:
    return ToldFile(id=file.id, format=file.format, name=file.name, size=file.size, location=location_of(file), url=url)


def told_job(job: Job, *, file: ReportFile | None, url: str = "") -> ToldJob:
    """A job, and its file if there is one, with a link that runs out."""
    result = UNSET if file is None else JobResult(data=JobData(location=location_of(file), url=url))
    return ToldJob(id=job.id, status=job.state, error=job.error or UNSET, result=result)


def location_of(file: ReportFile) -> str:
    """Where a file is, below `/api/v1/`; what asks for it may add an `attachmentName`."""
    return f"documents/{file.format}/{file.id}.{file.format}"
