"""What the tests of egress share: a trusted throw-away authority, and a client that may call loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from ipaddress import ip_network
from typing import Any

import pytest
import uvloop

from tidings.core.clock import Clock
from tidings.egress.client import Client
from tidings.egress.guard import Guard
from tidings.egress.request import Request
from tidings.egress.resolver import Resolver
from tidings.testing.authority import Authority

LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1/128")]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The client is used under both loops, and they differ where connections end."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


def post(url: str, **options: Any) -> Request:  # noqa: ANN401 - any of a request's
    """A request of nothing much, for which there is a minute."""
    fields: dict[str, Any] = {"url": url, "body": b"{}", "timeout_ms": 60_000}
    return Request(**fields | options)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def resolver() -> AsyncIterator[Resolver]:
    async with Resolver(clock=Clock()) as resolver:
        yield resolver


@pytest.fixture
def guard(resolver: Resolver) -> Guard:
    return Guard(resolver=resolver, allow=LOOPBACK, plain_http=True)


@pytest.fixture
async def client(guard: Guard, authority: Authority) -> AsyncIterator[Client]:
    async with Client(guard=guard, clock=Clock(), ca_file=authority.ca_file) as client:
        yield client
