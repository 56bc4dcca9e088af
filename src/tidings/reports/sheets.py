"""Sheets: the rows of reports as CSV, XLSX and JSON, written as they come, in constant memory."""

import csv
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.worksheet import Worksheet

from tidings.core.report import Filter, ReportFormat, Value
from tidings.dashboards.texts import FORMULA_SIGNS

Cells = Sequence[Value]

# Excel's own limits; it counts letters as UTF-16 does, its numbers are doubles, and its days begin in 1900.
_MOST_ROWS = 1_048_576
_LONGEST_TEXT = 32_767
_LONGEST_NAME = 31
_GREATEST_WHOLE = 2**53
_EARLIEST_YEAR = 1900
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f']")
_FILTERS = "Filters"
# `2024-01-31T09:00:00.000Z`
_INSTANT_LENGTH = 24


class SheetWriter(Protocol):
    """Takes queries one after the other."""

    def begin(self, name: str, columns: Sequence[str]) -> None: ...
    def add(self, rows: Sequence[Cells]) -> None: ...
    def end(self, *, total: int, is_cut: bool) -> None: ...
    def finish(self) -> None:
        """Write what comes after them all."""

    def close(self) -> None:
        """Let go of the file, finished or not."""


class CsvSheet:
    """The first query: UTF-8, a header, lines that end in CR LF.

    Before that a line `# field = value` for each value of a filter, and behind a line `# …` if rows were cut. A text
    that a spreadsheet would take for a formula gets an apostrophe in front.
    """

    def __init__(self, path: Path, *, title: str, filters: Sequence[Filter]) -> None:  # noqa: ARG002 - as all
        self._file = path.open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._file)
        self._is_first = True
        for one in filters:
            for value in one.values:
                self._remark(f"{one.field} = {shown(value)}")

    def begin(self, name: str, columns: Sequence[str]) -> None:  # noqa: ARG002 - the first has no name here
        if self._is_first:
            self._csv.writerow(map(_neutral, columns))

    def add(self, rows: Sequence[Cells]) -> None:
        if self._is_first:
            self._csv.writerows([_neutral(cell) for cell in row] for row in rows)

    def end(self, *, total: int, is_cut: bool) -> None:
        if self._is_first and is_cut:
            self._remark(cut_after(total))
        self._is_first = False

    def finish(self) -> None:
        """Nothing comes behind the rows."""

    def close(self) -> None:
        self._file.close()

    def _remark(self, words: str) -> None:
        self._file.write(f"# {' '.join(words.split())}\r\n")


class JsonSheets:
    """`{"title", "filters", "queries": {name: [rows]}, "cut": [names]}`, the last if any were cut."""

    def __init__(self, path: Path, *, title: str, filters: Sequence[Filter]) -> None:
        self._file = path.open("wb")
        self._encoder = msgspec.json.Encoder()
        self._columns: Sequence[str] = ()
        self._between = b""
        self._cut: list[str] = []
        head = {"title": title, "filters": filters}
        self._file.write(self._encoder.encode(head)[:-1] + b',"queries":{')

    def begin(self, name: str, columns: Sequence[str]) -> None:
        self._name, self._columns = name, columns
        self._file.write((b",\n" if self._between else b"\n") + self._encoder.encode(name) + b":[")
        self._between = b"\n"

    def add(self, rows: Sequence[Cells]) -> None:
        for row in rows:
            self._file.write(self._between + self._encoder.encode(dict(zip(self._columns, row, strict=True))))
            self._between = b",\n"

    def end(self, *, total: int, is_cut: bool) -> None:  # noqa: ARG002 - it can be counted
        self._file.write(b"]")
        if is_cut:
            self._cut.append(self._name)

    def finish(self) -> None:
        self._file.write(b"\n}" + (b',"cut":' + self._encoder.encode(self._cut) if self._cut else b"") + b"}\n")

    def close(self) -> None:
        self._file.close()


