"""The client against a scripted endpoint: everything that an endpoint can do ends as one clear outcome."""

import asyncio
import socket
import tracemalloc
from typing import cast

import pytest

from tests.egress.conftest import post
from tests.egress.endings import ENDINGS, ENDINGS_OF_TCP, HEAD, Ending
from tests.egress.waiting import eventually
from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.egress import client as client_module
from tidings.egress.answer import Outcome
from tidings.egress.client import Client
from tidings.egress.guard import Guard
from tidings.egress.request import Request
from tidings.testing.authority import Authority
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import (
    CLOSES,
    CLOSES_IDLE,
    ENDLESS_BODY,
    NEVER_ANSWERS,
    Answer,
    Drip,
    Endpoint,
    Item,
    Raw,
    Then,
)


@pytest.mark.parametrize("ending", [*ENDINGS.values(), *ENDINGS_OF_TCP.values()], ids=[*ENDINGS, *ENDINGS_OF_TCP])
async def test_whatever_an_endpoint_does_ends_as_one_outcome(client: Client, ending: Ending) -> None:
    async with Endpoint(ending.item, name="localhost") as endpoint:
        await assert_that_it_ends(client, endpoint, ending=ending)


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
async def test_whatever_an_endpoint_does_over_tls_ends_as_one_outcome(
    *, client: Client, authority: Authority, ending: Ending
) -> None:
    async with Endpoint(ending.item, tls=authority.issue("localhost").server_context(), name="localhost") as endpoint:
        await assert_that_it_ends(client, endpoint, ending=ending)


async def assert_that_it_ends(client: Client, endpoint: Endpoint, *, ending: Ending) -> None:
    # A busy machine may need longer to get so far.
    for timeout_ms in (400, 4_000, 40_000) if ending.outcome is Outcome.TIMED_OUT else (60_000,):
        answer = await client.send(post(endpoint.url, timeout_ms=timeout_ms))
        if ending.error in answer.error:
            break

    assert (answer.outcome, answer.status) == (ending.outcome, ending.status), answer.error
    assert ending.error in answer.error
    assert (answer.error == "") == (ending.outcome is Outcome.OK)
    assert len(answer.body) <= 4_096
    assert answer.address == "127.0.0.1"


async def test_an_answer_says_what_came_and_how_long_each_phase_took(client: Client, authority: Authority) -> None:
    answering = Answer(503, (("Retry-After", "7"), ("X-Big", "b" * 9_000), ("X-Odd", "\u00e9")), b"a" * 5_000)
    async with Endpoint(answering, tls=authority.issue("localhost").server_context(), name="localhost") as endpoint:
        first = await client.send(post(endpoint.url))
        second = await client.send(post(endpoint.url))

    assert first.headers == (("retry-after", "7"),)  # up to 8 kB of them
    assert first.body == b"a" * 4_096
    assert first.retry_after_ms == 7_000
    assert all(0 <= took <= first.timings.total_ms for took in first.timings)
    assert (first.reused, second.reused) == (False, True)
    assert (second.timings.connect_ms, second.timings.tls_ms) == (-1, -1)
    assert 0 <= second.timings.first_byte_ms <= second.timings.total_ms


async def test_a_request_arrives_as_it_was_given(client: Client) -> None:
    async with Endpoint() as endpoint:
        await client.send(post(endpoint.url + "a?b=c", headers=[("content-type", "text/plain")], body=b"hello"))
        got = await client.send(Request(url=endpoint.url + "?validationToken=123", method="GET", timeout_ms=60_000))

    posted, asked = endpoint.requests
    assert (posted.method, posted.target, posted.body) == ("POST", "/a?b=c", b"hello")
    assert posted.headers == (
        ("host", f"127.0.0.1:{endpoint.port}"), ("user-agent", "Tidings"), ("accept", "*/*"),
        ("accept-encoding", "identity"), ("content-type", "text/plain"), ("content-length", "5"),
    )  # fmt: skip
    assert (asked.method, asked.header("content-length")) == ("GET", None)
    assert got.body == b"123"


