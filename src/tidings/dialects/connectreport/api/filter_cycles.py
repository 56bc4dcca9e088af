"""The calls about filter cycles and tags."""

from dataclasses import dataclass

from msgspec import UNSET

from tidings.access.scope import REPORTS_READ, REPORTS_WRITE
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.core.route import Call, Parameter, Route
from tidings.dialects.connectreport.api.calls import LIST, MOST_PER_PAGE, PAGE, author_of, page_of
from tidings.dialects.connectreport.wire import tag, template
from tidings.dialects.connectreport.wire.shape import ToldTag
from tidings.reports.opening import Reports

_CYCLES, _TAGS = "/api/v1/filter-cycles", "/api/v1/tags"
_CHANGING = (Invalid, Forbidden, NotFound, Conflict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterCycleApi:
    """Over which values of a field a task is spread."""

    reports: Reports

    def routes(self) -> list[Route]:
        return [
            Route(
                method="GET",
                path=_CYCLES,
                name="listFilterCycles",
                summary="List filter cycles",
                handler=self._list,
                needs=REPORTS_WRITE,
                answers=template.ToldCycles,
                parameters=(*PAGE, Parameter(name="templateId", meaning="Only those of that template.")),
                tag="Filter cycles",
            ),
            Route(
                method="POST",
                path=_CYCLES,
                name="createFilterCycle",
                summary="Make a filter cycle",
                handler=self._create,
                needs=REPORTS_WRITE,
                body=template.NewCycle,
                answers=template.ToldCycle,
                errors=_CHANGING,
                tag="Filter cycles",
            ),
            Route(
                method="GET",
                path=f"{_CYCLES}/{{id}}",
                name="getFilterCycle",
                summary="Get a filter cycle",
                handler=self._get,
                needs=REPORTS_WRITE,
                answers=template.ToldCycle,
                tag="Filter cycles",
            ),
            Route(
                method="DELETE",
                path=f"{_CYCLES}/{{id}}",
                name="deleteFilterCycle",
                summary="Remove a filter cycle that no task uses",
                handler=self._remove,
                needs=REPORTS_WRITE,
                answers=dict[str, str],
                errors=(Forbidden, Conflict),
                tag="Filter cycles",
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
        return template.told_cycle(await self.reports.cycles.get(call.path["id"]))

    async def _remove(self, call: Call) -> dict[str, str]:
        await self.reports.cycles.remove(call.path["id"], author=author_of(call))
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class TagApi:
    """What tasks are sorted by."""

    reports: Reports

    def routes(self) -> list[Route]:
        return [
            Route(
                method="GET",
                path=_TAGS,
                name="listTags",
                summary="List tags",
                handler=self._list,
                needs=REPORTS_READ,
                answers=tag.ToldTags,
                parameters=LIST,
                tag="Tags",
            ),
            Route(
                method="POST",
                path=_TAGS,
                name="createTag",
                summary="Make a tag",
                handler=self._create,
                needs=REPORTS_WRITE,
                body=tag.NewTag,
                answers=ToldTag,
                errors=_CHANGING,
                tag="Tags",
            ),
        ]

    async def _list(self, call: Call) -> tag.ToldTags:
        most = int(call.query.get("limit", MOST_PER_PAGE))
        found = await self.reports.tags.list(after=call.query.get("cursor", ""), most=most)
        told = [ToldTag(id=one.id, title=one.title) for one in found]
        return tag.ToldTags(tags=told, cursor=found[-1].title if len(found) == most else UNSET)

    async def _create(self, call: Call) -> ToldTag:
        asked: tag.NewTag = call.body
        made = await self.reports.tags.create(asked.title, author=author_of(call))
        return ToldTag(id=made.id, title=made.title)
