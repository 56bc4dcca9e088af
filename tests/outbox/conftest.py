"""A house for the outbox: a real store, a clock moved by hand, real endpoints."""

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import apsw
import asyncpg
import msgspec
import pytest

from tidings.core.clock import DAY, SECOND, Clock
from tidings.core.errors import Unavailable
from tidings.core.event import Actor, Event, Subject
from tidings.core.schedule import DEFAULT_SCHEDULE
from tidings.core.subscription import Subscription
from tidings.core.vault import Vault, new_key
from tidings.dialects.discovery import discover
from tidings.egress.client import Client
from tidings.egress.guard import Guard
from tidings.egress.resolver import Resolver
from tidings.outbox.courier import Courier
from tidings.outbox.hub import Hub, HubSettings
from tidings.outbox.publisher import Draft
from tidings.outbox.subscribing import Subscribing
from tidings.outbox.tenure import BEAT_EVERY_S
from tidings.outbox.terms import Terms
from tidings.store.database import Database, Kept
from tidings.store.history import History
from tidings.store.open import open_database
from tidings.store.sqlite.database import open_sqlite
from tidings.store.subscriptions import Subscriptions
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import Captured, Endpoint

GROUP = Subject("Application", "orders")
REAL = Clock()
# Seconds, real ones: for a machine that is busy.
PATIENCE_S = 60.0
RETENTION_MS = 30 * DAY
# What a SQLite store waits for a lock here: a test that takes the store away need not wait as long as a user would.
BUSY_MS = 100


def types(requests: list[Captured]) -> list[str]:
    """The event types that callbacks in the standard format tell of, in the order of their arrival."""
    return [msgspec.json.decode(request.body)["type"] for request in requests]


class House:
    """Everything that delivers, on one database; `open_house` makes it."""

    def __init__(
        self, database: Database, clock: ManualClock, *, client: Client, guard: Guard, vault: Vault, delivers: bool
    ) -> None:
        self.database = database
        self.clock = clock
        self.client = client
        found = discover()
        self.subscriptions = Subscriptions(database, vault)
        self.history = History(database)
        self.hub = Hub(
            database,
            subscriptions=self.subscriptions,
            client=client,
            clock=clock,
            dialects=found.dialects,
            settings=HubSettings(schedule=DEFAULT_SCHEDULE, retention_ms=RETENTION_MS, is_delivering=delivers),
        )
        self.subscribing = Subscribing(
            subscriptions=self.subscriptions,
            history=self.history,
            publisher=self.hub.publisher,
            directory=self.hub.directory,
            client=client,
            guard=guard,
            clock=clock,
            formats=found.dialects.keys(),
            default_format=lambda kind: found.default_for.get(kind, "standard"),
        )

    @property
    def courier(self) -> Courier:
        """The courier of a house that delivers."""
        assert self.hub.courier is not None
        return self.hub.courier

    async def subscribe(
        self, url: str, *, subject: Subject = GROUP, types: tuple[str, ...] = ("*",), **terms: object
    ) -> Subscription:
        """A subscription to that URL."""
        asked = Terms(types=types, url=url, **terms)  # type: ignore[arg-type]  # the test names real terms
        subscription, _ = await self.subscribing.create(subject, asked, connector="shop", owner="")
        return subscription

    async def publish(self, **fields: object) -> Kept:
        """Keep one event; name only what the test is about."""
        return await self.hub.publisher.publish_one(self.draft(**fields))

    def draft(self, **fields: object) -> Draft:
        """One event to publish; name only what the test is about."""
        return Draft(event=self.event(**fields))  # type: ignore[arg-type]  # the test names real fields

    def event(self, *, type: str = "order.created", data: bytes = b'{"amount":1}', subject: Subject = GROUP) -> Event:  # noqa: A002
        """An event of now."""
        return Event(type=type, subjects=(subject,), data=data, at=self.clock.now(), actor=Actor(name="Ada"))

    async def settled(self) -> None:
        """Wait until nothing is under way, and what was is on disk."""
        courier = self.courier
        await self.reaches(lambda: not courier.in_flight and not courier.recorder.waiting)

    async def later(self, ms: int) -> None:
        """Move the clock, and on until the beat has caught up with it: its transactions take real time."""
        # What is longer than a beat is jumped over: a beat that began on the way would be old when it is through.
        await (self.clock.jump(ms) if ms > BEAT_EVERY_S * SECOND else self.clock.advance(ms))
        look = 0
        async with asyncio.timeout(PATIENCE_S):
            while self.hub.courier is not None and not self.hub.tenure.is_fresh:
                await REAL.sleep(0.002)
                look += 1
                if look % 100 == 0:  # the store does not answer: only the next beat can
                    await self.clock.advance(SECOND)

    async def states(self, number: int) -> list[str]:
        """Where the deliveries of a subscription stand, oldest first."""
        deliveries, _ = await self.history.deliveries(number, limit=100)
        return [str(one.state) for one in reversed(deliveries)]

    async def reaches_states(self, number: int, states: list[str], *, by: int = 0) -> None:
        """As `reaches`, until the deliveries of a subscription stand like that."""
        ends_at = REAL.monotonic() + PATIENCE_S
        while (found := await self.states(number)) != states:
            assert REAL.monotonic() < ends_at, found
            await self.later(by)
            await REAL.sleep(0.005)

    async def now(self, number: int) -> Subscription:
        """A subscription as it stands."""
        await self.hub.directory.refresh()
        found = self.hub.directory.index.get(number)
        assert found is not None
        return found

    async def reaches(self, condition: Callable[[], object], *, by: int = 0, is_beating: bool = True) -> None:
        """Wait until a condition holds, moving the clock by so many milliseconds at each look if it does not."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                if by and is_beating:
                    await self.later(by)
                elif by:
                    await self.clock.advance(by)
                await REAL.sleep(0.005)  # disk and network are real, and take real time


OpenHouse = Callable[..., contextlib.AbstractAsyncContextManager[House]]


async def leaving(
    open_house: OpenHouse, prepare: Callable[[House], Awaitable[None]]
) -> tuple[House, "asyncio.Task[None]"]:
    """A house that is left once it is prepared, and the task that leaves it."""
    prepared: asyncio.Future[House] = asyncio.get_running_loop().create_future()

    async def serve() -> None:
        async with open_house() as house:
            await prepare(house)
            prepared.set_result(house)

    serving = asyncio.create_task(serve())
    either: list[asyncio.Future[Any]] = [serving, prepared]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if not prepared.done():
        serving.result()  # raises what went wrong
    return await prepared, serving


@pytest.fixture
def open_house(database_url: str) -> OpenHouse:
    """Opens houses on one database: the second one is a restart, or another node."""
    vault = Vault([new_key()])
    clock = ManualClock()

    @contextlib.asynccontextmanager
    async def make(*, delivers: bool = True, serving: bool = True) -> AsyncIterator[House]:
        guard = Guard(resolver=Resolver(clock=clock), allow=[ipaddress.ip_network("127.0.0.0/8")], plain_http=True)
        engine, _, path = database_url.partition(":")
        database: Database
        if engine == "sqlite":
            database = await open_sqlite(path, clock=clock, serving=serving, busy_ms=BUSY_MS)
        else:
            database = await open_database(database_url, clock=clock)
        try:
            await database.migrate()
            async with Client(guard=guard, clock=clock) as client:
                house = House(database, clock, client=client, guard=guard, vault=vault, delivers=delivers)
                async with house.hub.running():
                    yield house
        finally:
            await database.close()

    return make


@pytest.fixture
async def house(open_house: OpenHouse) -> AsyncIterator[House]:
    async with open_house() as house:
        yield house


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with Endpoint() as endpoint:
        yield endpoint


Outage = Callable[[], contextlib.AbstractAsyncContextManager[None]]


@pytest.fixture
def outage(database_url: str) -> Outage:
    """Takes the store away for as long as the context lasts: nothing can be written to it."""
    engine, _, path = database_url.partition(":")
    return (lambda: _locked(path)) if engine == "sqlite" else (lambda: _gone(database_url))


@contextlib.asynccontextmanager
async def _locked(path: str) -> AsyncIterator[None]:
    """Another process keeps the file's write lock."""
    connection = await asyncio.to_thread(apsw.Connection, path)
    connection.set_busy_timeout(5_000)
    await asyncio.to_thread(connection.execute, "BEGIN IMMEDIATE")
    try:
        yield
    finally:
        await asyncio.to_thread(connection.close)


