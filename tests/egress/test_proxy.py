"""Calling through an HTTP CONNECT proxy: TLS inside the tunnel, literal addresses judged all the same."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from tests.egress.conftest import LOOPBACK, post
from tests.egress.connect_proxy import ConnectProxy
from tests.egress.waiting import eventually
from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.egress.answer import Outcome
from tidings.egress.client import Client
from tidings.egress.guard import Guard
from tidings.egress.proxy import Proxy
from tidings.egress.resolver import Resolver
from tidings.testing.authority import Authority
from tidings.testing.endpoint import Endpoint

Through = Callable[[str], AbstractAsyncContextManager[Client]]


@pytest.fixture
def through(resolver: Resolver, authority: Authority) -> Through:
    @asynccontextmanager
    async def opened(proxy: str) -> AsyncIterator[Client]:
        guard = Guard(resolver=resolver, plain_http=True, proxied=True)
        async with Client(guard=guard, clock=Clock(), ca_file=authority.ca_file, proxy=proxy) as client:
            yield client

    return opened


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_request_goes_through_the_proxy_which_resolves_the_name(
    *, through: Through, authority: Authority, scheme: str
) -> None:
    tls = authority.issue("hooks.example.com").server_context() if scheme == "https" else None
    async with Endpoint(tls=tls) as endpoint:
        async with (
            ConnectProxy({"hooks.example.com:8443": ("127.0.0.1", endpoint.port)}) as proxy,
            through(proxy.url) as client,
        ):
            answers = [await client.send(post(f"{scheme}://hooks.example.com:8443/a")) for _ in range(2)]

        assert [(answer.outcome, answer.reused) for answer in answers] == [(Outcome.OK, False), (Outcome.OK, True)]
        assert {answer.address for answer in answers} == {"hooks.example.com"}
        assert proxy.asked == [b"CONNECT hooks.example.com:8443 HTTP/1.1\r\nhost: hooks.example.com:8443\r\n\r\n"]
        assert endpoint.requests[0].header("host") == "hooks.example.com:8443"


async def test_the_proxy_is_told_who_we_are(through: Through) -> None:
    async with Endpoint() as endpoint, ConnectProxy({"a.example:80": ("127.0.0.1", endpoint.port)}) as proxy:
        async with through(f"http://us%40er:p%3Ass@localhost:{proxy.port}") as client:
            answer = await client.send(post("http://a.example/"))

        assert answer.outcome is Outcome.OK
        assert b"\r\nproxy-authorization: Basic dXNAZXI6cDpzcw==\r\n" in proxy.asked[0]


async def test_a_certificate_is_checked_inside_the_tunnel(through: Through, authority: Authority) -> None:
    tls = authority.issue("other.example.com").server_context()
    async with Endpoint(tls=tls) as endpoint:
        async with ConnectProxy({"a.example:443": ("127.0.0.1", endpoint.port)}) as proxy, through(proxy.url) as client:
            answer = await client.send(post("https://a.example/"))

        assert answer.outcome is Outcome.TLS_FAILED


async def test_a_literal_address_is_judged_before_the_proxy_is_asked(through: Through) -> None:
    async with ConnectProxy({}) as proxy, through(proxy.url) as client:
        answer = await client.send(post("https://169.254.169.254/latest/meta-data"))

        assert answer.outcome is Outcome.FORBIDDEN
        assert proxy.asked == []


async def test_an_allowed_literal_address_is_dialled_by_the_proxy(resolver: Resolver) -> None:
    guard = Guard(resolver=resolver, allow=LOOPBACK, plain_http=True, proxied=True)
    async with Endpoint() as endpoint, ConnectProxy({"[::1]:81": ("127.0.0.1", endpoint.port)}) as proxy:
        async with Client(guard=guard, clock=Clock(), proxy=proxy.url) as client:
            answer = await client.send(post("http://[::1]:81/"))

        assert (answer.outcome, answer.address) == (Outcome.OK, "::1")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"HTTP/1.1 407 Who are you\r\n\r\n", "the proxy answered 407 and made no tunnel"),
        (b"HTTP/1.1 502 No\r\ncontent-length: 1\r\n\r\nx", "the proxy answered 502 and made no tunnel"),
        (b"220 mail.example.com\r\n\r\n", "what the proxy answered is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", "sent something into the tunnel before we did"),
        (b"HTTP/1.1 200 OK\r\n" + b"x-a: b\r\n" * 4_000, "the proxy's answer has no end"),
        (b"HTTP/1.1 200 OK\r\n", "the proxy closed the connection and made no tunnel"),
        (b"", "the proxy closed the connection and made no tunnel"),
    ],
)
async def test_a_proxy_that_makes_no_tunnel_is_named(*, through: Through, reply: bytes, error: str) -> None:
    async with ConnectProxy({}, reply=reply) as proxy:
        async with through(proxy.url) as client:
            answer = await client.send(post("https://a.example/"))

        assert answer.outcome is Outcome.UNREACHABLE
        assert error in answer.error


async def test_a_proxy_that_cannot_be_reached_is_named(through: Through, free_port: int) -> None:
    async with through(f"http://127.0.0.1:{free_port}") as client:
        refused = await client.send(post("https://a.example/"))
    async with through("http://not-there.invalid:3128") as client:
        unknown = await client.send(post("https://a.example/"))

    assert refused.outcome is unknown.outcome is Outcome.UNREACHABLE
    assert refused.error.startswith("the proxy cannot be reached: no connection to 127.0.0.1")
    assert unknown.error.startswith("the proxy cannot be found: no address is found for the name not-there.invalid")


async def test_a_request_to_ourselves_goes_past_the_proxy(resolver: Resolver) -> None:
    async with Endpoint() as listener, ConnectProxy({}) as proxy:
        guard = Guard(resolver=resolver, proxied=True)
        own = ("127.0.0.1", listener.port, False)
        async with Client(guard=guard, clock=Clock(), proxy=proxy.url, own=lambda _: own) as client:
            answer = await client.send(post("https://hooks.example.com/bin/a"))

        assert answer.outcome is Outcome.OK
        assert proxy.asked == []


async def test_a_tunnel_that_is_given_up_leaves_nothing_open(through: Through) -> None:
    async with ConnectProxy({}, reply=b"HTTP/1.1 407 No\r\n\r\n") as proxy, through(proxy.url) as client:
        await client.send(post("https://a.example/"))

        await eventually(lambda: not proxy.is_serving)


@pytest.mark.parametrize("proxied", [False, True])
def test_a_guard_that_leaves_names_to_a_proxy_goes_with_a_client_that_has_one(
    *, resolver: Resolver, proxied: bool
) -> None:
    with pytest.raises(Invalid, match="must be `proxied` if, and only if"):
        Client(
            guard=Guard(resolver=resolver, proxied=proxied),
            clock=Clock(),
            proxy=None if proxied else "http://proxy.example",
        )


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("https://proxy.example:3128", "write http://host:port"),
        ("socks5://proxy.example", "write http://host:port"),
        ("proxy.example:3128", "write http://host:port"),
        ("http://", "write http://host:port"),
        ("http://proxy.example/path", "write http://host:port"),
        ("http://proxy.example:99999", "the port must be"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused(url: str, complaint: str) -> None:
    with pytest.raises(Invalid, match=f"TIDINGS_EGRESS_PROXY: {complaint}"):
        Proxy.parse(url)


def test_nothing_secret_is_in_the_repr() -> None:
    assert repr(Proxy.parse("http://user:secret@proxy.example/")) == "Proxy(proxy.example:3128)"
