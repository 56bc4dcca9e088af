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


class Layout(msgspec.Struct, frozen=True):
    """A place, and the columns of rows in it: those that name a row, and the others; their values mean nothing.

    Rows that are laid in the same way share one, so that what follows from it is found out once for all of them.
    """

    place: Place
    key: tuple[Field, ...]
    fields: tuple[Field, ...]


class Row(msgspec.Struct, frozen=True, gc=False):
    """A row that takes the place of an older one of the same key; of two, the greater `version` stays.

    `values` are those of the layout's key, then of its other fields. `version` is when it was said, in epoch
    milliseconds.
    """

    layout: Layout
    values: tuple[Cell, ...]
    version: int

    @property
    def place(self) -> Place:
        return self.layout.place

    @property
    def key(self) -> tuple[Field, ...]:
        return _filled(self.layout.key, self.values)

    @property
    def fields(self) -> tuple[Field, ...]:
        return _filled(self.layout.fields, self.values[len(self.layout.key) :])


def row_of(place: Place, *, key: tuple[Field, ...], fields: tuple[Field, ...], version: int) -> Row:
    """A row of these very fields, in a layout of its own."""
    return Row(Layout(place, key, fields), tuple([one.value for one in (*key, *fields)]), version)


def _filled(columns: tuple[Field, ...], values: tuple[Cell, ...]) -> tuple[Field, ...]:
    return tuple(
        Field(one.origin, one.name, one.shape, value, one.comment) for one, value in zip(columns, values, strict=False)
    )


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
