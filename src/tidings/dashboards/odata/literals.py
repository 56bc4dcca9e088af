"""Literals: values as OData writes them."""

import re
from datetime import UTC, date, datetime, time, timedelta

from tidings.core.row import Shape
from tidings.dashboards.odata.symbols import Kind, Symbols
from tidings.tables.condition import Literal

# The end of the year 9999, where Python and all engines end.
LATEST = 253_402_300_799_999
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_GREATEST_WHOLE = 2**63 - 1
_LONGEST_NUMBER = 400
_WORDS = {
    "true": Literal(value=True, shape=Shape.TRUTH),
    "false": Literal(value=False, shape=Shape.TRUTH),
    "null": Literal(value=None, shape=Shape.TEXT),
}
_FRACTION = re.compile(r"(\.\d{6})\d+")
_KINDS = frozenset({Kind.TEXT, Kind.INSTANT, Kind.GUID, Kind.DATE, Kind.NUMBER})


def is_literal(symbols: Symbols) -> bool:
    """Whether the next symbol is one."""
    return symbols.next.kind in _KINDS or (symbols.next.kind is Kind.WORD and symbols.next.text in _WORDS)


def read_literal(symbols: Symbols) -> Literal:
    """Take the next symbol, a literal. Raises Invalid for what no column can hold."""
    symbol = symbols.take()
    try:
        match symbol.kind:
            case Kind.TEXT:
                return Literal(symbol.text[1:-1].replace("''", "'"), Shape.TEXT)
            case Kind.GUID:
                return Literal(symbol.text, Shape.TEXT)
            case Kind.DATE:
                return Literal(_instant(datetime.combine(date.fromisoformat(symbol.text), time(), UTC)), Shape.INSTANT)
            case Kind.INSTANT:
                text = _FRACTION.sub(r"\1", symbol.text).replace(" ", "+")
                return Literal(_instant(datetime.fromisoformat(text)), Shape.INSTANT)
            case Kind.NUMBER:
                return _number(symbol.text)
            case _:
                return _WORDS[symbol.text]
    except (ValueError, OverflowError, KeyError) as error:
        raise symbols.wrong("there is no such value", at=symbol.at) from error


def _instant(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // _MILLISECOND


def _number(text: str) -> Literal:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(text)
    if text.lstrip("+-").isdigit():
        whole = int(text)
        if -_GREATEST_WHOLE <= whole <= _GREATEST_WHOLE:
            return Literal(whole, Shape.WHOLE)
    number = float(text)
    if abs(number) == float("inf"):
        raise ValueError(text)
    return Literal(number, Shape.NUMBER)
