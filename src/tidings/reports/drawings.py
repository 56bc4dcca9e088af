"""Drawings: the charts of a report, of its own rows or of a dashboard, as the pictures that its formats need."""

from collections.abc import Mapping, Sequence
from typing import Any

from tidings.core.errors import Invalid, NotFound
from tidings.core.report import DataSheet, Filter, ReportChart, ReportFormat
from tidings.dashboards.charts import DATA, drawable
from tidings.dashboards.drawing import Drawing, Picture
from tidings.dashboards.showing import Look, Showing
from tidings.reports.printing import Drawn

# Pixels, and steps between marks. A page is some 700 wide.
_MOST_PIXELS = 4_000
_LENGTHS = frozenset({"width", "height", "step"})
# What would ask somebody, or hold data of its own, by whatever name it is drawn.
_FORBIDDEN = frozenset({"url", "href", "datasets", "usermeta"})
# Those of the pages, measured alike by whoever draws and whoever prints: other letters would run out of the picture.
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
# Specs nest a few levels; who nests more means no good.
_MOST_LEVELS = 32


async def drawn(
    charts: Sequence[ReportChart],
    sheets: Mapping[str, DataSheet],
    *,
    drawing: Drawing,
    showing: Showing,
    formats: frozenset[ReportFormat],
    filters: Sequence[Filter] = (),
) -> Mapping[str, Drawn]:
    """The pictures by the charts' names; those of dashboards as far as `filters` let them, the sheets are so already.

    Raises Invalid, naming the chart, and Unavailable.
    """
    on_pages = bool(formats & {ReportFormat.HTML, ReportFormat.PDF, ReportFormat.PNG})
    on_slides = ReportFormat.PPTX in formats
    found = {}
    for chart in charts if on_pages or on_slides else ():
        try:
            spec, beyond = await _spec(chart, sheets, showing=showing, filters=filters)
            found[chart.name] = Drawn(
                svg=await drawing.draw(spec, Picture.SVG) if on_pages else b"",
                png=await drawing.draw(spec, Picture.PNG) if on_slides else b"",
                beyond=beyond,
            )
        except (Invalid, NotFound) as error:
            raise Invalid(f"chart {chart.name}: {error.message}") from error
    return found


def check_spec(spec: Mapping[str, Any]) -> None:
    """Raises Invalid for a spec that has other data than the rows it is drawn of, or asks for anything by a URL."""
    if not spec:
        raise Invalid("spec: write one of Vega-Lite, whose data is called table")
    if spec.get("data", _NAMED) != _NAMED:
        raise Invalid(_OTHER_DATA)
    _check(spec, level=0)


_NAMED = {"name": DATA}
_OTHER_DATA = f'data: a chart shows the rows of its query; write {{"name": "{DATA}"}}'


def _check(part: object, *, level: int) -> None:
    if level > _MOST_LEVELS:
        raise Invalid(f"spec: it nests more than {_MOST_LEVELS} levels")
    if isinstance(part, Mapping):
        for key, value in part.items():
            _check_key(key, value)
            _check(value, level=level + 1)
    elif isinstance(part, (list, tuple)):
        for value in part:
            _check(value, level=level + 1)


def _check_key(key: str, value: object) -> None:
    if key in _FORBIDDEN:
        raise Invalid(f"{key}: a chart may not have that; it shows the rows of its query alone")
    if key == "data" and value != _NAMED:
        raise Invalid(_OTHER_DATA)
    if key in _LENGTHS and isinstance(value, (int, float)) and not 0 <= value <= _MOST_PIXELS:
        raise Invalid(f"{key}: use at most {_MOST_PIXELS}")


async def _spec(
    chart: ReportChart, sheets: Mapping[str, DataSheet], *, showing: Showing, filters: Sequence[Filter]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What is drawn, and by which fields of the filters it is not limited."""
    if chart.board:
        shown = await showing.chart(chart.board, chart.chart, look=Look(filters=tuple(filters)))
        return drawable(_lettered(shown.spec), shown.data), shown.beyond
    check_spec(chart.spec)
    sheet = sheets.get(chart.query)
    if sheet is None:
        raise Invalid(f"query: there is none called {chart.query!r}; there are {', '.join(sheets) or 'none'}")
    rows = [dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows]
    return drawable(_lettered(chart.spec), rows), ()


def _lettered(spec: Mapping[str, Any]) -> dict[str, Any]:
    config = spec.get("config", {})
    return {**spec, "config": {"font": _FONT, **config} if isinstance(config, Mapping) else config}
