"""Report tasks: the list of them, one of them, and what can be done with it."""

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlencode

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.report_doors import looking, making, may_make
from tidings.console.report_task_form import shown_runs
from tidings.console.report_templates import number_in
from tidings.console.report_values import filters_text, object_text
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.errors import NotFound, TidingsError
from tidings.core.report import ReportAuthor, ReportRole, ReportTask, is_at_least
from tidings.reports.roles import may_rule, must_be

_PAGE = 25
_QUERY = ("template", "tag", "trigger", "waiting")
_RUNS = 8
# Templates to choose from in the list's filter.
MOST_TEMPLATES = 200
GONE = "(gone)"


class ReportTasks:
    """Shows tasks, pauses and runs them; their form is `report_scheduling`'s."""

    def __init__(self, offers: Offers) -> None:
        self._reports = offers.reports
        self._tasks = offers.reports.tasks

    def places(self) -> Sequence[Place]:
        here, right = "/reports/tasks", Right.BE_ONESELF
        one = f"{here}/{{id}}"
        return [
            Place(path=here, does=self._list, needs=right),
            Place(path=f"{here}/bulk", does=self._bulk, needs=right, method="POST"),
            Place(path=one, does=self._one, needs=right),
            Place(path=f"{one}/approve", does=self._approve, needs=right, method="POST"),
            Place(path=f"{one}/run", does=self._run, needs=right, method="POST"),
            Place(path=f"{one}/pause", does=self._pause, needs=right, method="POST"),
            Place(path=f"{one}/resume", does=self._resume, needs=right, method="POST"),
            Place(path=f"{one}/duplicate", does=self._duplicate, needs=right, method="POST"),
            Place(path=f"{one}/remove", does=self._remove, needs=right, method="POST"),
        ]

    async def _list(self, visit: Visit) -> Response:
        author = await looking(visit, self._reports)
        query = {name: visit.query.get(name, "") for name in _QUERY}
        skip = number_in(visit, "skip")
        found, total = await self._tasks.list(
            template=query["template"],
            tag=query["tag"],
            trigger=query["trigger"].strip(),
            is_waiting=True if query["waiting"] else None,
            skip=skip,
            most=_PAGE,
        )
        templates, _ = await self._reports.templates.list(is_base=False, skip=0, most=MOST_TEMPLATES)
        return visit.page(
            "reports/tasks.html",
            block="rows",
            author=author,
            may_make=may_make(author),
            tasks=found,
            titles=await self._titles(found),
            tags={one.id: one.title for one in await self._reports.tags.list()},
            templates=[(one.id, one.title) for one in templates],
            triggers=[one.name for one in await self._reports.triggers.list()],
            query=query,
            waiting=await self._waiting(author),
            total=total,
            skip=skip,
            step=_PAGE,
        )

    async def _bulk(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        chosen, is_enabled = visit.form.all("task")[:_PAGE], visit.form.text("do") == "resume"
        back = f"/console/reports/tasks?{urlencode({name: visit.form.text(name) for name in _QUERY})}"
        if not chosen:
            return visit.go(back, said="Choose tasks first: tick their boxes.", is_good=False)
        troubles = []
        for identifier in chosen:
            try:
                await self._tasks.set_enabled(identifier, is_enabled, author=author)
            except TidingsError as error:
                troubles.append(error.message)
        done = len(chosen) - len(troubles)
        said = f"{done} of {len(chosen)} tasks {'go on' if is_enabled else 'are paused'}."
        return visit.go(
            back,
            said=f"{said} {_sentence(troubles[0])}" if troubles else said,
            is_good=not troubles,
        )

    async def _one(self, visit: Visit) -> Response:
        author = await looking(visit, self._reports)
        task = await self._tasks.get(visit.path["id"])
        reports, _ = await self._reports.history.list(task=task.id, most=_RUNS)
        tags = {one.id: one.title for one in await self._reports.tags.named(task.tags)}
        return visit.page(
            "reports/task.html",
            may_make=may_make(author),
            task=task,
            template_title=(await self._titles([task]))[task.template],
            cycle=await self._cycle(task),
            tags=[(one, tags.get(one, GONE)) for one in task.tags],
            coming=shown_runs(self._tasks.coming(task, count=5), time_zone=task.time_zone),
            reports=reports,
            filters=filters_text(task.filters),
            parameters=task.parameters,
            meta=object_text(task.meta),
            may_change=may_rule(author, owner=task.owner),
            may_approve=task.is_waiting and is_at_least(author.role, ReportRole.PUBLISHER),
        )

    async def _approve(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        must_be(author, ReportRole.PUBLISHER)
        await self._tasks.approve(visit.path["id"], author=author)
        return visit.go(_address(visit), said="Approved: it runs from now on.")

    async def _run(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        is_dry = visit.form.is_on("dry")
        report = await self._reports.runs.start(visit.path["id"], author=author, is_dry=is_dry)
        said = "A dry run is queued: nobody is told of it." if is_dry else "The run is queued."
        return visit.go(f"/console/reports/runs/{report.id}", said=said)

    async def _pause(self, visit: Visit) -> Response:
        return await self._enable(visit, is_enabled=False)

    async def _resume(self, visit: Visit) -> Response:
        return await self._enable(visit, is_enabled=True)

    async def _enable(self, visit: Visit, *, is_enabled: bool) -> Response:
        author = await making(visit, self._reports)
        await self._tasks.set_enabled(visit.path["id"], is_enabled, author=author)
        return visit.go(_address(visit), said="The task goes on." if is_enabled else "The task is paused.")

    async def _duplicate(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        made = await self._tasks.duplicate(visit.path["id"], author=author)
        return visit.go(f"/console/reports/tasks/{made.id}", said="This is the copy.")

    async def _remove(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        await self._tasks.remove(visit.path["id"], author=author)
        return visit.go("/console/reports/tasks", said="The task is gone; its reports stay as long as others do.")

    async def _waiting(self, author: ReportAuthor) -> int:
        """How many tasks wait for somebody like them."""
        if not is_at_least(author.role, ReportRole.PUBLISHER):
            return 0
        _, waiting = await self._tasks.list(is_waiting=True, most=1)
        return waiting

    async def _titles(self, tasks: Iterable[ReportTask]) -> Mapping[str, str]:
        found = {}
        for one in {one.template for one in tasks}:
            try:
                found[one] = (await self._reports.templates.get(one)).title
            except NotFound:
                found[one] = GONE
        return found

    async def _cycle(self, task: ReportTask) -> str:
        if not task.cycle:
            return ""
        try:
            return (await self._reports.cycles.get(task.cycle)).title
        except NotFound:
            return GONE


def _address(visit: Visit) -> str:
    return f"/console/reports/tasks/{visit.path['id']}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
