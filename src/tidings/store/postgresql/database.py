"""The store on PostgreSQL: one round trip for each hot method."""

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from tidings.core.clock import DAY, Clock
from tidings.core.errors import TidingsError
from tidings.core.identifier import identifier_at
from tidings.store.database import Claim, Kept, LaneChange, Publication, Settlement, Statement, Value, Wanted
from tidings.store.postgresql.bell import Bell
from tidings.store.postgresql.by_key import ByKey
from tidings.store.postgresql.connection import PATIENCE_S, Connections, meant, pooled
from tidings.store.postgresql.keep import keep
from tidings.store.postgresql.session import Row, Session
from tidings.store.postgresql.settle import claim_arguments, claimed, settlement_arguments
from tidings.store.row import shaped
from tidings.store.statements import migrations, statements
from tidings.store.unopened import Unopened

T = TypeVar("T")

# A guess at the largest table that a migration rewrites; the same limit is in `migrations_locked`.
_MIGRATION_S = 600.0
# Readers share so many connections of the pool, so that publishing and delivering find theirs free.
_READERS = 4
# Partitions are there for today and so many days more: what is kept still finds one when every process was stopped over
# a weekend, or the server's clock leaps.
_DAYS_AHEAD = 2


class PostgresqlDatabase:
    """`Database` on a server that any number of processes share; instants of the store are the server's."""

    engine = "postgresql"
    parallel_batches = 2  # bare calls of the functions: 34,000, 45,500 and 40,500 events/s with 1, 2 and 3; noisy

    def __init__(self, connections: Connections, *, clock: Clock) -> None:
        self.unopened = Unopened()
        self._clock = clock
        self._connections = connections
        self._bell = Bell(connections)
        self._statements = statements(self.engine)
        self._reading = asyncio.Semaphore(_READERS)
        self._by_key = ByKey(connections, turns=self._reading)
        self._partition_at = 0

    async def close(self) -> None:
        await self._by_key.close()
        await self._bell.close()
        await self._connections.close()

    async def migrate(self) -> list[str]:
        connection = await self._connections.connect(patience_s=_MIGRATION_S)
        try:
            with meant(connection):
                done = await self._migrate(Session(connection))
        finally:
            await self._connections.disconnect(connection)
        await self._make_partitions()
        return done

    async def read(self, shape: type[T], name: str, /, **values: Value) -> list[T]:
        if self._statements[name].finds_by_key:
            rows = await self._by_key.find(name, **values)
        else:
            # Waiting for a place counts: behind readers whom nobody answers, whoever asks is told as soon as they are.
            with meant(None):
                async with asyncio.timeout(PATIENCE_S), self._reading:
                    rows = await self._connections.fetch(name, **values)
        return shaped(shape, [tuple(row) for row in rows], names=list(rows[0].keys())) if rows else []

    async def write(self, *statements: Statement) -> list[list[Row]]:
        async def work(session: Session) -> list[list[Row]]:
            if len(statements) == 1 and self._stands_alone(statements[0]):
                return [await session.state(statements[0])]  # a transaction without the round trips of one
            async with session.transaction():
                await session.hold_subscriptions(statements)
                return [await session.state(one) for one in statements]

        return await self._connections.run(work)

    def _stands_alone(self, statement: Statement) -> bool:
        """Whether nothing goes before it, and nothing that it did can have to be undone."""
        return statement.otherwise is None and not self._statements[statement.name].changes_subscriptions

    async def keep(self, publications: Sequence[Publication], *, version: int, owner: int) -> list[Kept | TidingsError]:
        return await keep(self._connections, publications, version=version, owner=owner)

    async def claim(self, wanted: Sequence[Wanted], *, owner: int, now: int) -> Claim:
        return claimed(await self._connections.fetch("debts_claimed", owner=owner, now=now, **claim_arguments(wanted)))

    async def settle(
        self,
        settlements: Sequence[Settlement],
        lanes: Sequence[LaneChange],
        *,
        owner: int,
        also: Sequence[Statement] = (),
        is_awaited: bool = False,
    ) -> None:
        del is_awaited  # nothing waits here
        arguments = settlement_arguments(settlements, lanes)
        if not also:
            await self._connections.fetch("settled", owner=owner, **arguments)
            return

        async def work(session: Session) -> None:
            async with session.transaction():
                for statement in also:
                    await session.state(statement)
                await session.fetch("settled", owner=owner, **arguments)

        await self._connections.run(work)

    async def release(self, debts: Sequence[tuple[int, int]], *, owner: int) -> None:
        subscriptions = [subscription for subscription, _ in debts]
        events = [event for _, event in debts]
        await self._connections.fetch("debts_released", subscriptions=subscriptions, events=events, owner=owner)

    async def backlog(self, *, after: int, most: int) -> list[tuple[int, int]]:
        return [(lane, due) for lane, due in await self._connections.fetch("backlog", after=after, most=most)]

    async def enrol(self) -> int:
        return await self._number("owner_enrolled") or 0

    async def beat(self, owner: int) -> list[int]:
        [(dead, now)] = await self._connections.fetch("owner_beat", owner=owner)
        if now >= self._partition_at:
            await self._make_partitions()
        return list(dead)

    async def retire(self, owner: int) -> None:
        await self._connections.fetch("owner_retired", owner=owner)

    async def expire(self, *, before: int, most: int) -> int:
        """As the contract says, but events go by whole days (UTC), counted up to `most`.

        Raises Unavailable too if a long query kept the tables in use; then nothing but debts and keys went.
        """
        while await self._number("debts_expired", before=identifier_at(before), most=most) == most:
            pass
        while await self._number("keys_expired", before=before, most=most) == most:
            pass
        gone = 0
        while gone < most:
            in_a_day = await self._number("day_expired", before=before, most=most - gone)
            if in_a_day is None:
                break
            gone += in_a_day
        return gone

    async def ring(self, topic: str) -> None:
        await self._bell.ring(topic)

    async def heard(self) -> str:
        return await self._bell.heard()

    async def _migrate(self, session: Session) -> list[str]:
        """One transaction: a script that fails leaves nothing behind. What only newer code knows is no matter."""
        async with session.transaction():
            await session.fetch("migrations_locked")
            await session.fetch("migrations_begun")
            done = {row["name"] for row in await session.fetch("migrations_done")}
            todo = {name: script for name, script in migrations("postgresql").items() if name not in done}
            for name, script in todo.items():
                await session.script(script)
                await session.fetch("migration_done", name=name, at=self._clock.now())
        return list(todo)

    async def _make_partitions(self) -> None:
        until = await self._number("partitions_made", days=_DAYS_AHEAD) or 0
        self._partition_at = until - _DAYS_AHEAD * DAY

    async def _number(self, name: str, **values: int) -> int | None:
        [(number,)] = await self._connections.fetch(name, **values)
        return None if number is None else int(number)


async def open_postgresql(url: str, *, clock: Clock) -> PostgresqlDatabase:
    """Open `postgresql://…`. Raises Unavailable if the server does not answer, Invalid if the URL cannot be read."""
    return PostgresqlDatabase(await pooled(url), clock=clock)
