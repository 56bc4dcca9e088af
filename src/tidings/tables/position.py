"""Position: how the rows of a table stand in order, and which of them stand behind a given one."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from tidings.core.row import Cell
from tidings.tables.selection import Cells, Order, ranked

_Clause = sa.ColumnElement[bool]


class Rank(NamedTuple):
    """A column by which rows stand in order; what is empty is less than anything."""

    column: sa.Column[Any]
    is_descending: bool


def ranks_of(table: sa.Table, order: Iterable[Order]) -> list[Rank]:
    """By those columns, and then by those of the key."""
    key = (column.name for column in table.primary_key)
    return [Rank(table.c[one.column], one.is_descending) for one in ranked(order, key=key)]


def ordering(ranks: Sequence[Rank]) -> list[sa.ColumnElement[Any]]:
    return [_ordered(rank) for rank in ranks]


def beyond(ranks: Sequence[Rank], values: Cells) -> _Clause:
    """The rows behind the one that has those values."""
    engine = ranks[0].column.table.info["engine"]
    is_plain = not any(rank.is_descending or rank.column.nullable for rank in ranks)
    if is_plain and len(ranks) > 1 and engine in {"sqlite", "postgresql"}:
        # What an index on several columns is found by; MariaDB finds it by what follows.
        return sa.tuple_(*(rank.column for rank in ranks)) > sa.tuple_(*map(_bound, ranks, values))
    ways, before = [], list[_Clause]()
    for rank, value in zip(ranks, values, strict=True):
        ways.append(sa.and_(*before, _is_behind(rank, value)))
        before.append(rank.column.is_(None) if value is None else rank.column == _bound(rank, value))
    return sa.or_(*ways)


def _bound(rank: Rank, value: Cell) -> sa.BindParameter[Any]:
    return sa.literal(value, rank.column.type)


def _is_behind(rank: Rank, value: Cell) -> _Clause:
    column = rank.column
    if value is None:
        return sa.false() if rank.is_descending else column.is_not(None)
    if not rank.is_descending:
        return column > _bound(rank, value)
    return sa.or_(column < _bound(rank, value), column.is_(None)) if column.nullable else column < _bound(rank, value)


def _ordered(rank: Rank) -> sa.ColumnElement[Any]:
    ordered = rank.column.desc() if rank.is_descending else rank.column.asc()
    if rank.column.nullable and rank.column.table.info["engine"] == "postgresql":
        return ordered.nulls_last() if rank.is_descending else ordered.nulls_first()
    return ordered
