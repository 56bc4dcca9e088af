"""Report rows: the lists of a template (queries, charts, parameters, filter sets) as they stand in a form."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tidings.console.form import Form
from tidings.console.report_values import (
    KINDS,
    filters_in,
    filters_text,
    object_in,
    object_text,
    value_in,
    value_text,
    zone_of,
)
from tidings.core.errors import Invalid, TidingsError
from tidings.core.report import Content, Filter, ReportChart, ReportParameter, ReportQuery
from tidings.reports.content import MOST_CHARTS, MOST_FILTER_SETS, MOST_PARAMETERS, MOST_QUERIES

# The lists of a form, and the fields of their rows: `query3-sql` is the SQL of the row with the key 3.
LISTS: Mapping[str, tuple[str, ...]] = {
    "query": ("name", "sql", "connection", "most"),
    "chart": ("name", "query", "source", "spec"),
    "parameter": ("name", "title", "kind", "default"),
    "set": ("name", "filters"),
}
# The button that changes nothing but what is shown.
KEEP = "keep"
MOST_OF: Mapping[str, int] = {
    "query": MOST_QUERIES,
    "chart": MOST_CHARTS,
    "parameter": MOST_PARAMETERS,
    "set": MOST_FILTER_SETS,
}
_LONGEST_KEY = 9
# `queries[0].sql: …` and `filterSets.north: …` say those that keep templates, `query 'sales' …` those that read data,
# `chart trend: …` those that draw, and `the template, line 3: …` those that fill the page.
_PLACED = re.compile(
    r"(?P<list>queries|charts|parameters)\[(?P<place>\d{1,4})\](?:\.(?P<part>\w+))?: (?P<text>.*)", re.DOTALL
)
_NAMED = re.compile(r"(?P<list>query |chart |filterSets\.)(?:'(?P<quoted>[^']+)'|(?P<plain>[^\[\]:'.]+)(?=[:\[.]))")
_WRITTEN = re.compile(r"the template(?:, (line \d+: )|: )(.*)", re.DOTALL)
_SINGULAR = {"queries": "query", "charts": "chart", "parameters": "parameter"}
_MAIN = {"query": "sql", "chart": "spec", "parameter": "default", "set": "filters"}
_PARTS = {"mostRows": "most", "board": "source", "chart": "source"}
_UTC = zone_of("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a list; `key` stays with it wherever it is moved."""

    key: int
    values: Mapping[str, str]
    is_new: bool = False


Rows = Mapping[str, Sequence[Row]]


def rows_of(content: Content) -> Rows:
    """The rows of a template that there is."""
    found: dict[str, list[dict[str, str]]] = {
        "query": [
            {"name": one.name, "sql": one.sql, "connection": one.connection, "most": str(one.most_rows)}
            for one in content.queries
        ],
        "chart": [
            {"name": one.name, "query": one.query, "source": source_of(one), "spec": object_text(one.spec)}
            for one in content.charts
        ],
        "parameter": [
            {
                "name": one.name,
                "title": one.title,
                "kind": one.kind,
                "default": value_text(one.default, one.kind, zone=_UTC),
            }
            for one in content.parameters
        ],
        "set": [{"name": name, "filters": filters_text(some)} for name, some in content.filter_sets.items()],
    }
    return {name: [Row(key=key, values=one) for key, one in enumerate(some)] for name, some in found.items()}


def rows_in(form: Form) -> Rows:
    """The rows that a form was sent with, in their order. Raises Invalid."""
    found = {}
    for name, fields in LISTS.items():
        keys = [key for key in dict.fromkeys(form.all(name)) if _is_key(key)]
        found[name] = [
            Row(key=int(key), values={one: _part(form, f"{name}{key}-{one}") for one in fields}) for key in keys
        ]
    return found


def changed(rows: Rows, do: str) -> Rows:
    """The rows after a button was pressed: `add-query`, or `remove-query-3`, `up-query-3`; else as they are."""
    what, _, rest = do.partition("-")
    name, _, key = rest.partition("-")
    if name not in LISTS:
        return rows
    found = list(rows[name])
    if what == "add" and len(found) < MOST_OF[name]:
        found.append(Row(key=max((row.key for row in found), default=-1) + 1, values=_blank(name), is_new=True))
    place = next((place for place, row in enumerate(found) if str(row.key) == key), -1)
    if what == "remove" and place >= 0:
        del found[place]
    if what == "up" and place > 0:
        found[place - 1 : place + 1] = found[place], found[place - 1]
    return {**rows, name: found}


