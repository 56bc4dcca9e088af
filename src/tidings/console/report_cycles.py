"""Report filter cycles: one report for each value of a field, as tasks choose them."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.report_doors import looking, making, may_make, put_off
from tidings.console.report_tasks import GONE, MOST_TEMPLATES
from tidings.console.report_templates import number_in, version_in
from tidings.console.report_values import filters_in, filters_text
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.errors import Conflict, Invalid, NotFound, TidingsError
from tidings.core.report import Filter, FilterCycle

_HERE = "/console/reports/cycles"
_PAGE = 25
_FIELDS = ("template", "title", "query", "fields", "values")


class ReportCycles:
    """Makes filter cycles, and changes them."""

    def __init__(self, offers: Offers) -> None:
        self._reports = offers.reports
        self._cycles = offers.reports.cycles

    def places(self) -> Sequence[Place]:
        here, right = "/reports/cycles", Right.BE_ONESELF
        return [
            Place(path=here, does=self._list, needs=right),
            Place(path=f"{here}/new", does=self._new, needs=right),
            Place(path=f"{here}/new", does=self._create, needs=right, method="POST"),
            Place(path=f"{here}/{{id}}", does=self._edit, needs=right),
            Place(path=f"{here}/{{id}}", does=self._change, needs=right, method="POST"),
            Place(path=f"{here}/{{id}}/versions/{{version}}", does=self._version, needs=right),
            Place(path=f"{here}/{{id}}/remove", does=self._remove, needs=right, method="POST"),
        ]

    async def _list(self, visit: Visit) -> Response:
        author = await looking(visit, self._reports)
        skip = number_in(visit, "skip")
        found, total = await self._cycles.list(template=visit.query.get("template", ""), skip=skip, most=_PAGE)
        return visit.page(
            "reports/cycles.html",
            author=author,
            may_make=may_make(author),
            cycles=[(one, filters_text(_limits(one))) for one in found],
            titles={one: await self._title(one) for one in {one.template for one in found}},
            total=total,
            skip=skip,
            step=_PAGE,
        )

    async def _new(self, visit: Visit) -> Response:
        await making(visit, self._reports)
        return await self._page(visit)

    async def _create(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        if visit.form.text("do") != "save":
            return await self._page(visit)
        try:
            made = await self._cycles.create(template=visit.form.needed("template"), **_said(visit), author=author)
        except (Invalid, Conflict) as error:
            return await self._page(visit, error=_at_its_field(error))
        return visit.go(_HERE, said=f"There is a filter cycle {made.title} now; a task can choose it.")

    async def _edit(self, visit: Visit) -> Response:
        await making(visit, self._reports)
        return await self._page(visit, cycle=await self._cycles.get(visit.path["id"]))

    async def _change(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        cycle = await self._cycles.get(visit.path["id"])
        try:
            _, waiting = await self._cycles.change(cycle.id, **_said(visit), author=author)
        except (Invalid, Conflict) as error:
            return await self._page(visit, cycle=cycle, error=_at_its_field(error))
        return visit.go(_HERE, said=f"The filter cycle is changed.{put_off(waiting)}")

    async def _version(self, visit: Visit) -> Response:
        author = await looking(visit, self._reports)
        cycle = await self._cycles.at(visit.path["id"], version=version_in(visit))
        return visit.page(
            "reports/cycle_version.html",
            author=author,
            cycle=cycle,
            values=_shown(cycle),
            of=await self._title(cycle.template),
            versions=await self._cycles.versions(cycle.id),
        )

    async def _remove(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        await self._cycles.remove(visit.path["id"], author=author)
        return visit.go(_HERE, said="The filter cycle is gone.")

    async def _page(
        self, visit: Visit, *, cycle: FilterCycle | None = None, error: TidingsError | None = None
    ) -> Response:
        chosen = cycle.template if cycle else visit.form.text("template") or visit.query.get("template", "")
        found, _ = await self._reports.templates.list(is_base=False, skip=0, most=MOST_TEMPLATES)
        templates = [("", "choose one"), *((one.id, one.title) for one in found)]
        if chosen and chosen not in dict(templates):
            templates.append((chosen, await self._title(chosen)))
        return visit.page(
            "reports/cycle_form.html",
            block="fields",
            error=error,
            cycle=cycle,
            chosen=chosen,
            templates=templates,
            queries=await self._queries(chosen, kept=cycle.query if cycle else ""),
            values=_shown(cycle),
        )

    async def _queries(self, template: str, *, kept: str) -> list[tuple[str, str]]:
        try:
            names = [one.name for one in (await self._reports.templates.content(template)).queries] if template else []
        except NotFound:
            names = []
        return [(one, one) for one in dict.fromkeys((*names, *([kept] if kept else [])))]

    async def _title(self, template: str) -> str:
        try:
            return (await self._reports.templates.get(template)).title
        except NotFound:
            return GONE


def _said(visit: Visit) -> dict[str, Any]:
    form = visit.form
    fields = tuple(dict.fromkeys(form.text("fields").replace(",", " ").split()))
    if not fields:
        raise Invalid("fields: name at least one column of the query")
    limits = filters_in(form.text("values"), field="values")
    for one in limits:
        if one.field not in fields:
            raise Invalid(f"values: {one.field[:60]!r} is none of the fields above")
    return {
        "title": form.needed("title"),
        "query": form.needed("query"),
        "fields": fields,
        "values": {one.field: one.values for one in limits},
    }


def _shown(cycle: FilterCycle | None) -> Mapping[str, str]:
    if cycle is None:
        return dict.fromkeys(_FIELDS, "")
    return {
        "template": cycle.template,
        "title": cycle.title,
        "query": cycle.query,
        "fields": "\n".join(cycle.fields),
        "values": filters_text(_limits(cycle)),
    }


def _limits(cycle: FilterCycle) -> list[Filter]:
    return [Filter(field=field, values=values) for field, values in cycle.values.items()]


def _at_its_field(error: TidingsError) -> TidingsError:
    """The error so that it begins with the name of a field of ours: `fields[1]: …` is about `fields`."""
    place, colon, message = error.message.partition(": ")
    name = {"templateId": "template"}.get(place, place.partition("[")[0].partition(".")[0])
    return Invalid(f"{name}: {message}") if colon and name in _FIELDS else error
