"""Feeds: tables as files of any size, read and written piece by piece."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from tidings.core.errors import Invalid
from tidings.core.row import Shape
from tidings.dashboards.texts import CsvWriter, JsonWriter
from tidings.tables.condition import Both, Compared, Condition, Literal, Named, Operator
from tidings.tables.selection import Cells, Column, Selection, Sheet

if TYPE_CHECKING:
    from tidings.tables.query import Query

# Rows. A guess between trips to the database and memory.
_AT_ONCE = 5_000


class Format(StrEnum):
    """What a file's name ends in."""

    CSV = "csv"
    NDJSON = "ndjson"
    JSON = "json"
    XLSX = "xlsx"
    PARQUET = "parquet"


CONTENT_TYPES = {
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.NDJSON: "application/x-ndjson",
    Format.JSON: "application/json",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.PARQUET: "application/vnd.apache.parquet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which rows of a table, and how.

    All columns if none are named; `limit` rows at most, whose time is not before `since`, but before `until`, in epoch
    milliseconds. In CSV what looks like a formula is left as it is if it `is_raw`.
    """

    table: str
    format: Format
    columns: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    limit: int | None = None
    is_raw: bool = False


class RowWriter(Protocol):
    """Writes rows in a format. Implementations: `texts`, `workbook`, `parquet`."""

    def add(self, rows: Sequence[Cells]) -> bytes:
        """What there is to send after those rows."""
        ...

    def end(self) -> Iterator[bytes]:
        """The rest, after the last row."""
        ...

    def close(self) -> None:
        """Let go of what is open, whether it came to its end or not."""
        ...


class Feeds:
    """Reads tables for whoever asks; `open_query` blocks, and may open the database."""

    def __init__(self, open_query: Callable[[], "Query"]) -> None:
        self._open_query = open_query

    async def sheets(self) -> Mapping[str, Sheet]:
        """All tables by name. Raises Unavailable."""
        return await asyncio.to_thread(lambda: self._open_query().sheets())

    async def pieces(self, wish: Wish) -> AsyncGenerator[bytes]:
        """The file. What is wrong with the wish is raised here: NotFound, Invalid, Unavailable."""
        steps = await asyncio.to_thread(self._begin, wish)
        return _in_threads(steps)

    def _begin(self, wish: Wish) -> Generator[bytes]:
        query = self._open_query()
        sheet = query.sheet(wish.table)
        names = wish.columns or tuple(sheet.columns)
        for name in names:
            if name not in sheet.columns:
                raise Invalid(f"columns: {wish.table} has no column {name[:60]!r}; it has {', '.join(sheet.columns)}")
        selection = Selection(
            table=wish.table, columns=names, condition=_within(sheet, since=wish.since, until=wish.until), most=_AT_ONCE
        )
        steps = _steps(
            query, selection, writer=_writer(wish, [sheet.columns[name] for name in names]), limit=wish.limit
        )
        next(steps)
        return steps


def _steps(query: "Query", selection: Selection, *, writer: RowWriter, limit: int | None) -> Generator[bytes]:
    """Nothing at first, when the first rows are there; then piece by piece."""
    left = limit
    with contextlib.closing(writer):
        part = query.part(_at_most(selection, left))
        yield b""
        while True:
            yield writer.add(part.rows)
            left = None if left is None else left - len(part.rows)
            if part.after is None or left == 0:
                break
            part = query.part(_at_most(replace(selection, after=part.after), left))
        yield from writer.end()


def _at_most(selection: Selection, left: int | None) -> Selection:
    return selection if left is None else replace(selection, most=min(selection.most, left))


async def _in_threads(steps: Generator[bytes]) -> AsyncGenerator[bytes]:
    step: asyncio.Future[bytes | None] | None = None
    try:
        while True:
            step = asyncio.ensure_future(asyncio.to_thread(next, steps, None))
            piece = await asyncio.shield(step)
            if piece is None:
                return
            if piece:
                yield piece
    finally:
        # Whoever asked may be gone while a thread is still at work.
        if step is not None and not step.done():
            await asyncio.wait([step])
        await asyncio.to_thread(steps.close)


def _within(sheet: Sheet, *, since: int | None, until: int | None) -> Condition | None:
    if since is None and until is None:
        return None
    if sheet.time not in sheet.columns:
        raise Invalid(f"since, until: {sheet.name} has no column of time; leave them out")
    at = Named(sheet.time, Shape.INSTANT)
    bounds = ((Operator.GE, since), (Operator.LT, until))
    return Both(
        tuple(Compared(at, operator, Literal(bound, Shape.INSTANT)) for operator, bound in bounds if bound is not None)
    )


def _writer(wish: Wish, columns: Sequence[Column]) -> RowWriter:
    match wish.format:
        case Format.CSV:
            return CsvWriter(columns, is_raw=wish.is_raw)
        case Format.XLSX:
            return _workbook(columns, name=wish.table)
        case Format.PARQUET:
            return _parquet(columns)
        case Format.JSON | Format.NDJSON:
            return JsonWriter(columns, is_lines=wish.format is Format.NDJSON)


def _workbook(columns: Sequence[Column], *, name: str) -> RowWriter:
    from tidings.dashboards.workbook import WorkbookWriter  # noqa: PLC0415 - 15 MB, for whoever asks for it

    return WorkbookWriter(columns, name=name)


def _parquet(columns: Sequence[Column]) -> RowWriter:
    try:
        from tidings.dashboards.parquet import ParquetWriter  # noqa: PLC0415 - an extra, of 100 MB
    except ImportError as error:
        raise Invalid(
            "parquet is not installed on this server; it comes with pip install 'tidings[parquet]'"
        ) from error
    return ParquetWriter(columns)
