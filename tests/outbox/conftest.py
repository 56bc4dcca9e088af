"""A house for the outbox: a real store, a clock moved by hand, real endpoints."""

import contextlib
import ipaddress
from collections.abc import AsyncIterator, Callable

import pytest

from tidings.core.clock import DAY, SECOND, Clock
from tidings.core.event import Actor, Event, Subject
from tidings.core.schedule import DEFAULT_SCHEDULE
from tidings.core.subscription import Subscription
from tidings.core.vault import Vault, new_key
from tidings.dialects.discovery import discover
from tidings.egress.client import Client
from tidings.egress.guard import Guard
from tidings.egress.resolver import Resolver
from tidings.outbox.hub import Hub, HubSettings
from tidings.outbox.publisher import Draft
from tidings.outbox.subscribing import Subscribing
from tidings.outbox.terms import Terms
from tidings.store.database import Database, Kept
from tidings.store.history import History
from tidings.store.open import open_database
from tidings.store.subscriptions import Subscriptions
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import Endpoint

GROUP = Subject("Application", "orders")
REAL = Clock()
RETENTION_MS = 30 * DAY


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
            database=database,
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

    async def subscribe(
        self, url: str, *, subject: Subject = GROUP, types: tuple[str, ...] = ("*",), **terms: object
    ) -> Subscription:
        """A subscription to that URL."""
        asked = Terms(types=types, url=url, **terms)  # type: ignore[arg-type]  # the test names real terms
        subscription, _ = await self.subscribing.create(subject, asked, connector="shop", owner="")
        return subscription

    async def publish(self, **fields: object) -> Kept:
        """Keep one event; name only what the test is about."""
        return await self.hub.publisher.publish_one(Draft(event=self.event(**fields)))

    def event(self, *, type: str = "order.created", data: bytes = b'{"amount":1}', subject: Subject = GROUP) -> Event:  # noqa: A002
        """An event of now."""
        return Event(type=type, subjects=(subject,), data=data, at=self.clock.now(), actor=Actor(name="Ada"))

    async def settled(self) -> None:
        """Wait until nothing is under way, and what was is on disk."""
        courier = self.hub.courier
        assert courier is not None
        await self.reaches(lambda: not courier.in_flight and not courier.recorder.waiting)

    async def later(self, ms: int) -> None:
        """Move the clock, and on until the beat has caught up with it: its transactions take real time."""
        await self.clock.advance(ms)
        for _ in range(100):
            if self.hub.courier is None or self.hub.tenure.is_fresh:
                return
            await REAL.sleep(0.002)
            await self.clock.advance(SECOND)
        raise AssertionError("the beat did not catch up with the clock")

    async def states(self, number: int) -> list[str]:
        """Where the deliveries of a subscription stand, oldest first."""
        deliveries, _ = await self.history.deliveries(number, limit=100)
        return [str(one.state) for one in reversed(deliveries)]

    async def now(self, number: int) -> Subscription:
        """A subscription as it stands."""
        await self.hub.directory.refresh()
        found = self.hub.directory.index.get(number)
        assert found is not None
        return found

    async def reaches(self, condition: Callable[[], object], *, by: int = 0, steps: int = 400) -> None:
        """Wait until a condition holds, moving the clock by so many milliseconds at each look if it does not."""
        for _ in range(steps):
            if condition():
                return
            if by:
                await self.later(by)
            await REAL.sleep(0.005)  # disk and network are real, and take real time
        raise AssertionError("what was waited for did not happen")


OpenHouse = Callable[..., contextlib.AbstractAsyncContextManager[House]]


@pytest.fixture
def open_house(database_url: str) -> OpenHouse:
    """Opens houses on one database: the second one is a restart, or another node."""
    vault = Vault([new_key()])
    clock = ManualClock()

    @contextlib.asynccontextmanager
    async def make(*, delivers: bool = True, serving: bool = True) -> AsyncIterator[House]:
        guard = Guard(resolver=Resolver(clock=clock), allow=[ipaddress.ip_network("127.0.0.0/8")], plain_http=True)
        database = await open_database(database_url, clock=clock, serving=serving)
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
