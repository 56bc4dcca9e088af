"""Endpoints and name servers at their worst: whoever is well gets everything meanwhile, and nothing is confused."""

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.egress.name_server import NameServer
from tests.egress.waiting import eventually
from tidings.core.clock import Clock
from tidings.core.event import Actor, Event, Subject
from tidings.core.pattern import compile_types
from tidings.core.schedule import parse_schedule
from tidings.core.signature import new_secret
from tidings.core.subscription import Subscription
from tidings.core.vault import Vault, new_key
from tidings.dialects.discovery import discover
from tidings.egress.client import Client
from tidings.egress.guard import Guard
from tidings.egress.resolver import Resolver
from tidings.outbox.courier import Courier
from tidings.outbox.hub import Hub, HubSettings
from tidings.outbox.publisher import Draft
from tidings.store.history import History
from tidings.store.open import open_database
from tidings.store.subscriptions import Subscriptions
from tidings.testing.endpoint import Answer, Endpoint

SHOP = Subject("Application", "shop")
LOOPBACK = ipaddress.ip_network("127.0.0.0/8")
RETENTION_MS = 1 << 40
EVENTS = 20
HANGING = [f"hanging-{number}.example.com" for number in range(30)]


class Outbox(NamedTuple):
    """An outbox at work."""

    hub: Hub
    subscriptions: Subscriptions
    history: History

    @property
    def courier(self) -> Courier:
        assert self.hub.courier is not None
        return self.hub.courier

    async def outcomes(self, event: int, webhook: Subscription) -> list[str]:
        """Of the attempts to deliver it, the newest first."""
        attempts, _ = await self.history.attempts(event, webhook.number, limit=10)
        return [attempt.outcome for attempt in attempts]

    async def subscribe(self, url: str, *, name: str, timeout_ms: int = 10_000) -> Subscription:
        now = Clock().now()
        one = Subscription(
            id=name,
            subject=SHOP,
            types=compile_types(("*",)),
            url=url,
            format="raw",
            secrets=(new_secret(),),
            connector="shop",
            timeout_ms=timeout_ms,
            created_at=now,
            expires_at=now + RETENTION_MS,
        )
        added = await self.subscriptions.add(one)
        await self.hub.directory.refresh()
        return added

    async def publish(self, number: int) -> int:
        event = Event(type="sold", subjects=(SHOP,), data=b"%d" % number, at=Clock().now(), actor=Actor(name="Ada"))
        return (await self.hub.publisher.publish_one(Draft(event=event))).id


@contextlib.asynccontextmanager
async def outbox(folder: Path, *, nameservers: Sequence[str] | None = None) -> AsyncIterator[Outbox]:
    clock = Clock()
    database = await open_database(f"sqlite:{folder}/tidings.db", clock=clock, serving=True)
    try:
        await database.migrate()
        async with (
            Resolver(clock=clock, nameservers=nameservers) as resolver,
            Client(guard=Guard(resolver=resolver, allow=[LOOPBACK], plain_http=True), clock=clock) as client,
        ):
            subscriptions = Subscriptions(database, Vault([new_key()]))
            hub = Hub(
                database,
                subscriptions=subscriptions,
                client=client,
                clock=clock,
                dialects=discover().dialects,
                settings=HubSettings(schedule=parse_schedule(",".join(["200ms"] * 20)), retention_ms=RETENTION_MS),
            )
            async with hub.running():
                yield Outbox(hub, subscriptions, History(database))
    finally:
        await database.close()


async def test_names_that_hang_delay_nobody_but_their_own_and_get_everything_when_they_answer(tmp_path: Path) -> None:
    async with (
        NameServer(dict.fromkeys(HANGING)) as server,
        Endpoint() as endpoint,
        outbox(tmp_path, nameservers=[server.address]) as one,
    ):
        for name in HANGING:
            await one.subscribe(f"http://{name}:{endpoint.port}/{name}", name=name, timeout_ms=60_000)
        await one.subscribe(f"{endpoint.url}well", name="well")

        for number in range(1, EVENTS + 1):
            await one.publish(number)
            await endpoint.received(number)
        meanwhile = {request.target for request in endpoint.requests}
        given_up = one.courier.refused
        asked = set(server.asked)
        server.names |= {name: ["127.0.0.1"] for name in HANGING}
        await endpoint.received(EVENTS * (1 + len(HANGING)))

        assert meanwhile == {"/well"}
        assert not given_up  # they still hung when all of that was done
        assert asked == set(HANGING)
        heard = {(request.target, request.body) for request in endpoint.requests}
        assert len(heard) == EVENTS * (1 + len(HANGING))


async def test_an_answer_after_we_gave_up_is_a_failure_and_is_nobody_elses_answer(tmp_path: Path) -> None:
    late = asyncio.Event()
    async with Endpoint(Answer(500, after=late), 200) as endpoint, outbox(tmp_path) as one:
        webhook = await one.subscribe(endpoint.url, name="slow", timeout_ms=3_000)
        slow = await one.publish(1)
        await endpoint.received(2)
        late.set()
        quick = await one.publish(2)
        await endpoint.received(3)
        await eventually(lambda: one.courier.delivered == 2 and not one.courier.recorder.waiting)

        first, again, other = endpoint.requests
        assert first.header("webhook-id") == again.header("webhook-id") != other.header("webhook-id")
        assert first.connection not in {again.connection, other.connection}
        assert await one.outcomes(slow, webhook) == ["ok", "timed_out"]
        assert await one.outcomes(quick, webhook) == ["ok"]
