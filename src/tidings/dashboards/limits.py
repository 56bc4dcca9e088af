"""Limits: what rows must be like for the filters of a report, as far as their table has the fields."""

from collections.abc import Sequence

from tidings.core.cell import instant_of, number_of
from tidings.core.report import Filter, Value
from tidings.core.row import Cell, Shape
from tidings.tables.condition import Among, Compared, Condition, Either, Literal, Named, Operator
from tidings.tables.selection import Column, Sheet

_TRUTHS = {"true": 1, "false": 0, "1": 1, "0": 0}
_LARGEST = 2**63 - 1


def limits_of(sheet: Sheet, filters: Sequence[Filter]) -> list[Condition]:
    """One for each filter whose field the table has."""
    return [_one_of(sheet.columns[one.field], one.values) for one in filters if one.field in sheet.columns]


def fields_beyond(sheet: Sheet, filters: Sequence[Filter]) -> tuple[str, ...]:
    """What the table has not, so that it is not limited by it."""
    return tuple(dict.fromkeys(one.field for one in filters if one.field not in sheet.columns))


def meant(text: str, shape: Shape) -> Cell:
    """What a text means in a column of that shape, None if it means nothing there."""
    match shape:
        case Shape.TEXT:
            return text
        case Shape.NUMBER:
            return number_of(text)
        case Shape.WHOLE:
            number = number_of(text)
            is_whole = number is not None and number.is_integer() and abs(number) < _LARGEST
            # By its digits: a float has not enough of them.
            digits = text.strip().removeprefix("-")
            return (int(text) if digits.isascii() and digits.isdigit() else int(number or 0)) if is_whole else None
        case Shape.TRUTH:
            return _TRUTHS.get(text.strip().lower())
        case Shape.INSTANT:
            return instant_of(text)


def _one_of(column: Column, values: Sequence[Value]) -> Condition:
    """What the column cannot hold is none of its values."""
    named = Named(column.name, column.shape)
    found = (meant(_spelt(value), column.shape) for value in values if value is not None)
    members = tuple(Literal(value, column.shape) for value in found if value is not None)
    among = Among(named, members)
    empty = Compared(named, Operator.EQ, Literal(None, column.shape))
    return Either((among, empty)) if None in values else among


def _spelt(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
