"""Sheet filter: which rows of a table somebody wants to see, as the page's address tells, a condition a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from tidings.core.errors import Invalid
from tidings.core.row import Shape
from tidings.dashboards.odata.literals import read_literal
from tidings.dashboards.odata.symbols import Symbols
from tidings.tables.condition import Both, Compared, Condition, Holding, Literal, Named, Operator, Where
from tidings.tables.selection import Column, Order, Sheet

# A guess: whoever needs more writes a filter of OData.
MOST = 8
_LONGEST = 500


class Is(StrEnum):
    """How a column's value is looked at; the texts are what pages call them."""

    EQUAL = "is"
    OTHER = "is not"
    HOLDS = "contains"
    BEGINS = "begins with"
    MORE = "is more than"
    LESS = "is less than"
    FROM = "is at least"
    TO = "is at most"
    EMPTY = "is empty"
    FILLED = "is not empty"


_OPERATORS = {
    Is.EQUAL: Operator.EQ,
    Is.OTHER: Operator.NE,
    Is.MORE: Operator.GT,
    Is.LESS: Operator.LT,
    Is.FROM: Operator.GE,
    Is.TO: Operator.LE,
}
_PLACES = {Is.HOLDS: Where.CONTAINS, Is.BEGINS: Where.STARTS}
_TRUTHS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One condition, as it was written."""

    column: str
    how: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetFilter:
    """Which rows, and in which order: a column's name, after a dash for the greatest first."""

    lines: tuple[Line, ...]
    order: str

    @staticmethod
    def of(query: QueryParams) -> "SheetFilter":
        columns, hows, values = (query.getlist(name)[: MOST + 1] for name in ("column", "how", "value"))
        lines = (
            Line(column=column[:_LONGEST], how=how, value=value.strip()[:_LONGEST])
            for column, how, value in zip(columns, hows, values, strict=False)
            if column
        )
        return SheetFilter(lines=tuple(dict.fromkeys(lines)), order=query.get("order", "")[:_LONGEST])

    def query(self, *, without: Line | None = None, order: str | None = None) -> str:
        """As part of an address, with something changed."""
        pairs = [
            pair
            for line in self.lines
            if line != without
            for pair in (("column", line.column), ("how", line.how), ("value", line.value))
        ]
        ordered = self.order if order is None else order
        return urlencode([*pairs, *([("order", ordered)] if ordered else [])])

    def ordering(self, sheet: Sheet) -> Order | None:
        """Raises Invalid."""
        if not self.order:
            return None
        name = self.order.removeprefix("-")
        _column(sheet, name)
        return Order(column=name, is_descending=self.order.startswith("-"))

    def condition(self, sheet: Sheet) -> Condition | None:
        """Raises Invalid for what cannot be asked of that table."""
        if len(self.lines) > MOST:
            raise Invalid(f"there can be {MOST} conditions at a time; take one away")
        parts = tuple(_condition(line, _column(sheet, line.column)) for line in self.lines)
        return Both(parts) if parts else None


def how_for(columns: Sequence[Column]) -> Sequence[Is]:
    """What can be asked of any of those columns."""
    has_text = any(column.shape is Shape.TEXT for column in columns)
    return [one for one in Is if has_text or one not in _PLACES]


def _column(sheet: Sheet, name: str) -> Column:
    column = sheet.columns.get(name)
    if column is None:
        raise Invalid(f"{sheet.name} has no column {name[:60]!r}; choose one of the list")
    return column


def _condition(line: Line, column: Column) -> Condition:
    if line.how not in set(Is):
        raise Invalid(f"how: choose one of {', '.join(Is)}")
    how, named = Is(line.how), Named(column.name, column.shape)
    if how in {Is.EMPTY, Is.FILLED}:
        operator = Operator.EQ if how is Is.EMPTY else Operator.NE
        return Compared(named, operator, Literal(None, column.shape))
    if not line.value:
        raise Invalid(f"value: write what to compare {column.name} with")
    if how in _PLACES:
        if column.shape is not Shape.TEXT:
            raise Invalid(f"how: choose another way, for {column.name} is no text")
        return Holding(named, _PLACES[how], line.value)
    return Compared(named, _OPERATORS[how], _literal(line.value, column))


def _literal(text: str, column: Column) -> Literal:
    match column.shape:
        case Shape.TEXT:
            return Literal(text, Shape.TEXT)
        case Shape.TRUTH:
            if text.lower() not in _TRUTHS:
                raise Invalid(f"value: write yes or no, which is all that {column.name} can be")
            return Literal(_TRUTHS[text.lower()], Shape.TRUTH)
        case Shape.INSTANT:
            found = _read(text if text.endswith("Z") or "T" not in text else f"{text}Z")
            if found is None or found.shape is not Shape.INSTANT:
                raise Invalid(f"value: write a time like 2026-01-31 or 2026-01-31T09:00Z, for {column.name} is one")
            return found
        case Shape.NUMBER | Shape.WHOLE:
            found = _read(text)
            if found is None or found.shape not in {Shape.NUMBER, Shape.WHOLE}:
                raise Invalid(f"value: write a number like 12 or 0.5, for {column.name} is one")
            return found


def _read(text: str) -> Literal | None:
    """A literal of OData, if it is nothing but that."""
    try:
        symbols = Symbols(text, place="value")
        found = read_literal(symbols)
    except Invalid:
        return None
    return found if not symbols.next.text else None
