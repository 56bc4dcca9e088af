"""Continuation: the position where a page ended, in a text that only we read."""

import base64
import binascii
from collections.abc import Sequence

import msgspec

from tidings.core import json_text
from tidings.core.errors import Invalid
from tidings.core.row import Cell, Shape
from tidings.dashboards.odata.literals import LATEST
from tidings.tables.selection import Cells, Column

_NOT_OURS = "$skiptoken: is not one of ours; follow @odata.nextLink as it is"
_WHOLE = range(-(2**63), 2**63)
_INSTANTS = range(-62_135_596_800_000, LATEST + 1)  # from the year 1 on


def written(position: Cells) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def read(token: str, *, columns: Sequence[Column]) -> Cells:
    """The position, as values of those columns, whoever wrote it. Raises Invalid."""
    try:
        found = json_text.read(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError, Invalid) as error:
        raise Invalid(_NOT_OURS) from error
    if not isinstance(found, list) or len(found) != len(columns) or not all(map(_fits, found, columns)):
        raise Invalid(_NOT_OURS)
    return tuple(found)


def _fits(cell: Cell, column: Column) -> bool:
    match column.shape:
        case _ if cell is None:
            return not column.is_key
        case Shape.TEXT:
            return isinstance(cell, str)
        case Shape.TRUTH:
            return isinstance(cell, bool)
        case Shape.NUMBER:
            return isinstance(cell, float)
        case Shape.WHOLE:
            return type(cell) is int and cell in _WHOLE
        case Shape.INSTANT:
            return type(cell) is int and cell in _INSTANTS