class XlsxSheets:
    """A sheet for each query, and more where one does not hold it, and one that tells of the filters.

    Texts stay texts, whatever they begin with, cut at Excel's length. Instants are dates, in UTC.
    """

    def __init__(self, path: Path, *, title: str, filters: Sequence[Filter], most_rows: int = _MOST_ROWS) -> None:
        self._told: list[Cells] = [("Report", title), *((one.field, *one.values) for one in filters)]
        if not filters:
            self._told.append(("Filters", "none"))
        self._most_rows = most_rows
        self._book = xlsxwriter.Workbook(
            str(path),
            {"constant_memory": True, "tmpdir": str(path.parent), "default_date_format": "yyyy-mm-dd hh:mm:ss"},
        )
        self._book.use_zip64()
        self._taken = {_FILTERS.lower(), "history"}

    def begin(self, name: str, columns: Sequence[str]) -> None:
        self._name, self._columns = name, columns
        self._sheet = self._new()

    def add(self, rows: Sequence[Cells]) -> None:
        for row in rows:
            if self._next == self._most_rows:
                self._sheet = self._new()
            self._line(row)

    def end(self, *, total: int, is_cut: bool) -> None:
        if is_cut:
            self._told.append((self._name, cut_after(total)))

    def finish(self) -> None:
        self._name, self._columns, self._taken = _FILTERS, (), self._taken - {_FILTERS.lower()}
        self._sheet = self._new()
        for row in self._told:
            self._line(row)
        try:
            self._book.close()
        except FileCreateError as error:
            raise OSError from error

    def close(self) -> None:
        for sheet in self._book.worksheets():
            sheet.row_data_fh.close()

    def _new(self) -> Worksheet:
        wish = _NOT_IN_NAMES.sub(" ", self._name).strip() or "Rows"
        name, number = wish[:_LONGEST_NAME], 1
        while name.lower() in self._taken:
            number += 1
            suffix = f" {number}"
            name = wish[: _LONGEST_NAME - len(suffix)] + suffix
        self._taken.add(name.lower())
        self._sheet, self._next = self._book.add_worksheet(name), 0
        if self._columns:
            self._line(self._columns)
        return self._sheet

    def _line(self, row: Cells) -> None:
        sheet, number = self._sheet, self._next
        for place, cell in enumerate(row):
            kind = type(cell)
            if kind is str:
                self._text(place, str(cell))
            elif kind is bool:
                sheet.write_boolean(number, place, cell)
            elif isinstance(cell, int) and abs(cell) > _GREATEST_WHOLE:
                sheet.write_string(number, place, str(cell))
            elif cell is not None:
                sheet.write_number(number, place, cell)
        self._next += 1

    def _text(self, place: int, text: str) -> None:
        moment = _moment(text)
        if moment is not None:
            self._sheet.write_datetime(self._next, place, moment)
            return
        if len(text) > _LONGEST_TEXT // 2:
            text = text.encode("utf-16-le")[: 2 * _LONGEST_TEXT].decode("utf-16-le", "ignore")
        self._sheet.write_string(self._next, place, text)


WRITERS: Mapping[ReportFormat, type[CsvSheet] | type[JsonSheets] | type[XlsxSheets]] = {
    ReportFormat.CSV: CsvSheet,
    ReportFormat.JSON: JsonSheets,
    ReportFormat.XLSX: XlsxSheets,
}


def cut_after(total: int) -> str:
    """What is said of a query that has more rows than are taken."""
    return f"cut after {total} rows; there are more"


def shown(value: Value) -> str:
    """A filter's value in words."""
    if isinstance(value, bool):
        return str(value).lower()
    return "(empty)" if value is None else str(value)


def _neutral(cell: Value) -> Value:
    if isinstance(cell, str):
        return f"'{cell}" if cell[:1] in FORMULA_SIGNS and cell else cell
    return str(cell).lower() if isinstance(cell, bool) else cell


def _moment(text: str) -> datetime | None:
    if len(text) != _INSTANT_LENGTH or text[-1] != "Z":
        return None
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
    return moment if moment.year >= _EARLIEST_YEAR else None
