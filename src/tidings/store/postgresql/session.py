"""A session with PostgreSQL: a connection in use, spoken to in named statements."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import Transaction

from tidings.core.errors import Conflict
from tidings.store.database import Statement, Value
from tidings.store.event_row import json_text
from tidings.store.statements import statements

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Argument: TypeAlias = Value | Sequence[Value]
Row: TypeAlias = tuple[Value, ...]


class Session:
    """What runs outside `transaction()` is a transaction of its own; a transaction inside another is a savepoint."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._statements = statements("postgresql")

    def transaction(self) -> Transaction:
        return self._connection.transaction()

    async def fetch(self, name: str, /, **values: Argument) -> list[asyncpg.Record]:
        text = self._statements[name]
        return await self._connection.fetch(text.sql, *(values[parameter] for parameter in text.parameters))

    async def fetch_each(self, name: str, asked: Sequence[Mapping[str, Value]]) -> list[list[asyncpg.Record]]:
        """The rows of a query for each of those values, in one go; each row ends with which of them it is for."""
        text = self._statements[name]
        # The rows of a query within a query that does nothing else come in its order.
        numbered = f"SELECT found.*, CAST(${len(text.parameters) + 1} AS BIGINT) FROM ({text.sql}) AS found"  # noqa: S608 - ours
        arguments = [[*(values[one] for one in text.parameters), place] for place, values in enumerate(asked)]
        found: list[list[asyncpg.Record]] = [[] for _ in asked]
        for row in await self._connection.fetchmany(numbered, arguments):
            found[row[-1]].append(row)
        return found

    async def script(self, text: str) -> None:
        """Run several statements without values: a migration."""
        await self._connection.execute(text)

    async def hold_subscriptions(self, planned: Sequence[Statement]) -> None:
        """If one of those statements changes subscriptions, take their lock alone, before anything else is locked."""
        if any(self._statements[one.name].changes_subscriptions for one in planned):
            await self.fetch("subscriptions_held")

    async def state(self, statement: Statement) -> list[Row]:
        """Run a caller's statement; raises its `otherwise` if it touched no row, Conflict if it breaks a constraint."""
        if self._statements[statement.name].changes_subscriptions:
            await self.fetch("subscriptions_raised")
        try:
            rows, is_touched = await self._touch(statement)
        except asyncpg.CheckViolationError:
            raise  # no partition for now, which is nothing that the caller did
        except asyncpg.IntegrityConstraintViolationError as error:
            raise Conflict(
                "what must be unique is there already; change what is there, or choose another name"
            ) from error
        if not is_touched and statement.otherwise is not None:
            raise statement.otherwise
        return rows

    async def state_all(self, planned: Sequence[Statement]) -> bool:
        """Run one plain statement with the values of each, in one go; False if that leaves an `otherwise` to raise."""
        text = self._statements[planned[0].name]
        numbered = f"{text.sql} RETURNING CAST(${len(text.parameters) + 1} AS BIGINT)"
        values = [
            [*(one.values[parameter] for parameter in text.parameters), place] for place, one in enumerate(planned)
        ]
        try:
            touched = {place for (place,) in await self._connection.fetchmany(numbered, values)}
        except asyncpg.CheckViolationError:
            raise  # no partition for now, which is nothing that the caller did
        except asyncpg.IntegrityConstraintViolationError:
            return False
        return all(place in touched or one.otherwise is None for place, one in enumerate(planned))

    async def _touch(self, statement: Statement) -> tuple[list[Row], bool]:
        sql = self._statements[statement.name].sql
        if sql.startswith(("SELECT", "WITH")) or "RETURNING" in sql:
            rows = [tuple(row) for row in await self.fetch(statement.name, **statement.values)]
            return rows, bool(rows)
        arguments = [statement.values[parameter] for parameter in self._statements[statement.name].parameters]
        status = await self._connection.execute(sql, *arguments)
        return [], not status.endswith(" 0")


def numbers(found: Sequence[int]) -> str:
    """An array of numbers as PostgreSQL reads it from a text: asyncpg takes four times as long for a list of them."""
    return f"{{{json_text(found)[1:-1]}}}"


def is_plain(statement: Statement) -> bool:
    """Whether a statement changes rows and says nothing, and no lock has to be taken before it."""
    text = statements("postgresql")[statement.name]
    return (
        text.sql.startswith(("INSERT", "UPDATE", "DELETE"))
        and "RETURNING" not in text.sql
        and not text.changes_subscriptions
    )
