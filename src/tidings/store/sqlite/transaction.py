"""A transaction on SQLite: named statements, identifiers, and whether another process wrote meanwhile."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from typing import Any

import apsw

from tidings.core.clock import Clock
from tidings.core.errors import Conflict
from tidings.core.identifier import identifier_at
from tidings.store.database import Statement, Value
from tidings.store.sqlite.connection import connect
from tidings.store.statements import statements

Row = tuple[Value, ...]

# Rows that a statement is repeated for: any number up to the first, and its multiples up to the second, so that every
# length is soon in the statement cache, and few statements are run. Preparing one for each number of rows that occurs
# took two thirds of the writer's time, and with powers of two 27 rows took four statements (measured).
FEW_ROWS, MOST_ROWS = 16, 128
# Enough for the inner pages of the indexes of a million debts; the rest is the system's to cache.
CACHE_KIB = 16_000


class Transaction:
    """The writer's connection, used for one transaction after the other."""

    def __init__(self, path: str, *, clock: Clock, busy_ms: int) -> None:
        self._connection = connect(path, busy_ms=busy_ms)
        self._connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._clock = clock
        self._statements = statements("sqlite")
        self._data_version = 0
        self._identifier = 0
        # Another object whenever another process has written.
        self.elsewhere = object()

    def begin(self, *, patience_ms: int) -> None:
        """Wait so long for another process that writes."""
        self._connection.set_busy_timeout(patience_ms)
        self._connection.execute("BEGIN IMMEDIATE")
        # Our own commits do not move it: only another process's.
        version = self._connection.pragma("data_version")
        if version != self._data_version:
            self.elsewhere = object()
            self._data_version = version
            self._identifier = 0

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        # Some errors have rolled back already.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()

    def savepoint(self) -> AbstractContextManager[Any]:
        """Undo what is done inside if it raises."""
        return self._connection

    def require_alive(self, owner: int) -> None:
        """Raise Conflict if the owner was declared dead: what it takes now, nobody would ever free again."""
        if not self.run("owner_known", owner=owner):
            raise Conflict(f"owner {owner} was declared dead after a silence; enrol anew")

    @property
    def now(self) -> int:
        """The database's clock: this machine's."""
        return self._clock.now()

    def identifiers(self, count: int) -> int:
        """The first of so many new ones in a row, higher than any before, even if the clock was set back."""
        if self._identifier == 0:
            [(newest,)] = self.run("newest_identifier")
            self._identifier = int(newest or 0)
        first = max(self._identifier + 1, identifier_at(self.now))
        self._identifier = first + count - 1
        return first

    def run(self, name: str, /, **values: Value) -> list[Any]:
        text = self._statements[name]
        return self._connection.execute(text.sql, tuple(values[key] for key in text.parameters)).fetchall()

    def change(self, name: str, /, **values: Value) -> int:
        """Run a statement; how many rows it changed."""
        self.run(name, **values)
        return self._connection.changes()

    def select_for(self, name: str, rows: Sequence[Row]) -> list[Any]:
        """Run a query with those rows after its VALUES."""
        return [row for cursor in self._run_for(name, rows) for row in cursor]

    def change_for(self, name: str, rows: Sequence[Row]) -> int:
        """Run a statement with those rows after its VALUES; how many rows it changed."""
        return sum(self._connection.changes() for _ in self._run_for(name, rows))

    def _run_for(self, name: str, rows: Sequence[Row]) -> Iterator[apsw.Cursor]:
        start = 0
        while left := len(rows) - start:
            count = min(left, MOST_ROWS)
            count -= count % FEW_ROWS if count > FEW_ROWS else 0
            values = tuple(chain.from_iterable(rows[start : start + count]))
            start += count
            yield self._connection.execute(self._statements[name].repeated(count), values)

    def state(self, statement: Statement) -> list[Row]:
        """Run a caller's statement. Raises its `otherwise` if it touched no row, Conflict if a unique name is taken."""
        if self._statements[statement.name].changes_subscriptions:
            self.run("subscriptions_raised")
        before = self._connection.total_changes()
        try:
            rows = self.run(statement.name, **statement.values)
        except apsw.ConstraintError as error:
            raise Conflict(
                "what must be unique is there already; change what is there, or choose another name"
            ) from error
        if statement.otherwise is not None and not rows and self._connection.total_changes() == before:
            raise statement.otherwise
        return rows

    def script(self, text: str) -> None:
        """Run several statements without values: a migration."""
        self._connection.execute(text).fetchall()
