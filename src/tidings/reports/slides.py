"""Slides: a report as PPTX: its title, its charts, and the first rows of its tables."""

import io
import itertools
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tidings.core.report import DataSheet
from tidings.reports.figures import told_time, zone_of
from tidings.reports.pages import told_values
from tidings.reports.printing import Drawn, Printing

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.slide import Slide

# What is read on a wall: rows and columns on a slide, slides of a table; and what fits into one line of a whole row.
_ROWS, _MOST_COLUMNS, _MOST_SLIDES, _MOST_SIGNS = 14, 8, 10, 130
# Inches, as 16:9 has them today; a row of a table, and where what is below the title begins and ends.
_WIDE, _HIGH, _MARGIN = 13.333, 7.5, 0.6
_ROW, _TOP, _BOTTOM = 0.36, 1.3, 0.6
# Places in the layouts that python-pptx brings along.
_TITLE_SLIDE, _TITLE_ONLY = 0, 5
# What XML cannot hold, however it is written.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def slides(order: Printing) -> bytes:
    """A slide with title, date and filters; one for each chart; and as many as it takes for the tables."""
    from pptx import Presentation  # noqa: PLC0415 - half a second, for those alone who want slides
    from pptx.util import Inches  # noqa: PLC0415 - as above

    made = Presentation()
    made.slide_width, made.slide_height = Inches(_WIDE), Inches(_HIGH)
    made.core_properties.title, made.core_properties.author = _held(order.title)[:255], "Tidings"
    made.core_properties.created = datetime(1970, 1, 1) + timedelta(milliseconds=order.at)  # noqa: DTZ001 - UTC, as it is there
    _front(made, order)
    for name, drawn in order.charts.items():
        _chart(made, name, drawn=drawn)
    for name, sheet in order.sheets.items():
        _tables(made, name, sheet=sheet)
    found = io.BytesIO()
    made.save(found)
    return found.getvalue()


def _front(made: "Presentation", order: Printing) -> None:
    slide = made.slides.add_slide(made.slide_layouts[_TITLE_SLIDE])
    _titled(slide, order.title, top=2.0, high=1.6)
    told = [told_time(order.at, "%Y-%m-%d %H:%M", zone=zone_of(order.time_zone)) + f" ({order.time_zone})"]
    told += [f"{one.field}: {told_values(one)}" for one in order.filters]
    subtitle = slide.placeholders[1]
    _placed(subtitle, top=3.8, high=2.8)
    subtitle.text_frame.text = _held("\n".join(told))
    _sized(subtitle.text_frame, points=18)


def _chart(made: "Presentation", name: str, *, drawn: Drawn) -> None:
    """As large as the slide has room for."""
    from pptx.util import Inches, Length  # noqa: PLC0415 - as above

    slide = _new(made, name)
    if not drawn.png:
        return
    picture = slide.shapes.add_picture(io.BytesIO(drawn.png), Inches(_MARGIN), Inches(_TOP))
    wide, high = Inches(_WIDE - 2 * _MARGIN), Inches(_HIGH - _TOP - _BOTTOM)
    scale = min(wide / picture.width, high / picture.height)
    picture.width, picture.height = Length(int(picture.width * scale)), Length(int(picture.height * scale))
    picture.left = Length(Inches(_MARGIN) + (wide - picture.width) // 2)
    picture.name = _held(name)
    _noted(slide, _held(drawn.note))


def _tables(made: "Presentation", name: str, *, sheet: DataSheet) -> None:
    shown = min(len(sheet.rows), _ROWS * _MOST_SLIDES)
    parts = list(_parts(sheet, shown)) or [(0, [])]
    for begin, rows in parts:
        is_last = begin + len(rows) == shown
        where = f" ({begin + 1:,} to {begin + len(rows):,} of {sheet.total:,})" if rows else ""
        slide = _new(made, f"{name}{where}")
        if sheet.columns:
            _table(slide, sheet, rows=rows)
        _noted(slide, _rest(sheet, shown=shown if is_last else sheet.total))


def _parts(sheet: DataSheet, shown: int) -> Iterator[tuple[int, list[tuple[Any, ...]]]]:
    for begin in range(0, shown, _ROWS):
        yield begin, sheet.rows[begin : min(begin + _ROWS, shown)]


def _rest(sheet: DataSheet, *, shown: int) -> str:
    told = []
    if sheet.total > shown:
        told.append(f"… and {sheet.total - shown:,} more rows")
    if len(sheet.columns) > _MOST_COLUMNS:
        told.append(f"… and {len(sheet.columns) - _MOST_COLUMNS:,} more columns")
    return "; ".join(told) if told else "" if sheet.total else "no rows"


def _table(slide: "Slide", sheet: DataSheet, *, rows: list[tuple[Any, ...]]) -> None:
    from pptx.util import Inches  # noqa: PLC0415 - as above

    columns = sheet.columns[:_MOST_COLUMNS]
    wide = Inches(_WIDE - 2 * _MARGIN)
    frame = slide.shapes.add_table(
        len(rows) + 1, len(columns), Inches(_MARGIN), Inches(_TOP), wide, Inches(_ROW * (len(rows) + 1))
    )
    for row, cells in enumerate(itertools.chain([columns], rows)):
        for column, value in enumerate(cells[:_MOST_COLUMNS]):
            text = frame.table.cell(row, column).text_frame
            text.text = _cell(value, most=_MOST_SIGNS // len(columns))
            _sized(text, points=11)


def _cell(value: object, *, most: int) -> str:
    told = "" if value is None else " ".join(_held(str(value)).split())
    return told if len(told) <= most else told[: most - 1] + "…"


def _held(text: str) -> str:
    return _NO_XML.sub(" ", text)


def _new(made: "Presentation", title: str) -> "Slide":
    slide: Slide = made.slides.add_slide(made.slide_layouts[_TITLE_ONLY])
    _titled(slide, title, top=0.3, high=0.8)
    return slide


def _titled(slide: "Slide", title: str, *, top: float, high: float) -> None:
    place = slide.shapes.title
    if place is not None:
        _placed(place, top=top, high=high)
        place.text_frame.text = _held(title)
        _sized(place.text_frame, points=40 if high > 1 else 26)


def _noted(slide: "Slide", note: str) -> None:
    from pptx.util import Inches  # noqa: PLC0415 - as above

    if note:
        box = slide.shapes.add_textbox(
            Inches(_MARGIN), Inches(_HIGH - _BOTTOM), Inches(_WIDE - 2 * _MARGIN), Inches(0.4)
        )
        box.text_frame.text = note
        _sized(box.text_frame, points=12)


def _placed(shape: Any, *, top: float, high: float) -> None:  # noqa: ANN401 - one of a dozen kinds
    from pptx.util import Inches  # noqa: PLC0415 - as above

    shape.left, shape.width = Inches(_MARGIN), Inches(_WIDE - 2 * _MARGIN)
    shape.top, shape.height = Inches(top), Inches(high)


def _sized(text: Any, *, points: int) -> None:  # noqa: ANN401 - as above
    from pptx.util import Pt  # noqa: PLC0415 - as above

    for paragraph in text.paragraphs:
        paragraph.font.size = Pt(points)
