"""Query: reads the tables part by part, each part in a short transaction of its own, on any engine."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tidings.core.clock import MINUTE, Clock
from tidings.core.errors import Invalid, NotFound, Unavailable
from tidings.tables.catalogue import Catalogue, Known
from tidings.tables.clause import clause_of, fold_all_letters
from tidings.tables.condition import Condition, limits_of
from tidings.tables.index import Indexes, time_index
from tidings.tables.limit import limited
from tidings.tables.position import Rank, beyond, ordering, ranks_of
from tidings.tables.selection import Cells, Column, Part, Selection, Sheet

# For one statement: a guess, ten times what the slowest take with a million rows.
LONGEST_MS = MINUTE
# Seconds. Other processes make tables, too; nobody waits longer for a new column, nor at all for a new table.
_LOOK_AGAIN_AFTER_S = 1.0
# Characters of text after which a part ends, so that rows of a megabyte each cost no more memory than small ones.
_LARGEST_PART = 4_000_000
# Rows that a driver holds: a receipt, of which a row is made, has a megabyte at most.
_FETCHED_AT_ONCE = 50
# Rows of a span of time that SQLite is to look up and put in order, in 0.1 s; it reads more of them by key, in order.
_SHORT_SPAN = 20_000


class Query:
    """Reads; nothing here changes any row. Everything blocks: call it in a thread.

    Parts follow one another by key, not by number: no transaction lasts longer than one of them, no row comes twice,
    and what changes meanwhile comes as it was or as it is.
    """

    def __init__(self, engine: Engine, *, clock: Clock, longest_ms: int = LONGEST_MS) -> None:
        self.engine = engine
        self.clock = clock
        self.indexes = Indexes(engine)
        self._longest_ms = longest_ms
        # One of its own: the writer's changes while it writes.
        self._catalogue = Catalogue(engine)
        self._fresh_until = 0.0

    def sheets(self) -> Mapping[str, Sheet]:
        """All tables by name. Raises Unavailable."""
        self._refresh()
        sheets = sorted(map(_sheet, self._catalogue.named().values()), key=lambda sheet: sheet.name)
        return {sheet.name: sheet for sheet in sheets}

    def sheet(self, name: str) -> Sheet:
        """One table. Raises NotFound and Unavailable."""
        return _sheet(self.find(name))

    def part(self, selection: Selection) -> Part:
        """The next rows: `most` of them, or fewer of great size. Raises NotFound, Invalid and Unavailable."""
        statement = self.statement(selection)
        rows: list[Cells] = []
        size, width, position = 0, len(selection.columns), None
        with self.reading() as connection:
            asked = connection.execution_options(stream_results=True, max_row_buffer=_FETCHED_AT_ONCE)
            with asked.execute(statement) as result:
                for row in (row for several in result.partitions(_FETCHED_AT_ONCE) for row in several):
                    if len(rows) == selection.most or size > _LARGEST_PART:
                        return Part(rows=rows, after=position)
                    rows.append(tuple(row[:width]))
                    position = tuple(row[width:])
                    size += sum(len(cell) for cell in row if isinstance(cell, str))
        return Part(rows=rows, after=None)

    def count(self, name: str, condition: Condition | None) -> int:
        """How many rows are like that. Raises NotFound, Invalid and Unavailable."""
        known = self.find(name)
        statement = sa.select(sa.func.count()).select_from(known.table)
        if condition is not None:
            self._limits(known, condition)
            statement = statement.where(clause_of(condition, table=known.table))
        with self.reading() as connection:
            return int(connection.execute(statement).scalar_one())

    def floor(self, name: str, *, most: int, until: int | None = None) -> int | None:
        """From when on there are so many rows, counted back from the newest or from that instant; None for fewer.

        Whoever reads by time, the newest first, asks for no more than those: not every engine reads an index backwards
        where what is empty comes last. Raises NotFound and Unavailable.
        """
        known = self.find(name)
        if known.is_view or known.time not in known.comments:
            return None
        with telling():
            self.indexes.ensure(known)
        at = known.table.c[known.time]
        some = sa.select(at).where(at.is_not(None) if until is None else at <= until)
        newest = some.order_by(*ordering([Rank(column=at, is_descending=True)]))
        with self.reading() as connection:
            return connection.execute(newest.offset(most).limit(1)).scalar()

    def find(self, name: str) -> Known:
        """A table, as SQLAlchemy knows it. Raises NotFound and Unavailable."""
        named = self._catalogue.named()
        if name not in named or self.clock.monotonic() >= self._fresh_until:
            self._refresh()
            named = self._catalogue.named()
        if name not in named:
            raise NotFound("there is no such table; /tables lists those that there are")
        return named[name]

    def _refresh(self) -> None:
        now = self.clock.monotonic()
        with telling():
            self._catalogue.refresh()
        self._fresh_until = now + _LOOK_AGAIN_AFTER_S

    def statement(self, selection: Selection) -> sa.Select[Any]:
        """The statement that reads a part. Raises NotFound, Invalid and Unavailable."""
        known = self.find(selection.table)
        statement = selecting(known.table, selection)
        limits = self._limits(known, selection.condition) if selection.condition is not None else None
        if limits is None or selection.order or self.engine.dialect.name != "sqlite":
            return statement
        # It keeps no figures of what is in a table: it would look through all of it by key for the newest few rows, or
        # put all of it in order for every thousand of a long time.
        some = sa.select(sa.literal(1)).where(clause_of(limits, table=known.table)).limit(_SHORT_SPAN).subquery()
        with self.reading() as connection:
            number = connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
        index = time_index(known) if number < _SHORT_SPAN else f"sqlite_autoindex_{known.table.name}_1"
        return statement.with_hint(known.table, f"INDEXED BY {index}", "sqlite")

    def _limits(self, known: Known, condition: Condition) -> Condition | None:
        """Between what times rows are asked for, if they are; then they are found by it."""
        limits = None if known.is_view else limits_of(condition, column=known.time)
        if limits is not None:
            with telling():
                self.indexes.ensure(known)
        return limits

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with. What fails is raised as Invalid or Unavailable, without the statement."""
        with (
            telling(),
            self.engine.connect().execution_options(is_reading=True) as connection,
            limited(connection, self._longest_ms, clock=self.clock),
        ):
            if self.engine.dialect.name == "sqlite":
                fold_all_letters(connection)
            yield connection


