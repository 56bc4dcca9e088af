"""Snapshot: the rows that a report had, kept in a file, so that it can be drawn again as it was.

Lines of JSON, compressed by gzip: what it is of; and for each query its columns, a line for each row, and their number.
"""

import contextlib
import gzip
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tidings.core.errors import Invalid
from tidings.core.report import Filter, Value

_VERSION = 1
# Bytes before they are compressed: a million rows of two thousand.
_MOST_BYTES = 2_000_000_000
# Of gzip's levels the one that a core keeps up with a database by; the others save a tenth, and take twice as long.
_LEVEL = 1
_BATCH = 1_000
_BUFFER = 1 << 20
_OBJECT = ord("{")

Cells = tuple[Value, ...]


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    snapshot: int
    title: str
    filters: tuple[Filter, ...]
    queries: int


class _Columns(msgspec.Struct, frozen=True, kw_only=True):
    query: str
    columns: tuple[str, ...]


class _End(msgspec.Struct, frozen=True, kw_only=True):
    rows: int
    is_cut: bool


class SnapshotWriter:
    """Writes one; it is whole when it was closed without an error."""

    def __init__(self, path: Path, *, title: str, filters: Sequence[Filter], queries: int) -> None:
        self._file = gzip.open(path, "wb", compresslevel=_LEVEL)  # noqa: SIM115 - `close` does
        self._encoder = msgspec.json.Encoder()
        self._bytes = 0
        self._line(_Head(snapshot=_VERSION, title=title, filters=tuple(filters), queries=queries))

    def begin(self, query: str, columns: Sequence[str]) -> None:
        self._rows = 0
        self._line(_Columns(query=query, columns=tuple(columns)))

    def add(self, rows: Sequence[Cells]) -> None:
        """Raises Invalid when it is too large."""
        octets = self._encoder.encode_lines(rows)
        self._bytes += len(octets)
        self._rows += len(rows)
        if self._bytes > _MOST_BYTES:
            raise Invalid(f"the report has more than {_MOST_BYTES // 10**9} GB of data; ask for fewer rows or columns")
        self._file.write(octets)

    def end(self, *, is_cut: bool) -> None:
        self._line(_End(rows=self._rows, is_cut=is_cut))

    def close(self) -> None:
        self._file.close()

    def _line(self, told: msgspec.Struct) -> None:
        self._file.write(self._encoder.encode(told) + b"\n")


class KeptQuery:
    """A query of a snapshot; `total` and `is_cut` are known after its rows."""

    def __init__(self, lines: Iterator[bytes], head: _Columns) -> None:
        self.name = head.query
        self.columns = head.columns
        self.total = 0
        self.is_cut = False
        self._lines = lines

    def batches(self) -> Iterator[list[tuple[Cells, int]]]:
        """The rows, and the bytes of each."""
        decode = msgspec.json.Decoder(tuple[Value, ...]).decode
        rows: list[tuple[Cells, int]] = []
        for line in self._lines:
            if line[0] == _OBJECT:
                end = msgspec.json.decode(line, type=_End)
                self.total, self.is_cut = end.rows, end.is_cut
                break
            rows.append((decode(line), len(line)))
            if len(rows) == _BATCH:
                yield rows
                rows = []
        else:
            raise EOFError
        if rows:
            yield rows


class Snapshot:
    """An open snapshot: what it is of, and its queries, each to be read to its end before the next."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        head = msgspec.json.decode(next(lines, b""), type=_Head)
        if head.snapshot != _VERSION:
            raise Invalid("the snapshot was written by another version of this program; run the report again")
        self.title, self.filters = head.title, head.filters
        self._queries = head.queries

    def queries(self) -> Iterator[KeptQuery]:
        for _ in range(self._queries):
            yield KeptQuery(self._lines, msgspec.json.decode(next(self._lines, b""), type=_Columns))


@contextlib.contextmanager
def open_snapshot(path: Path) -> Iterator[Snapshot]:
    """Raises Invalid if it is not there, or not whole."""
    try:
        with gzip.open(path) as file, io.BufferedReader(file, _BUFFER) as lines:
            yield Snapshot(iter(lines))
    except (FileNotFoundError, EOFError, gzip.BadGzipFile, msgspec.DecodeError) as error:
        raise Invalid("the data of this report are not there any more; run it again") from error
