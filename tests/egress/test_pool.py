"""The connections that are open: never more than so many, given on fairly, kept no longer than five minutes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from tests.egress.conftest import LOOPBACK, post
from tests.egress.name_server import NameServer
from tests.egress.waiting import eventually
from tidings.core.clock import Clock
from tidings.core.errors import Undeliverable
from tidings.egress.answer import Failed, Outcome
from tidings.egress.client import Client
from tidings.egress.connection import Connection
from tidings.egress.guard import Guard
from tidings.egress.pool import Pool
from tidings.egress.resolver import Resolver
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import NEVER_ANSWERS, Answer, Endpoint

FIVE_MINUTES_MS = 300_000

Small = Callable[[int], AbstractAsyncContextManager[Client]]


@pytest.fixture
def small(guard: Guard) -> Small:
    @asynccontextmanager
    async def opened(connections: int) -> AsyncIterator[Client]:
        async with Client(guard=guard, clock=Clock(), connections=connections) as client:
            yield client

    return opened


async def test_the_connection_unused_for_longest_makes_room(small: Small) -> None:
    async with Endpoint() as first, Endpoint() as second, Endpoint() as third, small(2) as client:
        for endpoint in (first, second, first, third, first, second):
            assert (await client.send(post(endpoint.url))).outcome is Outcome.OK
            assert len(first.open) + len(second.open) + len(third.open) <= 2 + 1  # one may not have noticed yet

        assert (first.connections, second.connections, third.connections) == (1, 2, 1)


async def test_requests_to_one_endpoint_share_the_connections_that_there_may_be(small: Small) -> None:
    async with Endpoint() as endpoint, small(2) as client:
        answers = await asyncio.gather(*(client.send(post(endpoint.url)) for _ in range(20)))

        assert {answer.outcome for answer in answers} == {Outcome.OK}
        assert endpoint.connections == 2


async def test_a_place_goes_to_whoever_has_waited_longest_whatever_endpoint_it_is_for(small: Small) -> None:
    release = asyncio.Event()
    async with Endpoint(Answer(after=release), 200) as busy, Endpoint() as other, small(1) as client:
        first = asyncio.create_task(client.send(post(busy.url)))
        await busy.received(1)
        second = asyncio.create_task(client.send(post(other.url)))
        third = asyncio.create_task(client.send(post(busy.url)))
        await Clock().sleep(0)
        release.set()
        answers = await asyncio.gather(first, second, third)

        assert {answer.outcome for answer in answers} == {Outcome.OK}
        assert (busy.connections, other.connections) == (2, 1)
        assert other.requests[0].received_at <= busy.requests[1].received_at


async def test_waiting_for_a_place_ends_at_the_deadline(small: Small) -> None:
    async with Endpoint(NEVER_ANSWERS) as endpoint, small(1) as client:
        first = asyncio.create_task(client.send(post(endpoint.url)))
        await endpoint.received(1)
        answer = await client.send(post(endpoint.url, timeout_ms=50))
        first.cancel()

        assert answer.outcome is Outcome.TIMED_OUT
        assert answer.error == "no complete answer within 0.05 s, still waiting for a free connection"


async def test_a_request_that_is_given_up_frees_its_place(small: Small) -> None:
    async with Endpoint(NEVER_ANSWERS, 200) as endpoint, small(1) as client:
        first = asyncio.create_task(client.send(post(endpoint.url)))
        await endpoint.received(1)
        waiting = asyncio.create_task(client.send(post(endpoint.url)))
        await Clock().sleep(0)
        waiting.cancel()
        first.cancel()

        assert (await client.send(post(endpoint.url))).outcome is Outcome.OK


async def test_a_connection_that_cannot_be_made_frees_its_place(small: Small, free_port: int) -> None:
    async with Endpoint() as endpoint, small(1) as client:
        failed = await client.send(post(f"http://127.0.0.1:{free_port}/"))
        answer = await client.send(post(endpoint.url))

        assert (failed.outcome, answer.outcome) == (Outcome.UNREACHABLE, Outcome.OK)


async def test_a_connection_is_used_for_five_minutes_and_no_longer(guard: Guard) -> None:
    clock = ManualClock()
    async with Endpoint() as endpoint, Client(guard=guard, clock=clock) as client:
        await client.send(post(endpoint.url))
        await clock.advance(FIVE_MINUTES_MS - 1)
        young = await client.send(post(endpoint.url))
        await clock.advance(2)
        old = await client.send(post(endpoint.url))

        assert (young.reused, old.reused) == (True, False)


async def test_a_connection_that_nobody_uses_is_closed_after_five_minutes(guard: Guard) -> None:
    clock = ManualClock()
    async with Endpoint() as endpoint, Client(guard=guard, clock=clock) as client:
        await client.send(post(endpoint.url))
        await clock.advance(FIVE_MINUTES_MS - 30_000)
        assert len(endpoint.open) == 1

        await clock.advance(60_000)

        await eventually(lambda: not endpoint.open)


async def test_a_kept_connection_is_not_used_when_its_name_leads_elsewhere() -> None:
    clock = ManualClock()
    names: dict[str, list[str] | None] = {"hook.example.com": ["127.0.0.1"]}
    async with (
        NameServer(names) as server,
        Resolver(clock=clock, nameservers=[server.address]) as resolver,
        Endpoint() as old,
        Endpoint(host="127.0.0.2", port=old.port) as new,
        Client(guard=Guard(resolver=resolver, allow=LOOPBACK, plain_http=True), clock=clock) as client,
    ):
        url = f"http://hook.example.com:{old.port}/"
        first = await client.send(post(url))
        names["hook.example.com"] = ["127.0.0.2"]
        await clock.advance(2_000)
        second = await client.send(post(url))
        names["hook.example.com"] = ["10.0.0.1"]
        await clock.advance(2_000)
        third = await client.send(post(url))

        assert (first.address, second.address, second.reused) == ("127.0.0.1", "127.0.0.2", False)
        assert third.outcome is Outcome.FORBIDDEN
        assert (len(old.requests), len(new.requests)) == (1, 1)


@pytest.mark.parametrize("listening", ["127.0.0.1", "127.0.0.2"])
async def test_the_next_address_of_a_name_is_dialled_when_the_first_is_unreachable(listening: str) -> None:
    names: dict[str, list[str] | None] = {"two.example.com": ["127.0.0.1", "127.0.0.2"]}
    async with (
        NameServer(names) as server,
        Resolver(clock=Clock(), nameservers=[server.address]) as resolver,
        Endpoint(host=listening) as endpoint,
        Client(guard=Guard(resolver=resolver, allow=LOOPBACK, plain_http=True), clock=Clock()) as client,
    ):
        answer = await client.send(post(f"http://two.example.com:{endpoint.port}/"))

        assert (answer.outcome, answer.address) == (Outcome.OK, listening)
        assert answer.timings.name_ms > 0


async def test_a_name_that_turns_bad_is_refused_although_a_connection_is_kept() -> None:
    clock = ManualClock()
    names: dict[str, list[str] | None] = {"hook.example.com": ["127.0.0.1"]}
    async with NameServer(names) as server, Resolver(clock=clock, nameservers=[server.address]) as resolver:
        guard = Guard(resolver=resolver, allow=LOOPBACK)
        await guard.target("https://hook.example.com/")
        names["hook.example.com"] = ["127.0.0.1", "192.168.0.1"]
        await clock.advance(2_000)

        with pytest.raises(Undeliverable, match=r"192\.168\.0\.1 is in 192\.168"):
            await guard.target("https://hook.example.com/")


async def test_a_place_granted_in_the_moment_of_giving_up_goes_back() -> None:
    pool = Pool(clock=Clock(), most=1)
    assert await pool.take("a", ()) is None
    waiting = asyncio.create_task(pool.take("a", ()))
    await Clock().sleep(0)

    pool.release()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    async with asyncio.timeout(60):
        assert await pool.take("b", ()) is None


async def test_a_connection_granted_in_the_moment_of_giving_up_goes_back() -> None:
    loop = asyncio.get_running_loop()
    async with Endpoint() as endpoint:
        pool = Pool(clock=Clock(), most=1)
        await pool.take("a", ())
        connection = Connection(loop=loop, origin="a", opened_at=Clock().monotonic())
        connection.address = "127.0.0.1"
        await loop.create_connection(lambda: connection, "127.0.0.1", endpoint.port)
        pool.add(connection)
        await connection.ask(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        waiting = asyncio.create_task(pool.take("a", ("127.0.0.1",)))
        await Clock().sleep(0)

        pool.keep(connection)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

        assert await pool.take("a", ("127.0.0.1",)) is connection
        await pool.close()


async def test_a_connection_that_was_lost_before_it_was_added_frees_its_place_and_asks_nothing() -> None:
    pool = Pool(clock=Clock(), most=1)
    await pool.take("a", ())
    connection = Connection(loop=asyncio.get_running_loop(), origin="a", opened_at=0.0)
    connection.connection_lost(None)
    pool.add(connection)

    with pytest.raises(Failed, match="before the request was sent"):
        await connection.ask(b"")
    async with asyncio.timeout(60):
        assert await pool.take("b", ()) is None
