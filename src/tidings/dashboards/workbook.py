"""Workbook: rows as XLSX, put together on disk, since its table of contents needs to know it all."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from tidings.core.row import Cell, Shape
from tidings.dashboards.moment import moment, moment_text
from tidings.tables.selection import Cells, Column

# Excel's own limits; it counts letters as UTF-16 does.
_MOST_ROWS = 1_048_576
_LONGEST_TEXT = 32_767
_LONGEST_NAME = 31
_EARLIEST_YEAR = 1900
# Excel's numbers are doubles: greater whole ones would end in other digits.
_GREATEST_WHOLE = 2**53
_PIECE = 1 << 16


class WorkbookWriter:
    """Texts stay texts, whatever they begin with; longer ones than Excel's 32,767 characters are cut there.

    More rows than a sheet holds go on in another. Instants are dates, without a zone, in UTC.
    """

    def __init__(self, columns: Sequence[Column], *, name: str, most_rows: int = _MOST_ROWS) -> None:
        self._columns = columns
        self._name = name
        self._most_rows = most_rows
        self._folder = tempfile.TemporaryDirectory(prefix="tidings-xlsx-")
        self._path = Path(self._folder.name) / "tables.xlsx"
        self._book = xlsxwriter.Workbook(
            str(self._path),
            {"constant_memory": True, "tmpdir": self._folder.name, "default_date_format": "yyyy-mm-dd hh:mm:ss"},
        )
        self._book.use_zip64()
        self._sheets = 0
        self._next_row = 0
        self._sheet = self._begin()

    def add(self, rows: Sequence[Cells]) -> bytes:
        for row in rows:
            if self._next_row == self._most_rows:
                self._sheet = self._begin()
            for number, (column, cell) in enumerate(zip(self._columns, row, strict=True)):
                if cell is not None:
                    self._write(cell, number, shape=column.shape)
            self._next_row += 1
        return b""

    def end(self) -> Iterator[bytes]:
        self._book.close()
        with self._path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    def close(self) -> None:
        for sheet in self._book.worksheets():
            sheet.row_data_fh.close()
        self._folder.cleanup()

    def _begin(self) -> Worksheet:
        self._sheets += 1
        suffix = f" {self._sheets}" if self._sheets > 1 else ""
        sheet = self._book.add_worksheet(self._name[: _LONGEST_NAME - len(suffix)] + suffix)
        for number, column in enumerate(self._columns):
            sheet.write_string(0, number, column.name)
        self._next_row = 1
        return sheet

    def _write(self, cell: Cell, number: int, *, shape: Shape) -> None:
        row, sheet = self._next_row, self._sheet
        if shape is Shape.INSTANT:
            at = moment(int(cell or 0))
            if at.year >= _EARLIEST_YEAR:
                sheet.write_datetime(row, number, at.replace(tzinfo=None))
                return
            cell = moment_text(int(cell or 0))
        if isinstance(cell, bool):
            sheet.write_boolean(row, number, cell)
        elif isinstance(cell, str) or (shape is Shape.WHOLE and abs(cell or 0) > _GREATEST_WHOLE):
            sheet.write_string(row, number, _cut(str(cell)))
        else:
            sheet.write_number(row, number, cell)


def _cut(text: str) -> str:
    if len(text) <= _LONGEST_TEXT // 2:
        return text
    return text.encode("utf-16-le")[: 2 * _LONGEST_TEXT].decode("utf-16-le", "ignore")
