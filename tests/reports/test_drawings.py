"""Drawings: charts of a report's own rows and of dashboards, and specs that want more than that."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.forms import TABLE, response
from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.core.report import DataSheet, Filter, ReportChart, ReportFormat
from tidings.dashboards.drawing import Drawing
from tidings.dashboards.showing import Showing
from tidings.reports.drawings import check_spec, drawn
from tidings.tables.pieces import Pieces
from tidings.tables.query import Query
from tidings.tables.tables import open_tables

SHEETS = {"sales": DataSheet(columns=("shop", "sold"), rows=[("<Quay>", 3), ("Market", None)], total=2)}
SPEC: dict[str, Any] = {
    "data": {"name": "table"},
    "mark": "bar",
    "encoding": {"y": {"field": "shop", "type": "nominal"}, "x": {"field": "sold", "type": "quantitative"}},
}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"data": {"url": "http://127.0.0.1:9/"}}, "data"),
        ({"data": {"values": [{"a": 1}]}}, "data"),
        ({"data": {"sequence": {"start": 0, "stop": 10**12}}}, "data"),
        ({"data": {"name": "table", "url": "file:///etc/passwd"}}, "data"),
        ({"datasets": {"x": []}}, "datasets"),
        ({"layer": [{"mark": {"type": "image", "url": "http://127.0.0.1:9/x.png"}}]}, "url"),
        ({"encoding": {"url": {"field": "shop"}}}, "url"),
        ({"encoding": {"href": {"field": "shop"}}}, "href"),
        ({"transform": [{"lookup": "a", "from": {"data": {"url": "http://127.0.0.1:9/"}}}]}, "data"),
        ({"width": 10**9}, "width"),
        ({"height": {"step": 10**9}}, "step"),
    ],
)
def test_a_spec_shows_the_rows_of_its_query_and_nothing_else(changes: dict[str, Any], reason: str) -> None:
    check_spec(SPEC)
    with pytest.raises(Invalid, match=f"^{reason}: "):
        check_spec(SPEC | changes)


def test_a_spec_that_is_none_or_nests_without_end_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"layer": [deep]}
    for spec in ({}, deep):
        with pytest.raises(Invalid, match=r"^spec: "):
            check_spec(spec)


async def test_charts_are_drawn_as_the_formats_need_and_what_cannot_be_is_named(tmp_path: Path) -> None:
    drawing = Drawing(Clock())
    with open_tables(f"sqlite:{tmp_path / 'tables.db'}") as tables:
        tables.write([*response("r1", ["Harbour"], 2), *response("r2", ["Market"], 1)])
        pieces = Pieces(Query(tables.engine, clock=Clock()))
        showing = Showing(lambda: pieces)

        async def draw(chart: ReportChart, *formats: str, filters: Sequence[Filter] = ()) -> Any:  # noqa: ANN401 - or nothing at all
            wanted = frozenset(ReportFormat(name) for name in formats)
            found = await drawn([chart], SHEETS, drawing=drawing, showing=showing, formats=wanted, filters=filters)
            return found.get("c")

        async with drawing.running():
            own = await draw(ReportChart(name="c", query="sales", spec=SPEC), "html", "xlsx")
            of_board = await draw(ReportChart(name="c", board=TABLE, chart="outlet"), "pdf", "pptx")

            assert b"&lt;Quay&gt;" in own.svg
            assert not own.png
            assert b"Harbour" in of_board.svg
            assert of_board.png.startswith(b"\x89PNG")
            market = (Filter(field="outlet", values=("Market",)), Filter(field="shop", values=("Market",)))
            limited = await draw(ReportChart(name="c", board=TABLE, chart="outlet"), "html", filters=market)
            assert (b"Market" in limited.svg, b"Harbour" in limited.svg) == (True, False)
            assert limited.note == "Not limited by shop: what this chart counts has no such field."
            assert not own.note
            assert await draw(ReportChart(name="c", query="sales", spec=SPEC), "csv") is None
            for chart, reason in (
                (
                    ReportChart(name="c", query="other", spec=SPEC),
                    "query: there is none called 'other'; there are sales",
                ),
                (
                    ReportChart(name="c", query="sales", spec=SPEC | {"transform": [{"filter": "datum.a +"}]}),
                    r"the chart cannot be drawn: Unexpected end of input$",
                ),
                (ReportChart(name="c", query="sales", spec=SPEC | {"mark": "barr"}), r"cannot be drawn: [^\n/]+$"),
                (ReportChart(name="c", board="nowhere", chart="x"), "no such dashboard"),
            ):
                with pytest.raises(Invalid, match=f"^chart c: .*{reason}"):
                    await draw(chart, "html")
