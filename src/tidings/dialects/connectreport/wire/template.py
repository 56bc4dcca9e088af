"""What is sent and answered about templates, base templates and filter cycles."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from tidings.core.cell import iso
from tidings.core.report import (
    Content,
    FilterCycle,
    ReportChart,
    ReportParameter,
    ReportQuery,
    Template,
    Value,
)
from tidings.dialects.connectreport.wire.shape import Id, Title, ToldFilter, Wire, told_filters

Name = Annotated[str, Meta(min_length=1, max_length=100)]


class TemplateQuery(Wire, frozen=True, kw_only=True):
    """A SELECT with parameters as `:name`, over our own tables or the data connection of that name."""

    name: Name
    sql: str
    connection: str = ""
    most_rows: Annotated[int, Meta(ge=1)] = 1_000_000


class TemplateParameter(Wire, frozen=True, kw_only=True):
    """What a task may set. An instant is in epoch milliseconds, or relative to the run: `-7d@d`, `-1mo`, `now@h`."""

    name: Name
    kind: Literal["text", "number", "instant", "truth"] = "text"
    default: Value = None
    title: str = ""


class TemplateChart(Wire, frozen=True, kw_only=True):
    """A Vega-Lite `spec` of the rows of `query`, or the chart `chart` of the dashboard `board`."""

    name: Name
    query: str = ""
    spec: Mapping[str, Any] = {}
    board: str = ""
    chart: str = ""


class TemplateAsked(Wire, frozen=True, kw_only=True):
    """What can be said of a template; on a change, what is absent stays as it is."""

    title: Title | UnsetType = UNSET
    html: str | UnsetType = UNSET
    queries: Annotated[list[TemplateQuery], Meta(max_length=100)] | UnsetType = UNSET
    charts: Annotated[list[TemplateChart], Meta(max_length=100)] | UnsetType = UNSET
    parameters: Annotated[list[TemplateParameter], Meta(max_length=100)] | UnsetType = UNSET
    filter_sets: dict[str, list[ToldFilter]] | UnsetType = UNSET
    meta: dict[str, Any] | UnsetType = UNSET

    def content(self, before: Content) -> Content:
        """What was before, with what is asked for."""
        asked: dict[str, Any] = {}
        if self.html is not UNSET:
            asked["html"] = self.html
        if self.queries is not UNSET:
            asked["queries"] = tuple(map(_query, self.queries))
        if self.charts is not UNSET:
            asked["charts"] = tuple(map(_chart, self.charts))
        if self.parameters is not UNSET:
            asked["parameters"] = tuple(map(_parameter, self.parameters))
        if self.filter_sets is not UNSET:
            sets = self.filter_sets.items()
            asked["filter_sets"] = {name: tuple(one.meant() for one in filters) for name, filters in sets}
        return replace(before, **asked)


class NewTemplate(TemplateAsked, frozen=True, kw_only=True):
    """A template to be made; publishers make base templates, too."""

    title: Title
    html: str
    base_template: bool = False


class TemplateChanges(TemplateAsked, frozen=True, kw_only=True):
    """What of a template is to be otherwise; another content is another version."""


class ToldTemplate(Wire, frozen=True, kw_only=True):
    """A template; its content is told of one alone."""

    id: str
    title: str
    version: int
    base_template: bool
    meta: Mapping[str, Any]
    owner_id: str
    created_at: str
    last_saved_at: str
    html: str | UnsetType = UNSET
    queries: list[TemplateQuery] | UnsetType = UNSET
    charts: list[TemplateChart] | UnsetType = UNSET
    parameters: list[TemplateParameter] | UnsetType = UNSET
    filter_sets: dict[str, list[ToldFilter]] | UnsetType = UNSET


class ToldTemplates(Wire, frozen=True, kw_only=True):
    """A page of templates, and how many there are in all."""

    templates: list[ToldTemplate]
    total: int
    page_num: int
    per_page: int


class ToldBaseTemplates(Wire, frozen=True, kw_only=True):
    """A page of base templates, and how many there are in all."""

    base_templates: list[ToldTemplate]
    total: int
    page_num: int
    per_page: int


class NewCycle(Wire, frozen=True, kw_only=True):
    """One report for each value of a field of a query, of several for each combination; `values` limits a field."""

    template_id: Id
    title: Title
    query: Name
    fields: Annotated[list[Name], Meta(min_length=1, max_length=10)]
    values: Mapping[str, Annotated[list[Value], Meta(max_length=1_000)]] = {}


class CycleChanges(Wire, frozen=True, kw_only=True):
    """What of a filter cycle is to be otherwise; whatever changes but its title is another version."""

    title: Title | UnsetType = UNSET
    query: Name | UnsetType = UNSET
    fields: Annotated[list[Name], Meta(min_length=1, max_length=10)] | UnsetType = UNSET
    values: Mapping[str, Annotated[list[Value], Meta(max_length=1_000)]] | UnsetType = UNSET


class ToldCycle(Wire, frozen=True, kw_only=True):
    """A filter cycle."""

    id: str
    template_id: str
    title: str
    version: int
    query: str
    fields: tuple[str, ...]
    values: Mapping[str, tuple[Value, ...]]
    created_at: str
    last_saved_at: str


class ToldCycles(Wire, frozen=True, kw_only=True):
    """A page of filter cycles, and how many there are in all."""

    filter_cycles: list[ToldCycle]
    total: int
    page_num: int
    per_page: int


def told_template(template: Template, content: Content | None = None) -> ToldTemplate:
    """A template, with its newest content if that is given."""
    told = ToldTemplate(
        id=template.id,
        title=template.title,
        version=template.version,
        base_template=template.is_base,
        meta=template.meta,
        owner_id=template.made_by,
        created_at=iso(template.made_at),
        last_saved_at=iso(template.saved_at),
    )
    return told if content is None else replace(told, **_told_content(content))


def told_cycle(cycle: FilterCycle) -> ToldCycle:
    return ToldCycle(
        id=cycle.id,
        template_id=cycle.template,
        title=cycle.title,
        version=cycle.version,
        query=cycle.query,
        fields=cycle.fields,
        values=cycle.values,
        created_at=iso(cycle.made_at),
        last_saved_at=iso(cycle.saved_at),
    )


def _told_content(content: Content) -> dict[str, Any]:
    return {
        "html": content.html,
        "queries": [
            TemplateQuery(name=one.name, sql=one.sql, connection=one.connection, most_rows=one.most_rows)
            for one in content.queries
        ],
        "charts": [
            TemplateChart(name=one.name, query=one.query, spec=dict(one.spec), board=one.board, chart=one.chart)
            for one in content.charts
        ],
        "parameters": [
            # A kind that is none was refused when the template was kept.
            TemplateParameter(name=one.name, kind=one.kind, default=one.default, title=one.title)  # type: ignore[arg-type]
            for one in content.parameters
        ],
        "filter_sets": {name: told_filters(filters) for name, filters in content.filter_sets.items()},
    }


def _query(told: TemplateQuery) -> ReportQuery:
    return ReportQuery(name=told.name, sql=told.sql, connection=told.connection, most_rows=told.most_rows)


def _chart(told: TemplateChart) -> ReportChart:
    return ReportChart(name=told.name, query=told.query, spec=told.spec, board=told.board, chart=told.chart)


def _parameter(told: TemplateParameter) -> ReportParameter:
    return ReportParameter(name=told.name, kind=told.kind, default=told.default, title=told.title)
