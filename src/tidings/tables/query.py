"""Query: reads the tables part by part, each part in a short transaction of its own, on any engine."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tidings.core.clock import Clock
from tidings.core.errors import Invalid, NotFound, Unavailable
from tidings.core.row import Cell
from tidings.tables.catalogue import Catalogue, Known
from tidings.tables.clause import clause_of
from tidings.tables.condition import Condition
from tidings.tables.place import beyond, ordering, place_columns
from tidings.tables.selection import Cells, Column, Part, Selection, Sheet

# Seconds. Other processes make tables, too; nobody waits longer for a new column.
_LOOK_AGAIN_AFTER_S = 1.0
# Characters of text after which a part ends, so that rows of a megabyte each cost no more memory than small ones.
_LARGEST_PART = 4_000_000
_AT_ONCE = 100


class Query:
    """Reads; nothing here changes anything. Everything blocks: call it in a thread.

    Parts follow one another by key, not by number: no transaction lasts longer than one of them, no row comes twice,
    and what changes meanwhile comes as it was or as it is.
    """

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        # Of its own: the writer's changes while it writes.
        self._catalogue = Catalogue(engine)
        self._fresh_until = 0.0

    def sheets(self) -> Mapping[str, Sheet]:
        """All tables by name."""
        named = self._known()
        return {name: _sheet(named[name]) for name in sorted(named)}

    def sheet(self, name: str) -> Sheet:
        """One table. Raises NotFound."""
        return _sheet(self._find(name))

    def part(self, selection: Selection) -> Part:
        """The next rows: `most` of them, or fewer of great size. Raises NotFound, Unavailable and Invalid."""
        known = self._find(selection.table)
        statement = selecting(known, selection)
        size, width = 0, len(selection.columns)
        rows: list[Cells] = []
        place: Cells = ()
        with self._reading() as connection:
            result = connection.execution_options(stream_results=True, max_row_buffer=_AT_ONCE).execute(statement)
            for several in result.partitions(_AT_ONCE):
                for row in several[: selection.most - len(rows)]:
                    rows.append(tuple(row[:width]))
                    place = tuple(row[width:])
                size += sum(len(cell) for row in several for cell in row if isinstance(cell, str))
                if size > _LARGEST_PART or len(rows) == selection.most:
                    # One row more was asked for: whether there is any tells whether this is the end.
                    is_more = len(several) == _AT_ONCE or len(rows) == selection.most
                    result.close()
                    return Part(rows=rows, after=place if is_more else None)
        return Part(rows=rows, after=None)

    def count(self, name: str, condition: Condition | None) -> int:
        """How many rows are like that. Raises NotFound, Unavailable and Invalid."""
        table = self._find(name).table
        statement = sa.select(sa.func.count()).select_from(table)
        if condition is not None:
            statement = statement.where(clause_of(condition, table=table))
        with self._reading() as connection:
            return int(connection.execute(statement).scalar_one())

    def _find(self, name: str) -> Known:
        known = self._known().get(name)
        if known is None:
            raise NotFound("there is no such table; /tables lists those that there are")
        return known

    def _known(self) -> Mapping[str, Known]:
        now = self._clock.monotonic()
        if now >= self._fresh_until:
            with _telling():
                self._catalogue.refresh()
            self._fresh_until = now + _LOOK_AGAIN_AFTER_S
        return self._catalogue.named()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _telling(), self._engine.connect().execution_options(is_reading=True) as connection:
            if self._engine.dialect.name == "sqlite":
                _fold_all_letters(connection)
            yield connection