def selecting(table: sa.Table, selection: Selection) -> sa.Select[Any]:
    """The statement that reads a part: the wanted columns, then the row's position, of one row more than wanted."""
    ranks = ranks_of(table, selection.order)
    columns = (*(table.c[name] for name in selection.columns), *(rank.column for rank in ranks))
    statement = sa.select(*columns).order_by(*ordering(ranks)).limit(selection.most + 1)
    if selection.condition is not None:
        statement = statement.where(clause_of(selection.condition, table=table))
    if selection.after is not None:
        statement = statement.where(beyond(ranks, selection.after))
    return statement.offset(selection.skip) if selection.skip else statement


def _sheet(known: Known) -> Sheet:
    columns = {
        name: Column(
            name=name, shape=known.shapes[name], is_key=known.table.c[name].primary_key, comment=known.comments[name]
        )
        for name in known.comments
    }
    # SQLAlchemy's own kind of text is no text to an encoder.
    return Sheet(name=str(known.table.name), comment=known.comment, time=known.time, columns=columns)


@contextlib.contextmanager
def telling() -> Iterator[None]:
    try:
        yield
    except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
        raise Unavailable("the tables cannot be read just now, or not in time; ask for less, or again later") from error
    except sa.exc.SQLAlchemyError as error:
        raise Invalid("the database of the tables does not take this question; ask for less") from error
