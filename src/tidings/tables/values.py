"""Values: what there is in one column, each once, for people who choose among them."""

from dataclasses import dataclass

import sqlalchemy as sa

from tidings.core.row import Cell
from tidings.tables.clause import clause_of
from tidings.tables.condition import Condition
from tidings.tables.query import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Some of them, in order, and how many there are in all."""

    values: list[Cell]
    total: int


def values_of(query: Query, table: str, *, column: str, condition: Condition | None, skip: int, most: int) -> Values:
    """So many values of rows that are like that, without what is empty. It looks through all of the table.

    Raises NotFound, Invalid and Unavailable. Blocks, as everything of `Query` does.
    """
    known = query.find(table)
    wanted = known.table.c[column]
    found = sa.select(wanted).distinct().where(wanted.is_not(None))
    if condition is not None:
        found = found.where(clause_of(condition, table=known.table))
    total = sa.select(sa.func.count()).select_from(found.subquery())
    with query.reading() as connection:
        rows = connection.execute(found.order_by(wanted).offset(skip).limit(most))
        values = [row[0] for row in rows]
        return Values(values=values, total=int(connection.execute(total).scalar_one()))
