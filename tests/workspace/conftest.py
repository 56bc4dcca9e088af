"""A store of either engine, and what stands on it."""

from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from tests.workspace.asking import Asking
from tests.workspace.board import Board
from tests.workspace.house import BOB, House
from tidings.core.clock import Clock
from tidings.egress.client import Client
from tidings.egress.guard import Guard
from tidings.egress.resolver import Resolver
from tidings.store.open import open_database
from tidings.testing.clock import ManualClock
from tidings.workspace.media import Media


@pytest.fixture
async def house(database_url: str, manual_clock: ManualClock) -> AsyncIterator[House]:
    database = await open_database(database_url, clock=manual_clock)
    await database.migrate()
    opened = House(database, clock=manual_clock)
    await opened.settle_in()
    async with opened.publisher.running():
        yield opened
    await database.close()


@pytest.fixture
async def media(house: House, manual_clock: ManualClock) -> AsyncIterator[Media]:
    async with Resolver(clock=Clock()) as resolver:
        guard = Guard(resolver=resolver, allow=[ip_network("127.0.0.1/32")])
        async with Client(guard=guard, clock=Clock()) as client:
            url = "https://tidings.example.com/"
            yield Media(house.database, client=client, clock=manual_clock, public_url=url, most_bytes=1_000_000)


@pytest.fixture
async def asking(house: House, media: Media, manual_clock: ManualClock) -> Asking:
    """A group of Ada, its admin, and Bob, where things are asked."""
    return Asking(house, group=await house.team(BOB), media=media, clock=manual_clock)


@pytest.fixture
async def board(house: House, media: Media, manual_clock: ManualClock) -> Board:
    return Board(house, group=await house.team(BOB), media=media, clock=manual_clock)
