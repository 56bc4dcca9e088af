"""What is no request by RFC 9110 and RFC 9112 is refused, and what one request carries is never taken for another."""

from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from tests.web.conversation import Conversation, talk
from tidings.core.clock import Clock
from tidings.web.server import Server

CHUNKED = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Tell how a request was understood."""
    request = Request(scope, receive)
    body = (await request.body()).decode("latin-1")
    names = [name.decode() for name, _ in scope["headers"]]
    await JSONResponse({"path": scope["path"], "body": body, "names": names})(scope, receive, send)


@pytest.fixture
async def conversation() -> AsyncIterator[Conversation]:
    async with Server(application, clock=Clock()).listening("127.0.0.1", 0) as port, talk(port) as conversation:
        yield conversation


@pytest.mark.parametrize(
    "hosts",
    [
        b"",
        b"host: a\r\nhost: a\r\n",
        b"host:\r\n",
        b"host: a b\r\n",
        b"host: user@a\r\n",
        b"host: a/b\r\n",
        b"host: a:b\r\n",
        b"host: [::1\r\n",
    ],
)
async def test_a_request_that_does_not_name_one_host_is_400_and_says_so(
    conversation: Conversation, hosts: bytes
) -> None:
    await conversation.say(b"GET / HTTP/1.1\r\n" + hosts + b"\r\n")
    answer = await conversation.hear()

    assert (answer.status, "one Host header" in answer.json["message"]) == (400, True)
    assert await conversation.is_closed()


@pytest.mark.parametrize(
    ("head", "path"),
    [
        (b"GET /a HTTP/1.1\r\nhost: [::1]:8080\r\n", "/a"),
        (b"GET /a HTTP/1.1\r\nhost: some_name.example.com:\r\n", "/a"),
        (b"GET http://other.example.com/a?b HTTP/1.1\r\nhost: x\r\n", "/a"),
        (b"GET http://example.com HTTP/1.1\r\nhost: example.com\r\n", "/"),
        (b"GET HTTPS://[::1]:8080?b/c HTTP/1.1\r\nhost: x\r\n", "/"),
        (b"POST http://example.com HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n", "/"),
        (b"OPTIONS http://example.com HTTP/1.1\r\nhost: x\r\n", "*"),
        (b"OPTIONS http://example.com?b HTTP/1.1\r\nhost: x\r\n", "/"),
        (b"OPTIONS * HTTP/1.1\r\nhost: x\r\n", "*"),
        (b"GET /a HTTP/1.0\r\n", "/a"),
    ],
)
async def test_each_way_to_name_a_host_and_what_is_wanted_of_it_is_understood(
    conversation: Conversation, head: bytes, path: str
) -> None:
    await conversation.say(head + b"\r\n")

    assert (await conversation.hear()).json["path"] == path


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd", 400),
        (CHUNKED + b"content-length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nhost: x\r\na: b\r\n c\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: x\r\na : b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: x\r\na: b\rc\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: x\r\na: b\x00c\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nhost: x\n\n", 400),
        (b"GET /\r\n\r\n", 505),
        (b"CONNECT x:80 HTTP/1.1\r\nhost: x:80\r\n\r\n", 501),
    ],
)
async def test_what_two_readers_could_read_in_two_ways_is_refused(
    conversation: Conversation, raw: bytes, status: int
) -> None:
    await conversation.say(raw + b"GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n")
    answer = await conversation.hear()

    assert answer.status == status
    assert await conversation.is_closed()


@pytest.mark.parametrize("is_at_once", [True, False])
async def test_an_offer_to_upgrade_is_left_alone_and_its_body_is_a_body(
    conversation: Conversation, *, is_at_once: bool
) -> None:
    inner = b"GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n"
    head = b"POST /a HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: h2c\r\ncontent-length: %d\r\n\r\n" % len(
        inner
    )
    if is_at_once:
        await conversation.say(head + inner)
    else:
        await conversation.say(head)
        await conversation.say(inner)
    first = await conversation.hear()
    await conversation.say(b"GET /next HTTP/1.1\r\nhost: x\r\n\r\n")
    second = await conversation.hear()

    assert (first.json["path"], first.json["body"].encode()) == ("/a", inner)
    assert second.json["path"] == "/next"


async def test_trailers_are_not_taken_for_headers(conversation: Conversation) -> None:
    await conversation.say(CHUNKED + b"\r\n3\r\nabc\r\n0\r\naccesstoken: a\r\nx-forwarded-for: b\r\n\r\n")
    answer = await conversation.hear()

    assert (answer.json["body"], answer.json["names"]) == ("abc", ["host", "transfer-encoding"])


@pytest.mark.parametrize("endless", [b"0\r\nx: ", b"1;"])
async def test_a_connection_with_trailers_or_extensions_of_chunks_without_end_is_closed(
    conversation: Conversation, endless: bytes
) -> None:
    await conversation.say(CHUNKED + b"\r\n3\r\nabc\r\n" + endless)

    with pytest.raises(ConnectionError):
        await _say_on(conversation)


async def _say_on(conversation: Conversation) -> None:
    for _ in range(1_000):
        await conversation.say(b"a" * 65_536)
