"""Report runs: what was made when and of what, what came of it, and making it again."""

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from starlette.responses import Response, StreamingResponse

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.report_doors import looking, making
from tidings.console.report_templates import number_in
from tidings.console.report_told import ReportTold
from tidings.console.report_visitor import author_of
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.errors import NotFound
from tidings.core.report import (
    ENDED_STATES,
    REPORT_TYPES,
    Report,
    ReportAuthor,
    ReportFormat,
    ReportRole,
    ReportState,
    ReportTask,
    checked_format,
    is_at_least,
)
from tidings.reports.roles import may_rule, must_be

_HERE = "/console/reports/runs"
_A_PAGE = 25
# Tasks that a list chooses from; a task's own page leads to its runs, whichever it is.
_MOST_TASKS = 200
_CAUTION = {"content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff"}
_NO_REPORT = "there is no such report, or it was not published; go back to the list"
FORMATS = [(one.value, one.value.upper()) for one in ReportFormat]


class ReportRuns:
    """Whoever may look, and authors, see all runs; viewers see what of them was published."""

    def __init__(self, offers: Offers) -> None:
        self._reports = offers.reports
        self._told = ReportTold(offers)

    def places(self) -> Sequence[Place]:
        one, right = "/reports/runs/{id}", Right.BE_ONESELF
        return [
            Place(path="/reports", does=self._enter, needs=right),
            Place(path="/reports/runs", does=self._list, needs=right),
            Place(path=one, does=self._show, needs=right),
            Place(path=f"{one}/again", does=self._again, needs=right, method="POST"),
            Place(path=f"{one}/cancel", does=self._cancel, needs=right, method="POST"),
            Place(path=f"{one}/render", does=self._render, needs=right, method="POST"),
            Place(path=f"{one}/jobs/{{job}}", does=self._job, needs=right),
            Place(path=f"{one}/files/{{file}}", does=self._file, needs=right),
        ]

    async def _enter(self, visit: Visit) -> Response:
        author = await author_of(visit, self._reports)
        return visit.go(_HERE if _sees_all(visit, author) else "/console/reports/published")

    # Lists

    async def _list(self, visit: Visit) -> Response:
        author = await looking(visit, self._reports)
        asked = {name: visit.query.get(name, "").strip() for name in ("state", "task", "template", "tag")}
        if asked["state"] not in {"", *ReportState}:
            asked["state"] = ""
        skip = number_in(visit, "skip")
        found, total = await self._reports.history.list(
            state=asked["state"],
            task=asked["task"],
            template=asked["template"],
            tag=asked["tag"],
            skip=skip,
            most=_A_PAGE,
        )
        tasks, _ = await self._reports.tasks.list(skip=0, most=_MOST_TASKS)
        return visit.page(
            "reports_runs/list.html",
            block="rows",
            author=author,
            asked=asked,
            found=found,
            total=total,
            skip=skip,
            step=_A_PAGE,
            states=list(ReportState),
            tasks=[(one.id, one.title) for one in tasks],
            tags=[(one.id, one.title) for one in await self._reports.tags.list()],
            address=lambda **more: _list_address({**asked, **more}),
        )

    # One

    async def _show(self, visit: Visit) -> Response:
        author = await looking(visit, self._reports)
        report = await self._reports.history.get(visit.path["id"])
        task = await self._task_of(report)
        return visit.page(
            "reports_runs/one.html",
            block="detail",
            author=author,
            report=report,
            task=task,
            tags=await self._reports.tags.named(report.tags),
            attempts=await self._reports.history.attempts(report),
            files=await self._reports.history.files(report),
            told=await self._told.of(report),
            is_over=report.state in ENDED_STATES,
            may_act=may_rule(author, owner=task.owner if task else ""),
            formats=FORMATS,
        )

    async def _task_of(self, report: Report) -> ReportTask | None:
        try:
            return await self._reports.tasks.get(report.task)
        except NotFound:
            return None

    async def _again(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        before = await self._reports.history.get(visit.path["id"])
        made = await self._reports.runs.start(before.task, author=author, is_dry=visit.form.is_on("dry"))
        said = "A dry run is queued: it tells nobody." if made.is_dry else "The task is queued to run again."
        return visit.go(f"{_HERE}/{made.id}", said=said)

    async def _cancel(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        report = await self._reports.history.get(visit.path["id"])
        await self._reports.runs.cancel(report.id, author)
        return visit.go(f"{_HERE}/{report.id}", said="The run is cancelled.")

    # Files

    async def _render(self, visit: Visit) -> Response:
        author, report = await self._seen(visit)
        job = await self._reports.jobs.render_report(
            report.id, checked_format(visit.form.needed("format")), author=author
        )
        return visit.go(f"{_HERE}/{report.id}/jobs/{job.id}")

    async def _job(self, visit: Visit) -> Response:
        author, report = await self._seen(visit)
        job = await self._reports.jobs.get(visit.path["job"])
        if job.report != report.id:
            raise NotFound("there is no such rendering of this report; ask for it anew")
        file = await self._reports.files.get(job.file) if job.file else None
        back = f"{_HERE}/{report.id}" if _sees_all(visit, author) else f"/console/reports/published/{report.id}"
        return visit.page("reports_runs/job.html", block="detail", report=report, job=job, file=file, back=back)

    async def _file(self, visit: Visit) -> Response:
        _, report = await self._seen(visit)
        file = await self._reports.files.get(visit.path["file"])
        if file.report != report.id:
            raise NotFound("there is no such file of this report; its page lists those that there are")
        headers = {
            **_CAUTION,
            "content-length": str(file.size),
            "content-disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        }
        return StreamingResponse(
            self._reports.files.chunks(file.id), headers=headers, media_type=REPORT_TYPES[file.format]
        )

    # Who

    async def _seen(self, visit: Visit) -> tuple[ReportAuthor, Report]:
        author = await author_of(visit, self._reports)
        must_be(author, ReportRole.VIEWER)
        report = await self._reports.history.get(visit.path["id"])
        if not (_sees_all(visit, author) or is_published(report)):
            raise NotFound(_NO_REPORT)
        return author, report


def is_published(report: Report) -> bool:
    """Whether viewers may have it."""
    return report.state is ReportState.SUCCESS and not report.is_dry


def _sees_all(visit: Visit, author: ReportAuthor) -> bool:
    return visit.may(Right.LOOK) or is_at_least(author.role, ReportRole.AUTHOR)


def _list_address(asked: dict[str, object]) -> str:
    fields = {name: text for name, text in asked.items() if text}
    return f"{_HERE}?{urlencode(fields)}" if fields else _HERE
