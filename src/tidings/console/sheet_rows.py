"""Sheet rows: some rows of a table at a time, the newest first or in any order, as pages show them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tidings.core.clock import SECOND, Clock
from tidings.core.errors import Invalid
from tidings.core.row import Cell, Shape
from tidings.dashboards.odata import continuation
from tidings.tables.condition import Both, Compared, Condition, Literal, Named, Operator
from tidings.tables.selection import Cells, Column, Order, Selection, Sheet, ranked

if TYPE_CHECKING:
    from tidings.tables.query import Query

# Nobody waits longer for a page; who wants more takes the file.
_LONGEST_MS = 5 * SECOND
# Characters of a cell that a page shows.
_SHOWN = 160
# Of the title of a cell: enough to read on, and fifty rows of them are a page still.
_TOLD = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which rows: like `condition`, in that order, from where the `cursor` of the page before tells. `most` of them."""

    most: int
    condition: Condition | None = None
    order: Order | None = None
    cursor: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCell:
    """`whole` is empty unless the text was cut; an instant is a number, for pages tell it by themselves."""

    shape: Shape
    value: Cell
    text: str
    whole: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some rows; `older` is where to go on, empty at the end."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[ShownCell]]
    older: str


class SheetRows:
    """Reads; a question that takes too long is broken off. Raises NotFound, Invalid and Unavailable."""

    def __init__(self, open_query: "Callable[[], Query]", *, clock: Clock) -> None:
        self._open_query = open_query
        self._clock = clock
        self._query: Query | None = None

    async def sheets(self) -> Mapping[str, Sheet]:
        """All tables by name."""
        return await asyncio.to_thread(lambda: self._opened().sheets())

    async def sheet(self, name: str) -> Sheet:
        return await asyncio.to_thread(lambda: self._opened().sheet(name))

    async def count(self, name: str) -> int:
        return await asyncio.to_thread(lambda: self._opened().count(name, None))

    async def rows(self, name: str, wish: Wish) -> Rows:
        return await asyncio.to_thread(self._rows, name, wish)

    def _opened(self) -> "Query":
        from tidings.tables.query import Query  # noqa: PLC0415 - whoever has no tables pays no memory for their library

        if self._query is None:
            self._query = Query(self._open_query().engine, clock=self._clock, longest_ms=_LONGEST_MS)
        return self._query

    def _rows(self, name: str, wish: Wish) -> Rows:
        query = self._opened()
        sheet = query.sheet(name)
        by_time = wish.order is None and sheet.time in sheet.columns
        order = wish.order or (Order(column=sheet.time, is_descending=True) if by_time else None)
        orders = () if order is None else (order,)
        selection = Selection(
            table=name,
            columns=wish.columns or tuple(sheet.columns),
            condition=wish.condition,
            order=orders,
            most=wish.most,
            after=_position(wish.cursor, sheet=sheet, order=orders) if wish.cursor else None,
        )
        if by_time and wish.condition is None:
            selection = _newest(query, selection, sheet=sheet)
        part = query.part(selection)
        if part.after is None and selection.condition is not wish.condition:
            # Rows of no time come last.
            part = query.part(replace(selection, condition=wish.condition))
        columns = [sheet.columns[one] for one in selection.columns]
        shown = [
            [shown_cell(cell, column.shape) for cell, column in zip(row, columns, strict=True)] for row in part.rows
        ]
        return Rows(columns=columns, rows=shown, older=continuation.written(part.after) if part.after else "")


def shown_cell(cell: Cell, shape: Shape) -> ShownCell:
    """A cell in few words."""
    if cell is None:
        return ShownCell(shape=shape, value=None, text="")
    match shape:
        case Shape.TRUTH:
            text = "yes" if cell else "no"
        case Shape.NUMBER:
            text = f"{cell:,.15g}"
        case _:
            text = str(cell)
    is_cut = len(text) > _SHOWN
    return ShownCell(
        shape=shape, value=cell, text=f"{text[:_SHOWN]}…" if is_cut else text, whole=text[:_TOLD] if is_cut else ""
    )


def _newest(query: "Query", selection: Selection, *, sheet: Sheet) -> Selection:
    """The same rows, looked for among the newest alone."""
    until = None if selection.after is None else selection.after[0]
    if until is None and selection.after is not None:
        return selection  # among those of no time already
    floor = query.floor(sheet.name, most=selection.most, until=None if until is None else int(until))
    if floor is None:
        return selection
    at = Named(sheet.time, Shape.INSTANT)
    bounds = [Compared(at, Operator.GE, Literal(floor, Shape.INSTANT))]
    if until is not None:
        bounds.append(Compared(at, Operator.LE, Literal(until, Shape.INSTANT)))
    return replace(selection, condition=Both(tuple(bounds)))


def _position(cursor: str, *, sheet: Sheet, order: Sequence[Order]) -> Cells:
    names = (one.column for one in ranked(order, key=(column.name for column in sheet.key)))
    try:
        return continuation.read(cursor, columns=[sheet.columns[name] for name in names])
    except Invalid as error:
        raise Invalid("cursor: this is no place in the list; begin it anew") from error
