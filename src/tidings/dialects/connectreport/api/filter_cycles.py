"""The calls about filter cycles."""

from dataclasses import dataclass

from msgspec import UNSET

from tidings.access.scope import REPORTS_WRITE
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.core.route import Call, Parameter, Route
from tidings.dialects.connectreport.api.calls import PAGE, VERSION, author_of, page_of, version_of
from tidings.dialects.connectreport.wire import template
from tidings.reports.opening import Reports

_TAG = "Filter cycles"
_PATH = "/api/v1/filter-cycles"
_ONE = f"{_PATH}/{{id}}"
_CHANGING = (Invalid, Forbidden, NotFound, Conflict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterCycleApi:
    """Over which values of a field a task is spread."""

    reports: Reports

    def routes(self) -> list[Route]:
        return [
            Route(
                method="GET",
                path=_PATH,
                name="listFilterCycles",
                summary="List filter cycles",
                handler=self._list,
                needs=REPORTS_WRITE,
                answers=template.ToldCycles,
                parameters=(*PAGE, Parameter(name="templateId", meaning="Only those of that template.")),
                tag=_TAG,
            ),
            Route(
                method="POST",
                path=_PATH,
                name="createFilterCycle",
                summary="Make a filter cycle",
                handler=self._create,
                needs=REPORTS_WRITE,
                body=template.NewCycle,
                answers=template.ToldCycle,
                errors=_CHANGING,
                tag=_TAG,
            ),
            *self._routes_of_one(),
        ]

    def _routes_of_one(self) -> list[Route]:
        return [
            Route(
                method="GET",
                path=_ONE,
                name="getFilterCycle",
                summary="Get a filter cycle, also in an earlier version",
                handler=self._get,
                needs=REPORTS_WRITE,
                answers=template.ToldCycle,
                parameters=(VERSION,),
                errors=(Invalid,),
                tag=_TAG,
            ),
            Route(
                method="PUT",
                path=_ONE,
                name="changeFilterCycle",
                summary="Change what is named of a filter cycle",
                handler=self._change,
                needs=REPORTS_WRITE,
                body=template.CycleChanges,
                answers=template.ToldCycle,
                errors=_CHANGING,
                tag=_TAG,
            ),
            Route(
                method="DELETE",
                path=_ONE,
                name="deleteFilterCycle",
                summary="Remove a filter cycle that no task uses",
                handler=self._remove,
                needs=REPORTS_WRITE,
                answers=dict[str, str],
                errors=(Forbidden, Conflict),
                tag=_TAG,
            ),
        ]

    async def _list(self, call: Call) -> template.ToldCycles:
        number, most = page_of(call)
        found, total = await self.reports.cycles.list(
            template=call.query.get("templateId", ""), skip=(number - 1) * most, most=most
        )
        told = [template.told_cycle(one) for one in found]
        return template.ToldCycles(filter_cycles=told, total=total, page_num=number, per_page=most)

    async def _create(self, call: Call) -> template.ToldCycle:
        asked: template.NewCycle = call.body
        cycle = await self.reports.cycles.create(
            template=asked.template_id,
            title=asked.title,
            query=asked.query,
            fields=tuple(asked.fields),
            values={name: tuple(values) for name, values in asked.values.items()},
            author=author_of(call),
        )
        return template.told_cycle(cycle)

    async def _get(self, call: Call) -> template.ToldCycle:
        identifier, version, cycles = call.path["id"], version_of(call), self.reports.cycles
        found = await (cycles.get(identifier) if version is None else cycles.at(identifier, version=version))
        return template.told_cycle(found)

    async def _change(self, call: Call) -> template.ToldCycle:
        asked: template.CycleChanges = call.body
        cycle, _ = await self.reports.cycles.change(
            call.path["id"],
            title=asked.title or None,
            query=asked.query or None,
            fields=asked.fields or None,
            values=None if asked.values is UNSET else asked.values,
            author=author_of(call),
        )
        return template.told_cycle(cycle)

    async def _remove(self, call: Call) -> dict[str, str]:
        await self.reports.cycles.remove(call.path["id"], author=author_of(call))
        return {}
