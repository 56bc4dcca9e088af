"""Summary: rows of a table counted by what they hold, the same on any engine."""

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tidings.core.row import Shape
from tidings.tables.catalogue import Known
from tidings.tables.clause import clause_of
from tidings.tables.condition import Condition
from tidings.tables.engine import column_type
from tidings.tables.query import Query
from tidings.tables.selection import Cells

_MARIADB = frozenset({"mysql", "mariadb"})
# Buckets of one measure, the largest first. A guess: no chart shows more, and a free text has as many as rows.
MOST_BUCKETS = 1_000
# Characters. Texts with equal beginnings of that length count as one.
_LONGEST_VALUE = 200
# Degrees: places within about a kilometre are one.
_CELL = 0.01
_FIRST: sa.ColumnElement[int] = sa.literal_column("1")
_HOUR, _DAY = len("2024-01-31 09"), len("2024-01-31")


class By(StrEnum):
    """What rows are counted by."""

    ALL = "all"  # all together
    VALUE = "value"  # what the column holds
    STEP = "step"  # how many whole steps a number has
    HOUR = "hour"  # the hour of an instant, in UTC
    DAY = "day"  # the day of an instant, in UTC
    CELL = "cell"  # the place, to about a kilometre: `column` is the latitude, `other` the longitude


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """How rows are counted. `sums` names a column of numbers of which sum, least and greatest are wanted, too.

    With a `child`, its rows are counted, as far as their `question` is that one; they belong to rows of the table by
    the table's key.
    """

    name: str
    by: By = By.ALL
    column: str = ""
    other: str = ""
    step: float = 1.0
    sums: str = ""
    child: str = ""
    question: str = ""


class Tally(NamedTuple):
    """How many rows of a group fell into a bucket. What a bucket is, its measure tells; ALL has the empty one."""

    group: str
    bucket: str | float
    other: str | float
    count: int
    total: float | None = None
    least: float | None = None
    greatest: float | None = None


class Summary:
    """Counts. Everything blocks, and raises NotFound, Invalid and Unavailable as `Query` does."""

    def __init__(self, query: Query) -> None:
        self.query = query

    def tallies(self, table: str, measure: Measure, *, condition: Condition | None, group: str = "") -> list[Tally]:
        """Rows counted, in each group apart if `group` names a column. Rows that hold nothing there are left out."""
        known = self.query.find(table)
        child = self.query.find(measure.child) if measure.child else None
        statement = counting(known, measure, condition=condition, group=group, child=child)
        with self.query.reading() as connection:
            return _read(connection, statement, measure)

    def extent(self, table: str, column: str) -> tuple[float, float] | None:
        """The least and the greatest of a column; None if it holds nothing."""
        found = self.query.find(table).table.c[column]
        with self.query.reading() as connection:
            least, greatest = connection.execute(sa.select(sa.func.min(found), sa.func.max(found))).one()
        return None if least is None else (least, greatest)

    def latest(self, table: str, columns: Sequence[str], *, condition: Condition | None, most: int) -> list[Cells]:
        """So many rows, the newest first by the table's time, which holds no instant that is empty."""
        known = self.query.find(table)
        statement = sa.select(*(known.table.c[name] for name in columns)).limit(most)
        statement = statement.where(known.table.c[known.time].is_not(None))
        if condition is not None:
            statement = statement.where(clause_of(condition, table=known.table))
        with self.query.reading() as connection:
            ordered = statement.order_by(known.table.c[known.time].desc())
            return [tuple(row) for row in connection.execute(ordered)]


