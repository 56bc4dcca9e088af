"""Content: what a version of a template may hold."""

from collections.abc import Mapping, Sequence

from tidings.core.errors import Invalid
from tidings.core.report import Content, Filter, ReportChart, ReportParameter, ReportQuery
from tidings.reports.terms import checked_filters, checked_json, checked_kind, checked_name, checked_title

# Specified.
LARGEST_HTML = 2_000_000
MOST_QUERIES = 20
MOST_CHARTS = 50
MOST_PARAMETERS = 50
# Guesses: a query that is longer was made by a program, a specification that is larger holds its data.
LONGEST_SQL = 100_000
LARGEST_SPEC = 100_000
MOST_FILTER_SETS = 50
LARGEST_FILTER_SET = 200_000
# All of it as JSON: a run holds it in memory.
LARGEST = 8_000_000
# As many as a sheet of a workbook holds beneath its heading.
MOST_ROWS = 1_048_575


def checked_content(content: Content) -> Content:
    """The content as it is kept. Raises Invalid, naming what is not as it must be."""
    if len(content.html.encode(errors="replace")) > LARGEST_HTML:
        raise Invalid(f"html: is larger than {LARGEST_HTML:,} bytes; give the pictures their size, or leave some out")
    checked_json(content.html, field="html", limit=LARGEST_HTML * 6)
    _check_queries(content.queries)
    _check_parameters(content.parameters)
    _check_charts(content.charts, queries={query.name for query in content.queries})
    _check_filter_sets(content.filter_sets)
    checked_json(content, field="content", limit=LARGEST)
    return content


def _check_queries(queries: Sequence[ReportQuery]) -> None:
    _check_many(len(queries), MOST_QUERIES, field="queries")
    _check_names([query.name for query in queries], field="queries")
    for number, query in enumerate(queries):
        here = f"queries[{number}]"
        if not query.sql.strip() or len(query.sql) > LONGEST_SQL:
            raise Invalid(f"{here}.sql: expected a SELECT of at most {LONGEST_SQL:,} characters")
        checked_json(query.sql, field=f"{here}.sql", limit=LONGEST_SQL * 6)
        if query.connection:
            checked_title(query.connection, field=f"{here}.connection")
        if not 1 <= query.most_rows <= MOST_ROWS:
            raise Invalid(f"{here}.mostRows: expected 1 to {MOST_ROWS:,}")


def _check_parameters(parameters: Sequence[ReportParameter]) -> None:
    _check_many(len(parameters), MOST_PARAMETERS, field="parameters")
    _check_names([parameter.name for parameter in parameters], field="parameters")
    for number, parameter in enumerate(parameters):
        here = f"parameters[{number}]"
        checked_kind(parameter, field=here)
        checked_json(parameter.default, field=f"{here}.default", limit=LARGEST_FILTER_SET)
        if parameter.title:
            checked_title(parameter.title, field=f"{here}.title")


def _check_charts(charts: Sequence[ReportChart], *, queries: set[str]) -> None:
    _check_many(len(charts), MOST_CHARTS, field="charts")
    _check_once([chart.name for chart in charts], field="charts")
    for number, chart in enumerate(charts):
        here = f"charts[{number}]"
        checked_title(chart.name, field=f"{here}.name")
        if bool(chart.query) == bool(chart.board):
            raise Invalid(f"{here}: name either the query whose rows it draws, or the board that it is on")
        if chart.board:
            checked_title(chart.board, field=f"{here}.board")
            checked_title(chart.chart, field=f"{here}.chart")
        elif chart.query not in queries:
            raise Invalid(
                f"{here}.query: there is no query {chart.query[:40]!r}; use one of {', '.join(sorted(queries))}"
            )
        elif not chart.spec:
            raise Invalid(f"{here}.spec: expected a Vega-Lite specification")
        checked_json(chart.spec, field=f"{here}.spec", limit=LARGEST_SPEC)


def _check_filter_sets(filter_sets: Mapping[str, tuple[Filter, ...]]) -> None:
    _check_many(len(filter_sets), MOST_FILTER_SETS, field="filterSets")
    for name, filters in filter_sets.items():
        checked_title(name, field="filterSets")
        here = f"filterSets.{name}"
        checked_filters(filters, field=here)
        checked_json(filters, field=here, limit=LARGEST_FILTER_SET)


def _check_many(count: int, most: int, *, field: str) -> None:
    if count > most:
        raise Invalid(f"{field}: there are {count}; a template has at most {most}")


def _check_names(names: Sequence[str], *, field: str) -> None:
    for number, name in enumerate(names):
        checked_name(name, field=f"{field}[{number}].name")
    _check_once(names, field=field)


def _check_once(names: Sequence[str], *, field: str) -> None:
    """By their small letters, too: files are named after them."""
    seen: set[str] = set()
    for number, name in enumerate(names):
        if name.casefold() in seen:
            raise Invalid(f"{field}[{number}].name: another one is called {name[:40]!r}; give each a name of its own")
        seen.add(name.casefold())
