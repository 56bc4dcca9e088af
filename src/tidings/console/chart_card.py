"""Chart card: a chart as a page shows it: a figure, texts, or a drawing with the same numbers as a table beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tidings.console.wording import showable
from tidings.core.row import Cell, Shape
from tidings.dashboards.boards import Kind
from tidings.dashboards.charts import Spec, drawable
from tidings.dashboards.showing import ShownChart
from tidings.dashboards.texts import CsvWriter
from tidings.tables.selection import Column

_SHAPES = {"at": Shape.INSTANT, "until": Shape.INSTANT, "count": Shape.WHOLE, "number": Shape.WHOLE}
_NUMBERS = frozenset({"least", "below", "latitude", "longitude"})
_TITLES = {
    "value": "Answer",
    "count": "How often",
    "at": "From",
    "until": "Until",
    "least": "From",
    "below": "Below",
    "latitude": "Latitude",
    "longitude": "Longitude",
}
# Rows of the table beside a chart; all of them are in the file.
_MOST_ROWS = 100
_GROUP_CHART = "group_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartCard:
    """A chart and what is told of it. `columns` are pairs of a name in `rows` and a title."""

    name: str
    title: str
    kind: Kind
    note: str
    total: int
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Mapping[str, Any]]
    left_out: int

    @property
    def is_figure(self) -> bool:
        return self.kind is Kind.FIGURE

    @property
    def is_texts(self) -> bool:
        return self.kind is Kind.TEXTS


def card_of(chart: ShownChart, *, groups: Mapping[str, str]) -> ChartCard:
    data = told(chart, groups=groups)
    names = [name for name in _TITLES if data and name in data[0]]
    return ChartCard(
        name=chart.name,
        title=chart.title,
        kind=Kind(chart.kind),
        note=chart.spec["title"].get("subtitle", ""),
        total=sum(int(row.get("count", 0)) for row in data),
        columns=[(name, _TITLES[name]) for name in names],
        rows=data[:_MOST_ROWS],
        left_out=max(len(data) - _MOST_ROWS, 0),
    )


def told(chart: ShownChart, *, groups: Mapping[str, str]) -> list[dict[str, Any]]:
    """Its data, with groups called as people call them."""
    if chart.name != _GROUP_CHART:
        return chart.data
    return [{**row, "value": groups.get(row["value"]) or row["value"]} for row in chart.data]


def drawn(chart: ShownChart, *, groups: Mapping[str, str]) -> Spec:
    """Its spec with its data, as it may be drawn: what was answered cannot turn a line around, or hide in it."""
    data = [
        {name: showable(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in told(chart, groups=groups)
    ]
    spec = drawable(chart.spec, data)
    spec["title"] = spec["title"] | {"text": [showable(line) for line in spec["title"]["text"]]}
    return spec


def spec_of(chart: ShownChart, *, groups: Mapping[str, str]) -> Spec:
    """Its spec for a page, which tells the title itself and knows how wide it is."""
    spec = drawn(chart, groups=groups)
    del spec["title"]
    if chart.kind != Kind.PLACES:
        spec |= {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
    if isinstance(spec.get("mark"), dict):
        # The gap between rectangles, whatever is behind them.
        spec["mark"] = {name: value for name, value in spec["mark"].items() if name != "stroke"}
    return spec


def file_of(chart: ShownChart, *, groups: Mapping[str, str]) -> bytes:
    """Its data as CSV."""
    data = told(chart, groups=groups)
    columns = [
        Column(name=name, shape=_shape(name), is_key=False, comment="") for name in (data[0] if data else ("count",))
    ]
    writer = CsvWriter(columns, is_raw=False)
    rows: list[tuple[Cell, ...]] = [tuple(row.values()) for row in data]
    return writer.add(rows) + b"".join(writer.end())


def _shape(name: str) -> Shape:
    return Shape.NUMBER if name in _NUMBERS else _SHAPES.get(name, Shape.TEXT)