def counting(
    known: Known, measure: Measure, *, condition: Condition | None, group: str = "", child: Known | None = None
) -> sa.Select[Any]:
    """The statement that counts."""
    table = known.table
    counted = table if child is None else child.table
    buckets = _buckets(measure, counted)
    wanted = [table.c[group] if group else sa.literal("", sa.Text()), *buckets, sa.func.count()]
    if measure.sums:
        column = counted.c[measure.sums]
        wanted += [sa.func.sum(column), sa.func.min(column), sa.func.max(column)]
    statement = sa.select(*wanted)
    if child is None:
        statement = statement.select_from(table)
    else:
        keys = [column.name for column in table.primary_key]
        same = sa.and_(*(counted.c[name] == table.c[name] for name in keys))
        statement = statement.select_from(table.join(counted, same)).where(counted.c["question"] == measure.question)
    for name in filter(None, (measure.column, measure.other)):
        statement = statement.where(counted.c[name].is_not(None))
    if condition is not None:
        statement = statement.where(clause_of(condition, table=table))
    by = [*([table.c[group]] if group else []), *(buckets if measure.by is not By.ALL else [])]
    return statement.group_by(*by).order_by(sa.func.count().desc()).limit(MOST_BUCKETS)


def _buckets(measure: Measure, table: sa.Table) -> list[sa.ColumnElement[Any]]:
    nothing = sa.literal("", sa.Text())
    match measure.by:
        case By.ALL:
            return [nothing, nothing]
        case By.VALUE:
            return [_value(table.c[measure.column]), nothing]
        case By.STEP:
            return [_steps(table.c[measure.column], measure.step), nothing]
        case By.HOUR:
            return [_begun(table.c[measure.column], letters=_HOUR), nothing]
        case By.DAY:
            return [_begun(table.c[measure.column], letters=_DAY), nothing]
        case By.CELL:
            return [_steps(table.c[measure.column], _CELL), _steps(table.c[measure.other], _CELL)]


def _value(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    if not isinstance(column.type, sa.String):
        return column
    return sa.func.substr(column, _FIRST, sa.literal_column(str(_LONGEST_VALUE)), type_=sa.Text())


def _steps(column: sa.Column[Any], step: float) -> sa.ColumnElement[Any]:
    """How many whole steps a number has, downwards."""
    parts = column / _inlined(step, Shape.NUMBER, column)
    if column.table.info["engine"] != "sqlite":
        return sa.func.floor(parts)
    # Its own floor() is not in every build of it. Beyond 64 bits its whole numbers end, and so do our buckets.
    whole = sa.cast(parts, sa.BigInteger())
    return whole - sa.cast(whole > parts, sa.Integer())


def _begun(column: sa.Column[Any], *, letters: int) -> sa.ColumnElement[Any]:
    """An instant in its first letters, as 2024-01-31 09:00:00."""
    engine = column.table.info["engine"]
    if engine == "postgresql":
        written: sa.ColumnElement[Any] = sa.func.to_char(column, sa.literal_column("'YYYY-MM-DD HH24'"))
    elif engine in _MARIADB:
        written = sa.func.date_format(column, sa.literal_column("'%Y-%m-%d %H'"))
    else:
        written = column
    return sa.func.substr(written, _FIRST, sa.literal_column(str(letters)), type_=sa.Text())


def _inlined(value: float, shape: Shape, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    # A number of ours, which the statement holds twice: PostgreSQL takes two parameters for two things.
    kind = column_type(shape, engine=column.table.info["engine"], is_key=False)
    return sa.type_coerce(sa.literal_column(f"{value!r}"), kind)


def _read(connection: Connection, statement: sa.Select[Any], measure: Measure) -> list[Tally]:
    found = [Tally(row[0] or "", _plain(row[1]), _plain(row[2]), *row[3:]) for row in connection.execute(statement)]
    if measure.by is not By.CELL:
        return found
    # The middle of the place.
    return [one._replace(bucket=_middle(one.bucket), other=_middle(one.other)) for one in found]


def _plain(value: Any) -> str | float:  # noqa: ANN401 - the driver's own
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    number = float(value)
    return number if math.isfinite(number) else 0.0


def _middle(cell: str | float) -> float:
    return round((float(cell) + 0.5) * _CELL, 6)
