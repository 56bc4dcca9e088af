"""The calls about reports and the jobs that render them."""

from dataclasses import dataclass

from tidings.access.scope import REPORTS_READ, REPORTS_WRITE
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.core.report import Report, ReportState
from tidings.core.route import Call, Parameter, Route
from tidings.dialects.connectreport.api.calls import FORMAT, PAGE, author_of, format_of, is_author, page_of, titles_of
from tidings.dialects.connectreport.wire import report as wire
from tidings.reports.opening import Reports

_TAG = "Reports"
_PATH = "/api/v1/reports"
_NO_REPORT = "there is no such report, or it was not published; list them with GET /api/v1/reports"
_ANY = "any"
_LISTED = (
    *PAGE,
    Parameter(name="reportTaskId", meaning="Only reports of that task."),
    Parameter(name="templateId", meaning="Only reports of that template."),
    Parameter(name="tagId", meaning="Only reports with that tag."),
    Parameter(
        name="status",
        meaning="Only those of that status, or `any`; without it, those that were published. Viewers see no others.",
        schema={"type": "string", "enum": [*ReportState, _ANY]},
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportApi:
    """Whoever is no author sees what was published, and is told that there is nothing else."""

    reports: Reports

    def routes(self) -> list[Route]:
        return [
            Route(
                method="GET",
                path=_PATH,
                name="listReports",
                summary="List reports, newest first",
                handler=self._list,
                needs=REPORTS_READ,
                answers=wire.ToldReports,
                parameters=_LISTED,
                errors=(Invalid,),
                tag=_TAG,
            ),
            Route(
                method="GET",
                path=f"{_PATH}/{{id}}",
                name="getReport",
                summary="Get a report and its files",
                handler=self._get,
                needs=REPORTS_READ,
                answers=wire.ToldReport,
                tag=_TAG,
            ),
            self._cancel_route(),
            # Which of the two ConnectReport has is not told anywhere.
            *(self._render_route(method) for method in ("GET", "POST")),
            Route(
                method="GET",
                path="/api/v1/jobs/{id}",
                name="getJob",
                summary="Get how far a render is, and where its document is",
                handler=self._job,
                needs=REPORTS_READ,
                answers=wire.ToldJob,
                tag=_TAG,
            ),
        ]

    def _cancel_route(self) -> Route:
        return Route(
            method="POST",
            path=f"{_PATH}/{{id}}/cancel",
            name="cancelReport",
            summary="Cancel a run that waits or is under way",
            handler=self._cancel,
            needs=REPORTS_WRITE,
            answers=wire.ToldReport,
            errors=(Forbidden, Conflict),
            tag=_TAG,
        )

    def _render_route(self, method: str) -> Route:
        return Route(
            method=method,
            path=f"{_PATH}/{{id}}/render",
            name=f"renderReport{method.capitalize()}",
            summary="Render a report, with the data that it was made of: a job",
            handler=self._render,
            needs=REPORTS_READ,
            answers=wire.JobMade,
            parameters=(FORMAT,),
            errors=(Invalid, Conflict),
            tag=_TAG,
        )

    async def _list(self, call: Call) -> wire.ToldReports:
        number, most = page_of(call)
        status = call.query.get("status", "") if is_author(call) else ""
        reports, total = await self.reports.history.list(
            task=call.query.get("reportTaskId", ""),
            template=call.query.get("templateId", ""),
            tag=call.query.get("tagId", ""),
            state="" if status == _ANY else status,
            is_published=None if status else True,
            skip=(number - 1) * most,
            most=most,
        )
        titles = await titles_of(self.reports.tags, (tag for report in reports for tag in report.tags))
        told = [wire.told_report(report, tags=titles) for report in reports]
        return wire.ToldReports(reports=told, total=total, page_num=number, per_page=most)

    async def _get(self, call: Call) -> wire.ToldReport:
        report = await self._seen(call, call.path["id"])
        files = [
            wire.told_file(file, url=self.reports.files.signed(file))
            for file in await self.reports.history.files(report)
        ]
        titles = await titles_of(self.reports.tags, report.tags)
        return wire.told_report(report, tags=titles, files=files)

    async def _cancel(self, call: Call) -> wire.ToldReport:
        report = await self.reports.runs.cancel(call.path["id"], author_of(call))
        return wire.told_report(report, tags=await titles_of(self.reports.tags, report.tags))

    async def _render(self, call: Call) -> wire.JobMade:
        report = await self._seen(call, call.path["id"])
        job = await self.reports.jobs.render_report(report.id, format_of(call), author=author_of(call))
        return wire.JobMade(job_id=job.id)

    async def _job(self, call: Call) -> wire.ToldJob:
        job = await self.reports.jobs.get(call.path["id"])
        if not is_author(call):
            await self._seen(call, job.report)
        if not job.file:
            return wire.told_job(job, file=None)
        file = await self.reports.files.get(job.file)
        return wire.told_job(job, file=file, url=self.reports.files.signed(file))

    async def _seen(self, call: Call, identifier: str) -> Report:
        report = await self.reports.history.get(identifier) if identifier else None
        if report is None or not (is_author(call) or is_published(report)):
            raise NotFound(_NO_REPORT)
        return report


def is_published(report: Report) -> bool:
    """Whether viewers see it."""
    return report.state is ReportState.SUCCESS and not report.is_dry
