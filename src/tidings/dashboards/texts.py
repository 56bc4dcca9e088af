"""Texts: rows as CSV, NDJSON and JSON."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from tidings.core.row import Cell, Shape
from tidings.dashboards.moment import moment_text
from tidings.tables.selection import Cells, Column

# What spreadsheets take for a formula, by its first character.
FORMULA_SIGNS = frozenset("=+-@\t\r")
_Spelling = Callable[[Any], Cell]


class CsvWriter:
    """UTF-8 without a mark, a header, lines that end in CR LF (RFC 4180).

    A text that a spreadsheet would take for a formula gets an apostrophe in front, unless it `is_raw`.
    """

    def __init__(self, columns: Sequence[Column], *, is_raw: bool) -> None:
        spellings: dict[Shape, _Spelling] = {Shape.INSTANT: moment_text, Shape.TRUTH: lambda truth: str(truth).lower()}
        if not is_raw:
            spellings[Shape.TEXT] = _neutral
        self._spellings = [spellings.get(column.shape) for column in columns]
        self._lines = io.StringIO(newline="")
        self._csv = csv.writer(self._lines)
        self._csv.writerow(column.name for column in columns)

    def add(self, rows: Sequence[Cells]) -> bytes:
        self._csv.writerows(_spelt(rows, self._spellings))
        return self._take()

    def end(self) -> Iterator[bytes]:
        yield self._take()

    def close(self) -> None:
        self._lines.close()

    def _take(self) -> bytes:
        text = self._lines.getvalue()
        self._lines.seek(0)
        self._lines.truncate()
        return text.encode()


class JsonWriter:
    """One object a row: a JSON array of them, or with `is_lines` each on a line of its own."""

    def __init__(self, columns: Sequence[Column], *, is_lines: bool) -> None:
        self._names = [column.name for column in columns]
        self._spellings = [moment_text if column.shape is Shape.INSTANT else None for column in columns]
        self._opening, self._between, self._closing = (b"", b"\n", b"\n") if is_lines else (b"[\n", b",\n", b"\n]\n")
        self._is_empty = True

    def add(self, rows: Sequence[Cells]) -> bytes:
        encoder = msgspec.json.Encoder()
        spelt = (encoder.encode(dict(zip(self._names, row, strict=True))) for row in _spelt(rows, self._spellings))
        text = self._between.join(spelt)
        if not text:
            return b""
        before = self._opening if self._is_empty else self._between
        self._is_empty = False
        return before + text

    def end(self) -> Iterator[bytes]:
        yield (self._opening.strip() + self._closing.lstrip()) if self._is_empty else self._closing

    def close(self) -> None:
        """Nothing is open."""


def _spelt(rows: Iterable[Cells], spellings: Sequence[_Spelling | None]) -> Iterator[list[Cell]]:
    for row in rows:
        yield [
            cell if spell is None or cell is None else spell(cell) for spell, cell in zip(spellings, row, strict=True)
        ]


def _neutral(text: str) -> str:
    return f"'{text}" if text[:1] in FORMULA_SIGNS and text else text