def content_of(form: Form, rows: Rows) -> Content:
    """What a form describes. Raises Invalid, naming the field."""
    form.needed("html")
    for name in LISTS:
        _must_differ(name, rows[name])
    return Content(
        html=written(form, "html"),
        queries=tuple(_query(row) for row in rows["query"]),
        charts=tuple(_chart(row) for row in rows["chart"]),
        parameters=tuple(_parameter(row) for row in rows["parameter"]),
        filter_sets={row.values["name"]: _filters(row) for row in rows["set"]},
    )


def source_of(chart: ReportChart) -> str:
    """Which chart of which dashboard it is; empty for one with a spec of its own."""
    return f"{chart.board}/{chart.chart}" if chart.board else ""


def written(form: Form, name: str) -> str:
    """A text as it was written, with its blanks, and lines that end as they did before a browser sent them."""
    return next((value for known, value in reversed(form.fields) if known == name), "").replace("\r\n", "\n")


def at_its_row(error: TidingsError, rows: Rows) -> TidingsError:
    """The same complaint at the row that it is about, of all ways in which those that read templates say so."""
    if found := _PLACED.fullmatch(error.message):
        name = _SINGULAR[found["list"]]
        if int(found["place"]) < len(rows[name]):
            part = _PARTS.get(found["part"] or "", found["part"] or _MAIN[name])
            return Invalid(f"{name}{rows[name][int(found['place'])].key}-{part}: {found['text']}")
    if found := _NAMED.match(error.message):
        name = "set" if found["list"] == "filterSets." else found["list"].strip()
        for row in rows[name]:
            if row.values["name"] in {found["plain"], found["quoted"]}:
                said = error.message[found.end() :].lstrip(": ")
                return Invalid(f"{name}{row.key}-{_MAIN[name]}: {said if found['plain'] else error.message}")
    if found := _WRITTEN.fullmatch(error.message):
        return Invalid(f"html: {found[1] or ''}{found[2]}")
    return error


def _part(form: Form, name: str) -> str:
    return written(form, name) if name.endswith("-sql") else form.text(name)


def _blank(name: str) -> dict[str, str]:
    return dict.fromkeys(LISTS[name], "")


def _is_key(key: str) -> bool:
    return key.isascii() and key.isdigit() and len(key) <= _LONGEST_KEY


def _must_differ(name: str, rows: Sequence[Row]) -> None:
    seen: set[str] = set()
    for row in rows:
        title = row.values["name"]
        if not title:
            raise Invalid(f"{name}{row.key}-name: is empty; fill it in, or remove the row")
        if title in seen:
            raise Invalid(f"{name}{row.key}-name: there is another one called {title[:60]!r}; names must differ")
        seen.add(title)


def _query(row: Row) -> ReportQuery:
    values, most = row.values, row.values["most"]
    if not values["sql"].strip():
        raise Invalid(f"query{row.key}-sql: is empty; write a SELECT")
    if not (most.isascii() and most.isdigit() and 0 < len(most) <= _LONGEST_KEY):
        raise Invalid(f"query{row.key}-most: write a whole number of rows")
    return ReportQuery(name=values["name"], sql=values["sql"], connection=values["connection"], most_rows=int(most))


def _chart(row: Row) -> ReportChart:
    board, _, chart = row.values["source"].partition("/")
    if board:
        return ReportChart(name=row.values["name"], board=board, chart=chart)
    if not row.values["query"]:
        raise Invalid(f"chart{row.key}-query: say of which query it draws the rows, or choose a chart of a dashboard")
    spec = object_in(row.values["spec"], field=f"chart{row.key}-spec")
    if not spec:
        raise Invalid(f"chart{row.key}-spec: is empty; write a Vega-Lite spec, or choose a chart of a dashboard")
    return ReportChart(name=row.values["name"], query=row.values["query"], spec=spec)


def _parameter(row: Row) -> ReportParameter:
    kind = row.values["kind"] or "text"
    if kind not in KINDS:
        raise Invalid(f"parameter{row.key}-kind: there is no such kind; choose one of the list")
    blank = ReportParameter(name=row.values["name"], kind=kind, title=row.values["title"])
    default = value_in(row.values["default"], blank, field=f"parameter{row.key}-default", zone=_UTC)
    return ReportParameter(name=blank.name, kind=kind, title=blank.title, default=default)


def _filters(row: Row) -> tuple[Filter, ...]:
    found = filters_in(row.values["filters"], field=f"set{row.key}-filters")
    if not found:
        raise Invalid(f"set{row.key}-filters: is empty; write column: value, value")
    return found