@contextlib.asynccontextmanager
async def _gone(url: str) -> AsyncIterator[None]:
    """The database has another name for a while, and nobody is connected to it."""
    name = url.rpartition("/test_")[2].partition("?")[0]
    there, elsewhere = f"test_{name}", f"away_{name}"
    connection = await asyncpg.connect(url.replace(f"/{there}?", "/postgres?"))
    try:
        is_gone = False
        while not is_gone:  # somebody may connect again in between
            await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", there)
            with contextlib.suppress(asyncpg.ObjectInUseError):
                await connection.execute(f"ALTER DATABASE {there} RENAME TO {elsewhere}")
                is_gone = True
        try:
            yield
        finally:
            await connection.execute(f"ALTER DATABASE {elsewhere} RENAME TO {there}")
    finally:
        await connection.close()


def failing_once(method: Callable[..., Awaitable[Any]], *, is_done: bool = False) -> Callable[..., Awaitable[Any]]:
    """The store's method, which fails the first time: before it did anything, or with `is_done` after its commit."""
    has_failed = False

    async def call(*arguments: object, **named: object) -> object:
        nonlocal has_failed
        if has_failed:
            return await method(*arguments, **named)
        has_failed = True
        if is_done:
            await method(*arguments, **named)
        raise Unavailable("the connection was lost", is_fate_unknown=is_done)

    return call


@pytest.fixture
async def another_process(database_url: str, house: House) -> AsyncIterator[Database]:
    """The same database, as a process of its own has it."""
    database = await open_database(database_url, clock=house.clock)
    yield database
    await database.close()


Silence = Callable[[int], Awaitable[None]]


@pytest.fixture
def silence(database_url: str, house: House) -> Silence:
    """Lets the ten seconds pass after which an owner that does not beat is dead, by the store's own clock."""

    async def pass_for(owner: int) -> None:
        await declare_silent(database_url, owner)
        await house.later(12 * SECOND)

    return pass_for


async def declare_silent(url: str, owner: int) -> None:
    """Make a server believe that an owner last beat long ago; SQLite's clock is the one that tests move."""
    if url.startswith("postgresql"):
        connection = await asyncpg.connect(url)
        await connection.execute("UPDATE owner SET beat = 0 WHERE id = $1", owner)
        # The others, and those to come, beat for longer than one must before it may declare anybody dead.
        await connection.execute("UPDATE owner SET since = 0")
        await connection.execute("ALTER TABLE owner ALTER COLUMN since SET DEFAULT 0")
        await connection.close()
