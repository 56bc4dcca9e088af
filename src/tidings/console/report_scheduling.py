"""Report scheduling: the form of a task, new or there already, and the runs that it would have."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.report_doors import making
from tidings.console.report_task_form import (
    FIELDS,
    Coming,
    asked_for,
    at_its_field,
    coming_of,
    draft_in,
    schedule_in,
    values_of,
    zones,
)
from tidings.console.report_tasks import GONE, MOST_TEMPLATES
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.calendar import FREQUENCIES
from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.core.report import (
    Content,
    Missed,
    ReportAuthor,
    ReportFormat,
    ReportRole,
    ReportTask,
    TaskDraft,
    is_at_least,
)

_MOST_CYCLES = 100
_FREQUENCY_WORDS: Mapping[str, str] = {
    "Once - now": "Once, now",
    "Cron": "by a cron line",
}
_MISSED_WORDS: Mapping[str, str] = {
    Missed.ONCE: "make up for the newest",
    Missed.SKIP: "leave them out",
}


class ReportScheduling:
    """Makes tasks and changes them."""

    def __init__(self, offers: Offers) -> None:
        self._reports = offers.reports
        self._clock = offers.clock

    def places(self) -> Sequence[Place]:
        here, right = "/reports/tasks", Right.BE_ONESELF
        return [
            Place(path=f"{here}/new", does=self._new, needs=right),
            Place(path=f"{here}/new", does=self._create, needs=right, method="POST"),
            Place(path=f"{here}/coming", does=self._look_ahead, needs=right, method="POST"),
            Place(path=f"{here}/{{id}}/edit", does=self._edit, needs=right),
            Place(path=f"{here}/{{id}}/edit", does=self._change, needs=right, method="POST"),
        ]

    async def _new(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        draft = TaskDraft(title="", template=visit.query.get("template", ""), frequency="Daily")
        return await self._page(visit, author=author, draft=draft)

    async def _create(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        if visit.form.text("do") != "save":
            return await self._page(visit, author=author)
        try:
            draft = draft_in(visit.form, await self._content(visit.form.text("templateId")))
            made = await self._reports.tasks.create(draft, author=author)
        except Invalid as error:
            return await self._page(visit, author=author, error=at_its_field(error))
        said = "The task is there; it waits for a publisher to approve it." if made.is_waiting else "The task is there."
        return visit.go(f"/console/reports/tasks/{made.id}", said=said)

    async def _edit(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        task = await self._reports.tasks.get(visit.path["id"])
        return await self._page(visit, author=author, draft=task, task=task)

    async def _change(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        task = await self._reports.tasks.get(visit.path["id"])
        if visit.form.text("do") != "save":
            return await self._page(visit, author=author, task=task)
        try:
            draft = draft_in(visit.form, await self._content(visit.form.text("templateId")))
            await self._reports.tasks.change(task.id, draft, author=author)
        except (Invalid, Conflict) as error:
            told = at_its_field(error) if isinstance(error, Invalid) else error
            return await self._page(visit, author=author, task=task, error=told)
        return visit.go(f"/console/reports/tasks/{task.id}", said="The task is changed.")

    async def _look_ahead(self, visit: Visit) -> Response:
        """The next runs of what stands in the form just now."""
        await making(visit, self._reports)
        identifier = visit.form.text("task")
        task = await self._reports.tasks.get(identifier) if identifier else None
        return visit.fragment("reports/task_form.html", block="coming", **self._coming(visit, task=task))

    def _coming(self, visit: Visit, *, task: ReportTask | None, draft: TaskDraft | None = None) -> dict[str, Any]:
        coming: Sequence[Coming] = ()
        problem = ""
        try:
            coming = coming_of(draft or schedule_in(visit.form, task=task), now=self._clock.now())
        except Invalid as error:
            problem = at_its_field(error).message.partition(": ")[2] or error.message
        form = visit.form
        return {
            "coming": coming,
            "coming_problem": problem,
            "shown_zone": draft.time_zone if draft else form.text("timeZone") or "UTC",
            "shown_frequency": draft.frequency if draft else form.text("frequency"),
            "is_triggered": bool(draft.trigger if draft else form.text("trigger")),
        }

    async def _page(
        self,
        visit: Visit,
        *,
        author: ReportAuthor,
        draft: TaskDraft | None = None,
        task: ReportTask | None = None,
        error: Invalid | Conflict | None = None,
    ) -> Response:
        """The form; without a draft it is shown as it was sent."""
        values = values_of(draft or TaskDraft(title="", template="", frequency="Daily"))
        chosen = visit.form.text("templateId") or values["templateId"]
        content = await self._content(chosen)
        values = {**values, "timeZone": visit.form.text("timeZone") or values["timeZone"]}
        return visit.page(
            "reports/task_form.html",
            block="fields",
            error=error,
            fields=(*FIELDS, *(f"parameter-{one.name}" for one in (content.parameters if content else ()))),
            task=task,
            values=values,
            asked=asked_for(content, values),
            templates=await self._templates(chosen),
            sets=[("", "none"), *((name, name) for name in (content.filter_sets if content else ()))],
            cycles=await self._cycles(chosen),
            tags=[(one.id, one.title) for one in await self._reports.tags.list()],
            triggers=[one.name for one in await self._reports.triggers.list()],
            frequencies=[(one, _FREQUENCY_WORDS.get(one, one)) for one in FREQUENCIES],
            missed=tuple(_MISSED_WORDS.items()),
            formats=[(one.value, one.value.upper()) for one in ReportFormat],
            zones=zones(),
            waits=not is_at_least(author.role, ReportRole.PUBLISHER),
            **self._coming(visit, task=task, draft=draft),
        )

    async def _content(self, template: str) -> Content | None:
        try:
            return await self._reports.templates.content(template) if template else None
        except NotFound:
            return None

    async def _templates(self, chosen: str) -> list[tuple[str, str]]:
        found, _ = await self._reports.templates.list(is_base=False, skip=0, most=MOST_TEMPLATES)
        shown = [("", "choose one"), *((one.id, one.title) for one in found)]
        if chosen and chosen not in dict(shown):
            shown.append((chosen, await self._title(chosen)))
        return shown

    async def _title(self, template: str) -> str:
        try:
            return (await self._reports.templates.get(template)).title
        except NotFound:
            return GONE

    async def _cycles(self, template: str) -> list[tuple[str, str]]:
        if not template:
            return [("", "none")]
        found, _ = await self._reports.cycles.list(template=template, skip=0, most=_MOST_CYCLES)
        return [("", "none"), *((one.id, one.title) for one in found)]
