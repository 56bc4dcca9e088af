"""Web Connector: our tables and charts for templates of a ConnectReport server (A.5 of the reference)."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import UNSET

from tidings.core.cell import iso
from tidings.core.errors import Invalid, NotFound
from tidings.core.row import Cell, Shape
from tidings.dashboards.boards import Board, boards_of, group_column, person_column
from tidings.dashboards.charts import drawable
from tidings.dashboards.drawing import Drawing, Picture
from tidings.dashboards.limits import meant
from tidings.dashboards.showing import Look, Showing
from tidings.dialects.connectreport.wire import connector as wire
from tidings.tables.condition import (
    Among,
    Both,
    Compared,
    Condition,
    Either,
    Function,
    Holding,
    Literal,
    Made,
    Named,
    Operator,
    Where,
)
from tidings.tables.selection import Cells, Column, Selection, Sheet

if TYPE_CHECKING:
    from tidings.tables.query import Query

_NUMBERS = frozenset({Shape.NUMBER, Shape.WHOLE})
# Read from the tables at once.
_STEP = 1_000


class WebConnector:
    """Answers a ConnectReport server; what is asked for is named as in `metadata`, and nothing else is there."""

    def __init__(self, open_query: Callable[[], "Query"], *, showing: Showing, drawing: Drawing) -> None:
        self._open_query = open_query
        self._showing = showing
        self._drawing = drawing

    async def metadata(self) -> wire.ConnectorMetadata:
        """Tables with their columns, and the charts of the dashboards."""
        sheets = await self._showing.sheets()
        tables = [wire.ConnectorTable(name=one.name, fields=list(_fields(one))) for one in sheets.values()]
        return wire.ConnectorMetadata(
            visualizations=[shown for board in boards_of(sheets).values() for shown in _visualizations(board)],
            filter_fields=[field for table in tables for field in table.fields if field.field_type == "dimension"],
            tables=tables,
        )

    async def table(self, options: wire.TableOptions) -> wire.ConnectorRows:
        """Rows by key. Raises NotFound and Invalid."""
        sheets = await self._showing.sheets()
        named = [_split(field.field_def, table=options.table_name or "") for field in options.fields]
        tables = {table for table, _ in named}
        if len(tables) != 1:
            raise Invalid(f"fields: are of several tables, {', '.join(sorted(tables))}; ask for each by itself")
        sheet = _sheet(sheets, tables.pop())
        columns = [_column(sheet, name) for _, name in named]
        selections = options.selections or ()
        selection = Selection(
            table=sheet.name,
            columns=tuple(dict.fromkeys(one.name for one in columns)),
            condition=_condition(sheets, selections, sheet=sheet),
            most=options.height,
            skip=options.top,
        )
        rows, total = await asyncio.to_thread(self._read, selection)
        places = [selection.columns.index(one.name) for one in columns]
        told = [[_cell(row[at], one.shape) for at, one in zip(places, columns, strict=True)] for row in rows]
        return wire.ConnectorRows(table=told, size=wire.Size(width=len(columns), height=total))

    async def field_values(self, options: wire.ValuesOptions) -> wire.FieldValues:
        """What there is in a column. Raises NotFound and Invalid."""
        table, name = _split(options.field.field_def, table="")
        sheet = _sheet(await self._showing.sheets(), table)
        column = _column(sheet, name)
        found, total = await asyncio.to_thread(lambda: self._values(column, options, table=sheet.name))
        values = [wire.FieldValue(text=_text(one, column.shape)) for one in found]
        return wire.FieldValues(field_values=values, size=wire.Size(width=1, height=total))

    async def visualization(self, name: str, selections: Sequence[wire.Selection]) -> bytes:
        """A chart as SVG. Raises NotFound, and Invalid for selections that the chart cannot be limited by."""
        board, _, chart = name.partition("/")
        sheets = await self._showing.sheets()
        shown = next((one for one in _charts(sheets, board) if one[0] == chart), None)
        if shown is None:
            raise NotFound("there is no such visualization; getMetadata names those that there are")
        look = _look(sheets, selections, sheet=_sheet(sheets, shown[1]))
        drawn = await self._showing.chart(board, chart, look=look)
        return await self._drawing.draw(drawable(drawn.spec, drawn.data), Picture.SVG)

    def _read(self, selection: Selection) -> tuple[list[Cells], int]:
        query = self._open_query()
        rows: list[Cells] = []
        part = replace(selection, most=min(_STEP, selection.most))
        while part.most:
            read = query.part(part)
            rows += read.rows
            if read.after is None:
                break
            part = replace(part, most=min(_STEP, selection.most - len(rows)), skip=0, after=read.after)
        return rows, query.count(selection.table, selection.condition)

    def _values(self, column: Column, options: wire.ValuesOptions, *, table: str) -> tuple[list[Cell], int]:
        from tidings.tables.values import values_of  # noqa: PLC0415 - whoever has no tables pays no memory for them

        found = values_of(
            self._open_query(),
            table,
            column=column.name,
            condition=_searched(column, options.search or ""),
            skip=options.top,
            most=options.height,
        )
        return found.values, found.total


def _fields(sheet: Sheet) -> Iterator[wire.ConnectorField]:
    for column in sheet.columns.values():
        kind = "measure" if column.shape in _NUMBERS else "dimension"
        definition = f"{sheet.name}.{column.name}"
        yield wire.ConnectorField(field_def=definition, field_name=column.name, field_type=kind)


def _visualizations(board: Board) -> Iterator[wire.Visualization]:
    for chart in board.charts:
        yield wire.Visualization(name=f"{board.title}: {chart.title}", id=f"{board.name}/{chart.name}")


def _charts(sheets: Mapping[str, Sheet], board: str) -> Iterator[tuple[str, str]]:
    """The charts of a dashboard, each with its table."""
    found = boards_of(sheets).get(board)
    for chart in () if found is None else found.charts:
        yield chart.name, chart.table


def _split(definition: str, *, table: str) -> tuple[str, str]:
    """Table and column of a field. Raises Invalid."""
    before, dot, name = definition.partition(".")
    if not dot:
        before, name = table, definition
    if not before or (table and before != table):
        raise Invalid(f"fieldDef: {definition[:80]!r} is not TABLE.COLUMN of one table; getMetadata names them")
    return before, name


def _sheet(sheets: Mapping[str, Sheet], name: str) -> Sheet:
    sheet = sheets.get(name)
    if sheet is None:
        raise NotFound(f"there is no table {name[:80]!r}; getMetadata names those that there are")
    return sheet


def _column(sheet: Sheet, name: str) -> Column:
    column = sheet.columns.get(name)
    if column is None:
        raise NotFound(f"the table {sheet.name} has no column {name[:80]!r}; getMetadata names those that it has")
    return column


def _chosen(
    sheets: Mapping[str, Sheet], selections: Sequence[wire.Selection], *, sheet: Sheet
) -> Iterator[tuple[Column, list[str]]]:
    """The selections that a table knows the column of; one made on another table holds for its namesake here."""
    for one in selections:
        table, name = _split(one.field_def, table="" if "." in one.field_def else sheet.name)
        _column(_sheet(sheets, table), name)
        if name in sheet.columns:
            texts = [value if isinstance(value, str) else value.text for value in one.field_values]
            yield sheet.columns[name], texts


def _condition(sheets: Mapping[str, Sheet], selections: Sequence[wire.Selection], *, sheet: Sheet) -> Condition | None:
    parts = tuple(_among(column, texts) for column, texts in _chosen(sheets, selections, sheet=sheet))
    return Both(parts) if parts else None


def _among(column: Column, texts: Sequence[str]) -> Condition:
    """One of the values; an empty text stands for what is empty, as in the answers."""
    named = Named(column.name, column.shape)
    given = tuple(_literal(text, column) for text in texts if text or column.shape is Shape.TEXT)
    is_one: Condition = Among(named, given)
    if "" in texts:
        return Either((is_one, Compared(named, Operator.EQ, Literal(None, column.shape))))
    return is_one


def _literal(text: str, column: Column) -> Literal:
    value = meant(text, column.shape)
    if value is None:
        raise Invalid(f"fieldValues: {text[:80]!r} is no value of {column.name}, which holds {column.shape}")
    return Literal(value, column.shape)


def _searched(column: Column, search: str) -> Condition | None:
    """What holds the text, however its letters are written; of what is no text, what it is alone."""
    if not search:
        return None
    named = Named(column.name, column.shape)
    if column.shape is Shape.TEXT:
        return Holding(Made(Function.LOWER, named), Where.CONTAINS, search.lower())
    value = meant(search, column.shape)
    return Among(named, () if value is None else (Literal(value, column.shape),))


def _look(sheets: Mapping[str, Sheet], selections: Sequence[wire.Selection], *, sheet: Sheet) -> Look:
    """What of a chart is wanted: its data are counted by group and by person, and by nothing else."""
    look = Look()
    for column, texts in _chosen(sheets, selections, sheet=sheet):
        if column.name == group_column(sheet) and len(texts) == 1:
            look = replace(look, group=texts[0])
        elif column.name == person_column(sheet) and len(texts) == 1:
            look = replace(look, responder=texts[0])
        else:
            raise Invalid(f"selections: this chart cannot be limited by {column.name}; take the table, or one group")
    return look


def _cell(value: Cell, shape: Shape) -> wire.TableCell:
    text = _text(value, shape)
    return wire.TableCell(text=text, number=text if shape in _NUMBERS and value is not None else UNSET)


def _text(value: Cell, shape: Shape) -> str:
    if value is None:
        return ""
    if shape is Shape.TRUTH:
        return "true" if value else "false"
    return iso(int(value)) if shape is Shape.INSTANT else str(value)