async def test_a_header_that_would_split_the_request_is_an_error_of_the_caller(client: Client) -> None:
    async with Endpoint() as endpoint:
        with pytest.raises(Invalid):
            await client.send(post(endpoint.url, headers=[("x-a", "b\r\nc: d")]))

        assert endpoint.connections == 0


@pytest.mark.parametrize(
    ("url", "outcome", "error"),
    [
        ("https://10.0.0.1/", Outcome.FORBIDDEN, "private (RFC 1918); TIDINGS_EGRESS_ALLOW can allow it"),
        ("https://0x7f.1/", Outcome.FORBIDDEN, "odd spelling"),
        ("https://not-there.invalid/", Outcome.NAME_FAILED, "no address is found for the name not-there.invalid: "),
    ],
)
async def test_what_may_not_or_cannot_be_called_is_said_without_calling(
    *, client: Client, url: str, outcome: Outcome, error: str
) -> None:
    answer = await client.send(post(url))

    assert answer.outcome is outcome
    assert error in answer.error
    assert (answer.status, answer.address, answer.timings.connect_ms) == (None, "", -1)


async def test_an_endpoint_that_nobody_listens_on_is_unreachable(client: Client, free_port: int) -> None:
    answer = await client.send(post(f"http://127.0.0.1:{free_port}/"))

    assert answer.outcome is Outcome.UNREACHABLE
    assert answer.error == f"no connection to 127.0.0.1, port {free_port}: Connection refused"


async def test_a_request_to_ourselves_goes_to_our_own_listener_without_the_guard(authority: Authority) -> None:
    async with Endpoint(tls=authority.issue("hooks.example.com").server_context()) as listener:
        strict = Guard(resolver=None)  # type: ignore[arg-type]  # nothing may be looked up here

        def own(url: str) -> tuple[str, int, bool] | None:
            return ("127.0.0.1", listener.port, True) if url.startswith("http://hooks.example.com/bin/") else None

        async with Client(guard=strict, clock=Clock(), ca_file=authority.ca_file, own=own) as client:
            ours = await client.send(post("http://hooks.example.com/bin/a"))
            others = await client.send(post("http://hooks.example.com/other"))

    assert ours.outcome is Outcome.OK
    assert [(got.target, got.header("host")) for got in listener.requests] == [("/bin/a", "hooks.example.com")]
    assert others.outcome is Outcome.FORBIDDEN


async def test_a_kept_connection_is_used_again(client: Client) -> None:
    async with Endpoint() as endpoint:
        answers = [await client.send(post(endpoint.url)) for _ in range(5)]

        assert [answer.reused for answer in answers] == [False, True, True, True, True]
        assert endpoint.connections == 1


async def test_a_request_is_sent_again_if_a_kept_connection_was_closed_before_a_byte_of_the_answer(
    client: Client,
) -> None:
    async with Endpoint(200, CLOSES, 201) as endpoint:
        await client.send(post(endpoint.url))
        answer = await client.send(post(endpoint.url))

    assert (answer.outcome, answer.status, answer.reused) == (Outcome.OK, 201, False)
    assert [request.connection for request in endpoint.requests] == [1, 1, 2]


@pytest.mark.parametrize(
    ("script", "sent"),
    [
        ((CLOSES,), 1),  # on a new connection it may have been acted upon
        ((200, Raw(b"HTTP/1.1 2", Then.CLOSE)), 2),  # it was
        ((200, CLOSES, CLOSES), 3),  # once, not for ever
    ],
)
async def test_a_request_is_not_sent_again_otherwise(*, client: Client, script: tuple[Item, ...], sent: int) -> None:
    async with Endpoint(*script) as endpoint:
        for _ in range(min(sent, 2)):
            answer = await client.send(post(endpoint.url))

        assert answer.outcome is Outcome.BROKEN
        assert len(endpoint.requests) == sent


async def test_a_connection_that_the_endpoint_closed_while_idle_costs_no_request(client: Client) -> None:
    async with Endpoint(CLOSES_IDLE) as endpoint:
        answers = [await client.send(post(endpoint.url)) for _ in range(20)]

        assert {answer.outcome for answer in answers} == {Outcome.OK}


