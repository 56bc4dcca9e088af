"""Pieces: what each day of a table counts up to, kept, so that a million rows are counted once and not at every look.

A piece is as good as its day's fingerprint: how many rows the day has, and what their versions add up to. Rows that
came, were replaced or moved to another day change it, whoever wrote them.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tidings.core.clock import DAY
from tidings.core.row import Shape
from tidings.tables.catalogue import VERSION
from tidings.tables.condition import Both, Compared, Condition, Literal, Named, Operator
from tidings.tables.engine import alone, column_type, schema_of, writing
from tidings.tables.naming import digest
from tidings.tables.query import Query
from tidings.tables.summary import Measure, Summary, Tally

# Eleven years; a sender can claim any day, and rows from before the newest so many are not counted.
MOST_DAYS = 4_000
# Seconds. Whoever looks again sooner sees the same.
_LOOK_AGAIN_AFTER_S = 2.0
# A prime: sums of what is left stay below 64 bits for a billion rows a day.
_MODULUS = 1_000_000_007
_AT_ONCE = 100

Tallies = dict[str, list[Tally]]


class _Day(NamedTuple):
    start: int
    fingerprint: str


class Pieces:
    """Counts the whole days of tables by given measures, in each group apart. Everything blocks.

    Raises NotFound, Invalid and Unavailable as `Query` does.
    """

    def __init__(self, query: Query) -> None:
        self._query = query
        self._summary = Summary(query)
        self._counting = threading.Lock()
        self._looked: dict[tuple[str, str], tuple[float, Mapping[int, Tallies]]] = {}
        engine = query.engine
        key = column_type(Shape.TEXT, engine=engine.dialect.name, is_key=True)
        self._kept = sa.Table(
            "tidings_piece",
            sa.MetaData(schema=schema_of(engine)),
            sa.Column("table_name", key, primary_key=True),
            sa.Column("day", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("fingerprint", key, nullable=False),
            sa.Column("content", column_type(Shape.TEXT, engine=engine.dialect.name, is_key=False), nullable=False),
        )
        self._is_open = False

    def days(self, table: str, measures: Sequence[Measure], *, group: str) -> Mapping[int, Tallies]:
        """Each day's tallies by the measures' names, by the day's start in epoch milliseconds; counts what changed."""
        plan = digest(repr((measures, group)))
        with self._counting:
            self._open()
            now = self._query.clock.monotonic()
            until, found = self._looked.get((table, plan), (0.0, {}))
            if now < until:
                return found
            found = self._brought_up_to_date(table, measures, group=group, plan=plan)
            # Others' plans for this table are as old as they are, and their memory is of use.
            self._looked = {named: one for named, one in self._looked.items() if named[0] != table}
            self._looked[table, plan] = self._query.clock.monotonic() + _LOOK_AGAIN_AFTER_S, found
            return found

    def forget(self) -> None:
        """Count everything again at the next look: rows were laid again by other rules."""
        with self._counting:
            self._open()
            self._looked = {}
            with writing(self._query.engine) as connection:
                connection.execute(self._kept.delete())

    def prepare(self, table: str, *, columns: Sequence[str]) -> None:
        """Make sure that rows are found by their time, and by each of those columns."""
        found = self._query.find(table).table
        indexes = [sa.Index(f"tidings_{digest(f'{table} time')[:20]}", found.c[self._time(table)], found.c[VERSION])]
        for name in columns:
            column = found.c[name]
            options = {"mysql_length": 64, "mariadb_length": 64} if isinstance(column.type, sa.String) else {}
            indexes.append(sa.Index(f"tidings_{digest(f'{table} {name}')[:20]}", column, **options))
        with self._query.reading() as connection:
            there = {one["name"] for one in sa.inspect(connection).get_indexes(table, schema=found.schema)}
        missing = [one for one in indexes if one.name not in there]
        if missing:
            with writing(self._query.engine) as connection, alone(connection):
                for index in missing:
                    index.create(connection, checkfirst=True)

    def _open(self) -> None:
        if not self._is_open:
            with writing(self._query.engine) as connection, alone(connection):
                self._kept.create(connection, checkfirst=True)
            self._is_open = True

    def _brought_up_to_date(
        self, table: str, measures: Sequence[Measure], *, group: str, plan: str
    ) -> Mapping[int, Tallies]:
        days = self._fingerprints(table, plan=plan)
        kept = self._read(table)
        found: dict[int, Tallies] = {}
        fresh: list[dict[str, Any]] = []
        for day in days:
            fingerprint, content = kept.pop(day.start, ("", ""))
            if fingerprint == day.fingerprint:
                found[day.start] = _decoder.decode(content)
                continue
            within = self._within(table, start=day.start, end=day.start + DAY)
            found[day.start] = {
                one.name: self._summary.tallies(table, one, condition=within, group=group) for one in measures
            }
            content = msgspec.json.encode(found[day.start]).decode()
            fresh.append(
                {"table_name": table, "day": day.start, "fingerprint": day.fingerprint, "content": content}
            )
        self._keep(table, fresh, gone=[*kept])
        return found

    def _fingerprints(self, table: str, *, plan: str) -> list[_Day]:
        """The days that have rows, the newest first, each by one walk along the index."""
        found = self._query.find(table).table
        at = found.c[self._time(table)]
        days: list[_Day] = []
        end: int | None = None
        with self._query.reading() as connection:
            while len(days) < MOST_DAYS:
                newest = sa.select(sa.func.max(at)) if end is None else sa.select(sa.func.max(at)).where(at < end)
                last = connection.execute(newest).scalar()
                if last is None:
                    return days
                start = last - last % DAY
                wanted = sa.select(sa.func.count(), sa.func.sum(found.c[VERSION] % _MODULUS))
                count, versions = connection.execute(wanted.where(at >= start, at < start + DAY)).one()
                days.append(_Day(start=start, fingerprint=f"{count} {versions} {plan}"))
                end = start
        return days

    def _read(self, table: str) -> dict[int, tuple[str, str]]:
        kept = self._kept
        with self._query.reading() as connection:
            rows = connection.execute(sa.select(kept).where(kept.c.table_name == table))
            return {row.day: (row.fingerprint, row.content) for row in rows}

    def _keep(self, table: str, fresh: Sequence[Mapping[str, Any]], *, gone: Sequence[int]) -> None:
        for start in range(0, len(fresh), _AT_ONCE):
            batch = fresh[start : start + _AT_ONCE]
            with writing(self._query.engine) as connection:
                self._drop(connection, table, [one["day"] for one in batch])
                connection.execute(self._kept.insert(), batch)
        for start in range(0, len(gone), _AT_ONCE):
            with writing(self._query.engine) as connection:
                self._drop(connection, table, gone[start : start + _AT_ONCE])

    def _drop(self, connection: Connection, table: str, days: Sequence[int]) -> None:
        kept = self._kept
        connection.execute(kept.delete().where(kept.c.table_name == table, kept.c.day.in_(days)))

    def _within(self, table: str, *, start: int, end: int) -> Condition:
        at = Named(self._time(table), Shape.INSTANT)
        return Both(
            (
                Compared(at, Operator.GE, Literal(start, Shape.INSTANT)),
                Compared(at, Operator.LT, Literal(end, Shape.INSTANT)),
            )
        )

    def _time(self, table: str) -> str:
        return self._query.find(table).time


_decoder = msgspec.json.Decoder(dict[str, list[Tally]])
