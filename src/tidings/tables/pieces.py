"""Pieces: what each day of a table counts up to, kept, so that a million rows are counted once and not at every look.

A piece is as good as its fingerprint: how many rows fall into its time, and what their versions add up to. Rows that
came, were replaced or moved to another time change it, whoever wrote them. A day of many rows is made of its hours,
those of minutes and those of seconds, so that a new row costs a count of what is around it alone.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tidings.core.clock import DAY, HOUR, MINUTE, SECOND
from tidings.core.errors import Unavailable
from tidings.core.row import Cell, Shape
from tidings.tables.catalogue import VERSION, Known
from tidings.tables.clause import clause_of
from tidings.tables.condition import Condition
from tidings.tables.counts import Count, Counts, Grouped, Measure, add, count, tallied, trim, whole
from tidings.tables.engine import alone, column_type, schema_of, writing
from tidings.tables.naming import digest
from tidings.tables.position import Rank, ordering
from tidings.tables.query import Query, telling
from tidings.tables.selection import Cells

# Eleven years; a sender can claim any day, and rows from before the newest so many are not counted.
MOST_DAYS = 4_000
# Rows that are counted at once: 0.1 s, and less memory than a request may have.
_LEAF = 20_000
_PARTS = {DAY: HOUR, HOUR: MINUTE, MINUTE: SECOND}
# The group that stands for all.
ALL = "*"
# A prime: sums of what is left stay below 64 bits for a billion rows a day.
_MODULUS = 1_000_000_007
_AT_ONCE = 100
_HOUR_S = HOUR // SECOND
# Hours from before any year that a table holds to 1970.
_AGES_H = 10_000 * 366 * 24
# Rows that are looked through for the latest texts, and characters of each: some of many questions are rarely answered.
_LATEST, _BEGINNING = 1_000, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is counted of a table: its measures, in each group apart by that column."""

    table: str
    measures: tuple[Measure, ...]
    group: str

    @property
    def digest(self) -> str:
        return digest(repr(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Of which rows: of that group, or all; from an instant on, and before another."""

    group: str = ALL
    since: int | None = None
    until: int | None = None

    def holds(self, piece: "_Piece") -> bool:
        """Whether it holds the whole piece."""
        begins = self.since is None or self.since <= piece.start
        return begins and (self.until is None or piece.end <= self.until)

    def meets(self, piece: "_Piece") -> bool:
        """Whether it holds any of the piece."""
        begins = self.since is None or self.since < piece.end
        return begins and (self.until is None or piece.start < self.until)


class _Piece(NamedTuple):
    start: int
    width: int
    rows: int
    fingerprint: str

    @property
    def end(self) -> int:
        return self.start + self.width


class Pieces:
    """Counts tables, and keeps what it counted. Everything blocks.

    Raises NotFound, Invalid and Unavailable as `Query` does.
    """

    def __init__(self, query: Query) -> None:
        self.query = query
        self._counting: dict[str, threading.Lock] = {}
        engine = query.engine
        key = column_type(Shape.TEXT, engine=engine.dialect.name, is_key=True)
        self._kept = sa.Table(
            "tidings_piece",
            sa.MetaData(schema=schema_of(engine)),
            sa.Column("table_name", key, primary_key=True),
            sa.Column("width", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("member", key, primary_key=True),
            sa.Column("fingerprint", key, nullable=False),
            sa.Column("content", column_type(Shape.TEXT, engine=engine.dialect.name, is_key=False), nullable=False),
        )
        self._is_open = False
        self._is_stopping = False

    def counts(self, plan: Plan, span: Span) -> Counts:
        """The rows of the span by the plan's measures; what changed since the last time is counted again."""
        with self._counting.setdefault(plan.table, threading.Lock()):
            self._open()
            found: Grouped = {}
            kept = self._kept_days(plan, member=span.group)
            for day in self._days(plan, until=span.until):
                if not span.meets(day):
                    break
                if span.holds(day):
                    fingerprint, content = kept.get(day.start, ("", ""))
                    counts = _decoder.decode(content or "{}") if fingerprint == day.fingerprint else None
                    add(found, {"": self._whole(plan, day).get(span.group, {}) if counts is None else counts})
                else:
                    add(found, {"": self._part(plan, day, span=span)})
            return found.get("", {})

    def direct(self, plan: Plan, condition: Condition) -> Counts:
        """The rows that are like that, counted now."""
        return whole(self._counted(plan, condition))

    def latest(self, table: str, columns: Sequence[str], *, condition: Condition | None) -> list[Cells]:
        """The time and the beginnings of those texts, of the newest thousand rows, the newest first."""
        known = self.query.find(table)
        time = known.table.c[known.time]
        begin: sa.ColumnElement[int] = sa.literal_column("1")
        length: sa.ColumnElement[int] = sa.literal_column(str(_BEGINNING))
        texts = (sa.func.substr(known.table.c[name], begin, length, type_=sa.Text()) for name in columns)
        newest = ordering([Rank(column=time, is_descending=True)])
        statement = sa.select(time, *texts).where(time.is_not(None)).order_by(*newest).limit(_LATEST)
        if condition is not None:
            statement = statement.where(clause_of(condition, table=known.table))
        with self.query.reading() as connection:
            return [tuple(row) for row in connection.execute(statement)]

    def groups(self, table: str, *, most: int) -> list[str]:
        """So many groups that the counted days of a table tell of."""
        kept = self._kept
        asked = sa.select(kept.c.member).distinct().where(kept.c.table_name == table, kept.c.width == DAY)
        self._open()
        with self.query.reading() as connection:
            named = asked.where(kept.c.member.not_in([ALL, ""])).order_by(kept.c.member).limit(most)
            return list(connection.execute(named).scalars())

    def forget(self) -> None:
        """Count everything again at the next look: rows were laid again by other rules."""
        self._open()
        with telling(), writing(self.query.engine) as connection:
            connection.execute(self._kept.delete())

    def stop(self) -> None:
        """Break off what is being counted, in any thread, as Unavailable; what was counted is kept."""
        self._is_stopping = True

    def prepare(self, table: str, *, columns: Sequence[str]) -> None:
        """Make sure that rows are found by their time, and by each of those columns."""
        with telling():
            self.query.indexes.ensure(self.query.find(table), *columns)

    def _open(self) -> None:
        if not self._is_open:
            with telling(), writing(self.query.engine) as connection, alone(connection):
                self._kept.create(connection, checkfirst=True)
            self._is_open = True

    def _whole(self, plan: Plan, piece: _Piece) -> Grouped:
        """A piece by its groups, from what is kept or counted now; ALL is one of them."""
        kept = self._kept_piece(plan, piece)
        if kept is not None:
            return kept
        if self._is_stopping:
            raise Unavailable("the tables are not counted any more; the server is about to stop")
        if piece.rows <= _LEAF or piece.width == SECOND:
            found = self._counted(plan, lambda known: _between(known, since=piece.start, until=piece.end))
        else:
            found = {}
            for part in self._parts(plan, piece):
                add(found, {group: one for group, one in self._whole(plan, part).items() if group != ALL})
        found[ALL] = whole(found)
        for counts in found.values():
            trim(counts, plan.measures)
        self._keep(plan, piece, found=found)
        return found

    def _part(self, plan: Plan, piece: _Piece, *, span: Span) -> Counts:
        """What of a piece is in the span."""
        if piece.rows <= _LEAF or piece.width == SECOND:
            since = piece.start if span.since is None else max(piece.start, span.since)
            until = piece.end if span.until is None else min(piece.end, span.until)
            found = self._counted(plan, lambda known: _between(known, since=since, until=until))
            return whole(found) if span.group == ALL else found.get(span.group, {})
        together: Grouped = {}
        for part in self._parts(plan, piece):
            if span.holds(part):
                add(together, {"": self._whole(plan, part).get(span.group, {})})
            elif span.meets(part):
                add(together, {"": self._part(plan, part, span=span)})
        return together.get("", {})

    def _counted(self, plan: Plan, condition: Condition | Callable[[Known], sa.ColumnElement[bool]]) -> Grouped:
        known = self.query.find(plan.table)
        # Made of this very table: the catalogue gives another one when it has looked again.
        where = condition(known) if callable(condition) else clause_of(condition, table=known.table)
        found: Grouped = {}
        plain = [one for one in plan.measures if not one.child]
        names = list(dict.fromkeys(name for one in plain for name in (one.column, one.other) if name))
        group = known.table.c[plan.group] if plan.group else sa.literal("", sa.Text())
        statement = sa.select(group, *(_quickly(known, name) for name in names)).where(where)
        with self.query.reading() as connection:
            for groups, *columns in _batches(connection, statement):
                add(found, count(dict(zip(names, columns, strict=True)), plain, groups=groups))
            for one in plan.measures:
                if one.child:
                    other = self.query.find(one.child)
                    if one.column not in other.table.c:
                        continue  # nobody has chosen anything yet
                    value = other.table.c[one.column]
                    asked = (
                        sa.select(group, value, sa.func.count())
                        .join_from(known.table, other.table, _same(known, other))
                        .where(where, other.table.c["question"] == one.question)
                        .group_by(*([group, value] if plan.group else [value]))
                    )
                    rows = connection.execute(asked)
                    add(found, tallied(one, ((row[0], row[1], row[2]) for row in rows)))
        return found

    def _days(self, plan: Plan, *, until: int | None) -> Iterator[_Piece]:
        """The days that have rows, the newest first."""
        known = self.query.find(plan.table)
        at = known.table.c[known.time]
        end = until
        for _ in range(MOST_DAYS):
            newest = sa.select(sa.func.max(at))
            with self.query.reading() as connection:
                last = connection.execute(newest if end is None else newest.where(at < end)).scalar()
                if last is None:
                    return
                end = last - last % DAY
                piece = _fingerprinted(connection, plan, known=known, start=end, width=DAY)
            yield piece

    def _parts(self, plan: Plan, piece: _Piece) -> list[_Piece]:
        known = self.query.find(plan.table)
        width = _PARTS[piece.width]
        with self.query.reading() as connection:
            parts = [
                _fingerprinted(connection, plan, known=known, start=start, width=width)
                for start in range(piece.start, piece.end, width)
            ]
        return [part for part in parts if part.rows]

    def _kept_days(self, plan: Plan, *, member: str) -> dict[int, tuple[str, str]]:
        """What is kept of days: the fingerprint of all, and the content of the wanted member, empty if it has none."""
        kept = self._kept
        of_days = sa.select(kept.c.start, kept.c.member, kept.c.fingerprint)
        of_days = of_days.where(kept.c.table_name == plan.table, kept.c.width == DAY)
        found: dict[int, tuple[str, str]] = {}
        with self.query.reading() as connection:
            for row in connection.execute(of_days.where(kept.c.member == ALL)):
                found[row.start] = row.fingerprint, ""
            for row in connection.execute(of_days.add_columns(kept.c.content).where(kept.c.member == member)):
                if found.get(row.start, ("", ""))[0] == row.fingerprint:
                    found[row.start] = row.fingerprint, row.content
        return found

    def _kept_piece(self, plan: Plan, piece: _Piece) -> Grouped | None:
        kept = self._kept
        asked = sa.select(kept.c.member, kept.c.content).where(*self._of(plan, piece))
        with self.query.reading() as connection:
            rows = list(connection.execute(asked.where(kept.c.fingerprint == piece.fingerprint)))
        return {row.member: _decoder.decode(row.content) for row in rows} or None

    def _keep(self, plan: Plan, piece: _Piece, *, found: Mapping[str, Counts]) -> None:
        rows = [
            {
                "table_name": plan.table,
                "width": piece.width,
                "start": piece.start,
                "member": group,
                "fingerprint": piece.fingerprint,
                "content": msgspec.json.encode(counts).decode(),
            }
            for group, counts in found.items()
        ]
        # Others may have counted it at the same time.
        with telling(), writing(self.query.engine) as connection, alone(connection):
            connection.execute(self._kept.delete().where(*self._of(plan, piece)))
            for start in range(0, len(rows), _AT_ONCE):
                connection.execute(self._kept.insert(), rows[start : start + _AT_ONCE])

    def _of(self, plan: Plan, piece: _Piece) -> tuple[sa.ColumnElement[bool], ...]:
        kept = self._kept
        return kept.c.table_name == plan.table, kept.c.width == piece.width, kept.c.start == piece.start


def _fingerprinted(connection: Connection, plan: Plan, *, known: Known, start: int, width: int) -> _Piece:
    versions = sa.select(sa.func.count(), sa.func.sum(known.table.c[VERSION] % _MODULUS))
    number, total = connection.execute(versions.where(_between(known, since=start, until=start + width))).one()
    return _Piece(start, width, number, f"{number} {total} {plan.digest}")


def _between(known: Known, *, since: int, until: int) -> sa.ColumnElement[bool]:
    at = known.table.c[known.time]
    return sa.and_(at >= since, at < until)


def _quickly(known: Known, name: str) -> sa.ColumnElement[Any]:
    """A column; of an instant the hour is enough, which its engine makes a number of sooner than we do."""
    column = known.table.c[name]
    engine = column.table.info["engine"]
    if known.shapes[name] is Shape.INSTANT and engine == "sqlite":
        # It has no rounding down of its own, but divides what is above nothing so.
        hours = (sa.type_coerce(sa.extract("epoch", column), sa.BigInteger()) + _AGES_H * _HOUR_S) // _HOUR_S
        return (hours - _AGES_H) * HOUR
    if known.shapes[name] is Shape.INSTANT and engine == "postgresql":
        return sa.cast(sa.func.floor(sa.extract("epoch", column) / _HOUR_S), sa.BigInteger) * HOUR
    return column


def _same(known: Known, child: Known) -> sa.ColumnElement[bool]:
    return sa.and_(*(child.table.c[column.name] == column for column in known.table.primary_key))


def _batches(connection: Connection, statement: sa.Select[Any]) -> Iterator[list[Sequence[Cell]]]:
    """The rows, many at once, turned into columns."""
    asked = connection.execution_options(stream_results=True, max_row_buffer=_LEAF)
    with asked.execute(statement) as result:
        for rows in result.partitions(_LEAF):
            yield list(zip(*rows, strict=True))


_decoder = msgspec.json.Decoder(dict[str, Count])
