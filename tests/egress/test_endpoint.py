"""The scripted endpoint, as users' own tests see it."""

import asyncio
import socket

import pytest

from tests.egress.conftest import post
from tests.egress.waiting import eventually
from tidings.core.clock import Clock
from tidings.egress.answer import Outcome
from tidings.egress.client import Client
from tidings.egress.request import Request
from tidings.testing.endpoint import DRIPS_BODY, ENDLESS_BODY, Answer, Captured, Drip, Endpoint


async def test_the_script_is_followed_and_its_last_item_repeats(client: Client) -> None:
    async with Endpoint(500, 503, 200) as endpoint:
        statuses = [(await client.send(post(endpoint.url))).status for _ in range(5)]

    assert statuses == [500, 503, 200, 200, 200]


async def test_without_a_script_everything_is_well(client: Client) -> None:
    async with Endpoint() as endpoint:
        assert (await client.send(post(endpoint.url))).outcome is Outcome.OK


async def test_a_new_script_starts_at_its_beginning(client: Client) -> None:
    async with Endpoint(500) as endpoint:
        await client.send(post(endpoint.url))
        endpoint.script(201, 202)

        assert [(await client.send(post(endpoint.url))).status for _ in range(2)] == [201, 202]


async def test_a_function_may_decide_what_a_request_gets(client: Client) -> None:
    def answer(request: Captured) -> int | Answer:
        return 500 if request.body == b"bad" else Answer(200, body=request.body.upper())

    async with Endpoint(answer) as endpoint:
        good = await client.send(post(endpoint.url, body=b"good"))
        bad = await client.send(post(endpoint.url, body=b"bad"))

    assert (good.body, bad.status) == (b"GOOD", 500)


async def test_requests_are_captured_to_the_byte(client: Client) -> None:
    async with Endpoint() as endpoint:
        await client.send(post(endpoint.url + "a?b=%20", body=b"\0\xff"))
        (request,) = await endpoint.received(1)

    assert (request.method, request.target, request.body) == ("POST", "/a?b=%20", b"\0\xff")
    assert request.header("Content-Length") == "2"
    assert request.header("absent") is None
    assert 0 <= Clock().now() - request.received_at < 60_000


async def test_arrivals_can_be_waited_for(client: Client) -> None:
    async with Endpoint() as endpoint:
        waiting = asyncio.create_task(endpoint.received(2))
        given_up = asyncio.create_task(endpoint.received(2))
        await Clock().sleep(0)
        given_up.cancel()
        for _ in range(2):
            await client.send(post(endpoint.url))

        assert len(await waiting) == 2
        with pytest.raises(TimeoutError):
            await endpoint.received(3, within=0.01)


@pytest.mark.parametrize(("echo", "body"), [(True, b"123"), (False, b"")])
async def test_a_handshake_is_answered_without_taking_an_item(*, client: Client, echo: bool, body: bytes) -> None:
    async with Endpoint(201, 202, echo=echo) as endpoint:
        asked = Request(url=endpoint.url + "?a=b&validationToken=123", method="GET", timeout_ms=60_000)
        answer = await client.send(asked)
        plain = await client.send(Request(url=endpoint.url, method="GET", timeout_ms=60_000))

    assert answer.body == body
    assert plain.status == (201 if echo else 202)


async def test_an_answer_can_wait_for_an_event_or_a_while(client: Client) -> None:
    go = asyncio.Event()
    async with Endpoint(Answer(201, after=go), Answer(202, after_ms=20)) as endpoint:
        waiting = asyncio.create_task(client.send(post(endpoint.url)))
        await endpoint.received(1)
        assert not waiting.done()
        go.set()

        assert (await waiting).status == 201
        later = await client.send(post(endpoint.url))
        assert later.timings.first_byte_ms >= 15


async def test_a_drip_ends_with_its_connection(client: Client) -> None:
    async with Endpoint(DRIPS_BODY, Drip(b"HTTP/1.1 200 OK\r\n\r\n", b"a", 0)) as endpoint:
        for _ in range(2):
            await client.send(Request(url=endpoint.url, timeout_ms=50))

        await eventually(lambda: not endpoint.open)


async def test_an_endless_body_waits_for_its_reader() -> None:
    async with Endpoint(ENDLESS_BODY) as endpoint:
        reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await eventually(lambda: any(serving.transport.get_write_buffer_size() > 65_536 for serving in endpoint.open))

        assert len(await reader.readexactly(20_000_000)) == 20_000_000
        writer.close()
        await writer.wait_closed()


async def test_what_is_not_http_is_hung_up_on() -> None:
    async with Endpoint() as endpoint:
        with socket.create_connection(("127.0.0.1", endpoint.port)) as caller:
            caller.sendall(b"hello\r\n\r\n")
            await eventually(lambda: endpoint.connections == 1 and not endpoint.open)

    assert endpoint.requests == []


async def test_the_url_names_the_host_that_was_asked_for(free_port: int) -> None:
    async with Endpoint(name="localhost", port=free_port) as endpoint:
        assert endpoint.url == f"http://localhost:{free_port}/"