@pytest.mark.parametrize("extra", [HEAD + b"content-length: 0\r\n\r\n", b"garbage"])
async def test_a_connection_with_something_behind_the_answer_is_not_used_again(client: Client, extra: bytes) -> None:
    async with Endpoint(Raw(HEAD + b"content-length: 0\r\n\r\n" + extra)) as endpoint:
        answers = [await client.send(post(endpoint.url)) for _ in range(2)]

        assert [(answer.outcome, answer.reused) for answer in answers] == [(Outcome.OK, False)] * 2


async def test_a_connection_on_which_something_comes_unasked_is_closed(client: Client) -> None:
    async with Endpoint() as endpoint:
        await client.send(post(endpoint.url))
        for serving in endpoint.open:
            serving.transport.write(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
        await eventually(lambda: not endpoint.open)
        answer = await client.send(post(endpoint.url))

        assert (answer.outcome, answer.reused) == (Outcome.OK, False)


async def test_an_answer_before_the_request_is_out_counts_but_ends_the_connection(client: Client) -> None:
    lost = asyncio.Event()

    class Hasty(asyncio.Protocol):
        """Answers at the first bytes, and reads no further."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast("asyncio.Transport", transport)

        def data_received(self, _: bytes) -> None:
            self.transport.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
            self.transport.pause_reading()
            # A paused connection does not notice its end.
            asyncio.get_running_loop().call_later(0.05, self.transport.resume_reading)

        def connection_lost(self, _: Exception | None) -> None:
            lost.set()

    server = await asyncio.get_running_loop().create_server(Hasty, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        answer = await client.send(post(f"http://127.0.0.1:{port}/", body=b"a" * 50_000_000))

        assert answer.status == 413
        async with asyncio.timeout(60):
            await lost.wait()


async def test_a_deadline_covers_the_way_to_a_connection(client: Client) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        url = f"https://127.0.0.1:{full.getsockname()[1]}/"
        answer = await client.send(post(url, timeout_ms=1_000))

    assert answer.outcome is Outcome.TIMED_OUT
    assert answer.error == "no complete answer within 1 s, still in the TLS handshake"


async def test_closing_the_client_closes_its_connections(guard: Guard) -> None:
    async with Endpoint() as endpoint:
        async with Client(guard=guard, clock=Clock()) as client:
            await asyncio.gather(*(client.send(post(endpoint.url)) for _ in range(3)))
            assert len(endpoint.open) == 3

        await eventually(lambda: not endpoint.open)


async def test_a_request_under_way_when_the_client_closes_is_broken(guard: Guard) -> None:
    async with Endpoint(NEVER_ANSWERS) as endpoint:
        async with Client(guard=guard, clock=Clock()) as client:
            sending = asyncio.create_task(client.send(post(endpoint.url)))
            await endpoint.received(1)

        assert (await sending).outcome is Outcome.BROKEN


async def test_only_so_many_urls_are_remembered(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_DESTINATIONS_KEPT", 1)
    async with Endpoint() as endpoint:
        answers = [await client.send(post(endpoint.url + path)) for path in ("a", "b", "a")]

        assert {answer.outcome for answer in answers} == {Outcome.OK}
        assert endpoint.connections == 1  # URLs of one origin share connections


async def test_many_hostile_answers_at_once_take_bounded_memory(client: Client) -> None:
    endless_head = Drip(HEAD, b"x-a: " + b"a" * 60_000 + b"\r\n", 0)
    async with Endpoint(ENDLESS_BODY, endless_head, ENDLESS_BODY, endless_head) as endpoint:
        tracemalloc.start()
        answers = await asyncio.gather(*(client.send(post(endpoint.url)) for _ in range(40)))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert {answer.outcome for answer in answers} == {Outcome.OK, Outcome.TOO_BIG}
    assert peak < 40 * 500_000, "the endpoint's own buffers included"


async def test_a_retry_after_that_is_a_date_is_counted_from_now(guard: Guard) -> None:
    asking = Answer(503, (("retry-after", "Thu, 01 Jan 2026 00:02:00 GMT"),))
    async with Endpoint(asking) as endpoint, Client(guard=guard, clock=ManualClock()) as client:
        answer = await client.send(post(endpoint.url))

    assert answer.retry_after_ms == 120_000
