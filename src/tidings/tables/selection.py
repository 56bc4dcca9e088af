"""Selection: which part of a table is read, and what there is to read, told without SQL."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tidings.core.row import Cell, Shape
from tidings.tables.condition import Condition

Cells = tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table, named as in the database."""

    name: str
    shape: Shape
    is_key: bool
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table as it can be read: its columns by name, in their order. `time` may name no column."""

    name: str
    comment: str
    time: str
    columns: Mapping[str, Column]

    @property
    def key(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns.values() if column.is_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """By a column; what is empty comes first, or with `is_descending` last."""

    column: str
    is_descending: bool = False


def ranked(order: Iterable[Order], *, key: Iterable[str]) -> tuple[Order, ...]:
    """By which columns rows stand: those, and then those of the key, so that no two have the same position."""
    found: dict[str, Order] = {}
    for one in (*order, *(Order(column=name) for name in key)):
        found.setdefault(one.column, one)
    return tuple(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """So many rows of a table at once, in that order and then by key, after the position of the last row before."""

    table: str
    columns: tuple[str, ...]
    condition: Condition | None = None
    order: tuple[Order, ...] = ()
    most: int
    skip: int = 0
    after: Cells | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Rows with the selection's columns; `after` is where to go on, None at the end."""

    rows: list[Cells]
    after: Cells | None
