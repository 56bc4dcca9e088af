"""The calls about report tasks."""

from dataclasses import dataclass

from tidings.access.scope import REPORTS_PUBLISH, REPORTS_READ, REPORTS_WRITE
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.core.report import ReportTask
from tidings.core.route import Call, Parameter, Route
from tidings.dialects.connectreport.api.calls import META, PAGE, author_of, meta_of, page_of, titles_of
from tidings.dialects.connectreport.wire import report_task as wire
from tidings.dialects.connectreport.wire.report import ToldReport, told_report
from tidings.reports.opening import Reports

_TAG = "Report tasks"
_PATH = "/api/v1/report-tasks"
_ONE = f"{_PATH}/{{id}}"
_CHANGING = (Invalid, Forbidden, NotFound, Conflict)
_LISTED = (
    *PAGE,
    Parameter(name="templateId", meaning="Only tasks of that template."),
    Parameter(name="tagId", meaning="Only tasks with that tag."),
    Parameter(name="trigger", meaning="Only tasks that run by that trigger."),
    META,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTaskApi:
    """An author's tasks wait for a publisher's approval, and an author changes their own alone."""

    reports: Reports

    def routes(self) -> list[Route]:
        return [
            Route(
                method="GET",
                path=_PATH,
                name="listReportTasks",
                summary="List report tasks",
                handler=self._list,
                needs=REPORTS_READ,
                answers=wire.ToldTasks,
                parameters=_LISTED,
                errors=(Invalid,),
                tag=_TAG,
            ),
            Route(
                method="POST",
                path=_PATH,
                name="createReportTask",
                summary="Make a report task; one that is `Once - now` runs at once",
                handler=self._create,
                needs=REPORTS_WRITE,
                body=wire.NewTask,
                answers=wire.ToldTask,
                errors=_CHANGING,
                tag=_TAG,
            ),
            self._copying(),
            *self._routes_of_one(),
            *self._acts_on_one(),
        ]

    def _copying(self) -> Route:
        return Route(
            method="POST",
            path=f"{_ONE}/duplicate",
            name="duplicateReportTask",
            summary="Copy a report task; the copy is paused, to be changed before it runs",
            handler=self._duplicate,
            needs=REPORTS_WRITE,
            answers=wire.ToldTask,
            errors=_CHANGING,
            tag=_TAG,
        )

    def _routes_of_one(self) -> list[Route]:
        return [
            Route(
                method="GET",
                path=_ONE,
                name="getReportTask",
                summary="Get a report task, and when it runs next",
                handler=self._get,
                needs=REPORTS_READ,
                answers=wire.ToldTask,
                tag=_TAG,
            ),
            Route(
                method="PUT",
                path=_ONE,
                name="changeReportTask",
                summary="Change what is named of a report task",
                handler=self._change,
                needs=REPORTS_WRITE,
                body=wire.TaskChanges,
                answers=wire.ToldTask,
                errors=_CHANGING,
                tag=_TAG,
            ),
            Route(
                method="DELETE",
                path=_ONE,
                name="deleteReportTask",
                summary="Remove a report task; its reports stay",
                handler=self._remove,
                needs=REPORTS_WRITE,
                answers=dict[str, str],
                errors=(Forbidden, Conflict),
                tag=_TAG,
            ),
        ]

    def _acts_on_one(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path=f"{_ONE}/run",
                name="runReportTask",
                summary="Run a report task now; the report that it makes",
                handler=self._run,
                needs=REPORTS_WRITE,
                answers=ToldReport,
                parameters=(
                    Parameter(
                        name="dryRun",
                        meaning="Render it and tell nobody.",
                        schema={"type": "boolean", "default": False},
                    ),
                ),
                errors=_CHANGING,
                tag=_TAG,
            ),
            Route(
                method="POST",
                path=f"{_ONE}/approve",
                name="approveReportTask",
                summary="Let an author's task run",
                handler=self._approve,
                needs=REPORTS_PUBLISH,
                answers=wire.ToldTask,
                errors=(Forbidden, Conflict),
                tag=_TAG,
            ),
        ]

    async def _list(self, call: Call) -> wire.ToldTasks:
        number, most = page_of(call)
        tasks, total = await self.reports.tasks.list(
            template=call.query.get("templateId", ""),
            tag=call.query.get("tagId", ""),
            trigger=call.query.get("trigger", ""),
            meta=meta_of(call),
            skip=(number - 1) * most,
            most=most,
        )
        titles = await titles_of(self.reports.tags, (tag for task in tasks for tag in task.tags))
        told = [wire.told_task(task, tags=titles) for task in tasks]
        return wire.ToldTasks(report_tasks=told, total=total, page_num=number, per_page=most)

    async def _create(self, call: Call) -> wire.ToldTask:
        asked: wire.NewTask = call.body
        task = await self.reports.tasks.create(asked.draft(), author=author_of(call))
        self.reports.scheduling.wake()
        return await self._told(task)

    async def _get(self, call: Call) -> wire.ToldTask:
        return await self._told(await self.reports.tasks.get(call.path["id"]))

    async def _change(self, call: Call) -> wire.ToldTask:
        asked: wire.TaskChanges = call.body
        before = await self.reports.tasks.get(call.path["id"])
        task = await self.reports.tasks.change(before.id, asked.draft(before), author=author_of(call))
        self.reports.scheduling.wake()
        return await self._told(task)

    async def _remove(self, call: Call) -> dict[str, str]:
        await self.reports.tasks.remove(call.path["id"], author=author_of(call))
        return {}

    async def _run(self, call: Call) -> ToldReport:
        is_dry = call.query.get("dryRun", "").lower() == "true"
        report = await self.reports.runs.start(call.path["id"], author=author_of(call), is_dry=is_dry)
        return told_report(report, tags=await titles_of(self.reports.tags, report.tags))

    async def _duplicate(self, call: Call) -> wire.ToldTask:
        return await self._told(await self.reports.tasks.duplicate(call.path["id"], author=author_of(call)))

    async def _approve(self, call: Call) -> wire.ToldTask:
        task = await self.reports.tasks.approve(call.path["id"], author=author_of(call))
        self.reports.scheduling.wake()
        return await self._told(task)

    async def _told(self, task: ReportTask) -> wire.ToldTask:
        titles = await titles_of(self.reports.tags, task.tags)
        return wire.told_task(task, tags=titles, coming=self.reports.tasks.coming(task))
