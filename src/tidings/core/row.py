"""Row: an event laid flat, with a key that makes writing it twice harmless."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

Cell = str | int | float | None


class Shape(StrEnum):
    """What a column holds, in every engine."""

    TEXT = "text"
    NUMBER = "number"  # double precision
    WHOLE = "whole"  # 64 bits
    TRUTH = "truth"
    INSTANT = "instant"  # epoch milliseconds in a Field, a timestamp in UTC in the table


class Field(msgspec.Struct, frozen=True, gc=False):
    """One value of a row. `origin` is what the column is known by for good; `name` what it would like to be called.

    Two fields of one row may wish for the same name; their origins differ.
    """

    origin: str
    name: str
    shape: Shape
    value: Cell
    comment: str = ""


class Place(msgspec.Struct, frozen=True):
    """The table that a row belongs to: `origin` is what it is known by for good, `name` what it wishes to be called.

    Tables of one `bundle` come and go together: only the newest 200 bundles have any.
    """

    origin: str
    name: str
    comment: str
    time: str = "at"  # the name of its column of time
    bundle: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row that takes the place of an older one of the same key; of two, the greater `version` stays.

    `key` are the fields that name it, `fields` the others. `version` is when it was said, in epoch milliseconds.
    """

    place: Place
    key: tuple[Field, ...]
    fields: tuple[Field, ...]
    version: int


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """All rows of one parent in a child table: older ones that are not among them go.

    `parent` are the fields with which the rows' keys begin, and which name the parent; `rest` are those with which
    the keys go on, whatever their values.
    """

    place: Place
    parent: tuple[Field, ...]
    rest: tuple[Field, ...]
    rows: tuple[Row, ...]
    version: int


Change = Row | Family


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt says: the changes to the tables, and `once`, which equals that of its repetitions alone."""

    once: str
    type: str
    changes: Sequence[Change]
