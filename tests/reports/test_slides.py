"""Slides: read back by the library that knows them, from the file."""

import io
from typing import Any

import pytest
from PIL import Image
from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE_TYPE

from tidings.core.report import DataSheet, Filter, ReportFormat, Value
from tidings.reports.printing import Drawn, Printing
from tidings.reports.slides import slides

AT = 1_764_000_000_000  # 2025-11-24 16:00 in UTC
ROWS: list[tuple[Value, ...]] = [(f"row {n} <b>&\x0b\x00\ufffe", n, None, *range(9)) for n in range(150)]
COLUMNS = ("name", "number", "nothing", *(f"other {n}" for n in range(9)))


def picture() -> bytes:
    found = io.BytesIO()
    Image.new("RGB", (600, 900)).save(found, "PNG")
    return found.getvalue()


@pytest.fixture(scope="module")
def made() -> Any:  # noqa: ANN401 - python-pptx has types in part
    order = Printing(
        html="",
        title="Sales & <more>\x00",
        formats=frozenset({ReportFormat.PPTX}),
        at=AT,
        time_zone="Asia/Kolkata",
        within_s=60,
        sheets={
            "sales": DataSheet(columns=COLUMNS, rows=ROWS, total=1_000),
            "few": DataSheet(columns=("a",), rows=[("x" * 200,)], total=1),
            "none": DataSheet(columns=("a",), rows=[], total=0),
        },
        charts={"by shop": Drawn(png=picture(), beyond=("town", "<x>"))},
        filters=(Filter(field="town", values=("Pune", None)),),
    )
    return Presentation(io.BytesIO(slides(order)))


def texts(slide: Any) -> list[str]:  # noqa: ANN401 - as above
    return [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]


def test_the_first_slide_tells_title_date_and_filters(made: Any) -> None:  # noqa: ANN401 - as above
    title, told = texts(made.slides[0])

    assert title == "Sales & <more> "
    assert told == "2025-11-24 21:30 (Asia/Kolkata)\ntown: Pune, (empty)"
    assert (made.core_properties.title, made.core_properties.author) == ("Sales & <more> ", "Tidings")


def test_a_chart_has_a_slide_that_it_fits_on(made: Any) -> None:  # noqa: ANN401 - as above
    [shown] = [shape for shape in made.slides[1].shapes if shape.shape_type == MSO_SHAPE_TYPE.PICTURE]

    assert texts(made.slides[1]) == [
        "by shop",
        "Not limited by town, <x>: what this chart counts has no such field.",
    ]
    assert shown.left >= 0
    assert shown.top + shown.height <= made.slide_height
    assert shown.width * 3 == pytest.approx(shown.height * 2, rel=0.001)


def test_tables_go_on_over_slides_up_to_a_number_and_say_how_much_more_there_is(made: Any) -> None:  # noqa: ANN401 - as above
    told = [texts(slide) for slide in made.slides][2:]
    tables = [shape.table for slide in made.slides for shape in slide.shapes if shape.has_table]

    assert [one[0] for one in told] == [
        *(f"sales ({n * 14 + 1} to {n * 14 + 14} of 1,000)" for n in range(10)),
        "few (1 to 1 of 1)",
        "none",
    ]
    assert told[0][1] == "… and 4 more columns"
    assert told[9][1] == "… and 860 more rows; … and 4 more columns"
    assert told[11][1] == "no rows"
    assert [cell.text for cell in tables[1].rows[0].cells] == list(COLUMNS[:8])
    assert [cell.text for cell in tables[1].rows[1].cells][:3] == ["row 14 <b>&", "14", ""]
    assert tables[10].rows[1].cells[0].text == "x" * 129 + "…"
