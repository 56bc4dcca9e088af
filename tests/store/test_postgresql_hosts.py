"""Several hosts in the URL of PostgreSQL, of which one disappears without a word."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.reliability.network import Network, Standing, loopback
from tidings.core.clock import Clock
from tidings.core.errors import Unavailable
from tidings.store.open import open_database
from tidings.store.postgresql.connection import Connections, pooled
from tidings.store.postgresql.database import PostgresqlDatabase
from tidings.store.postgresql.hosts import Hosts

PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two ways to the same server."""

    network: Network
    connections: Connections

    async def lose_the_first(self) -> None:
        await self.network.lose(0)


@pytest.fixture
async def pair(postgres_url: str, migrated: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pair]:
    monkeypatch.setattr("tidings.store.postgresql.connection.PATIENCE_S", PATIENCE_S)
    monkeypatch.setattr("tidings.store.postgresql.hosts.CONNECT_S", PATIENCE_S / 2)
    monkeypatch.setattr("tidings.store.postgresql.bell._ASKED_EVERY", 1)
    server = Standing(host=parse_qs(urlsplit(postgres_url).query)["host"][0])
    async with loopback([server, server], migrated, count=1) as network:
        connections = await pooled(network.sites[0].database)
        yield Pair(network=network, connections=connections)
        await connections.close()


async def test_when_a_connection_is_lost_the_others_are_not_tried_one_after_the_other(pair: Pair) -> None:
    await asyncio.gather(*(pair.connections.fetch("answered") for _ in range(5)))
    await pair.lose_the_first()

    with pytest.raises(Unavailable):
        await pair.connections.fetch("answered")

    assert await pair.connections.fetch("answered")


async def test_who_listened_to_a_server_that_disappears_hears_its_successor(pair: Pair) -> None:
    clock = Clock()
    listener = PostgresqlDatabase(pair.connections, clock=clock)
    other = await open_database(pair.network.sites[0].database, clock=clock)
    assert await listener.heard() == "poll"
    await pair.lose_the_first()

    async with asyncio.timeout(60):
        while await listener.heard() != "owed":
            try:
                await other.ring("owed")
            except Unavailable:
                continue

    await other.close()


@pytest.mark.parametrize("wanted", ["standby", "read-write"])
async def test_a_host_is_taken_that_is_what_is_wanted(pair: Pair, wanted: str) -> None:
    url = f"{pair.network.sites[0].database}?target_session_attrs={wanted}"

    if wanted == "standby":
        with pytest.raises(Unavailable):
            await pooled(url)
    else:
        connections = await pooled(url)
        await connections.close()


async def test_several_that_connect_at_once_leave_a_lost_host_together(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pair.lose_the_first()
    hosts = Hosts(pair.network.sites[0].database)

    connections = await asyncio.gather(*(hosts.connect() for _ in range(4)))
    # The lost host would take all of its time to fail.
    monkeypatch.setattr("tidings.store.postgresql.hosts.CONNECT_S", 120.0)
    async with asyncio.timeout(60):
        connections.append(await hosts.connect())

    for connection in connections:
        await connection.close()
