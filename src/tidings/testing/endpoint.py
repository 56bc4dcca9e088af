"""A real HTTP endpoint that does what a script says: answer, drip, reset, go silent."""

import asyncio
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from socket import SO_LINGER, SOL_SOCKET
from typing import Self, cast
from urllib.parse import parse_qs, urlsplit

from httptools import HttpParserError, HttpRequestParser

from tidings.core.clock import Clock


class Then(StrEnum):
    """What becomes of the connection when an item of the script has been sent."""

    KEEP = "keep"  # it stays open, for the next request or for nothing
    CLOSE = "close"  # it is closed
    HALF_CLOSE = "half_close"  # our side is closed, we go on listening
    RESET = "reset"  # it is torn down, as by a machine that fell over


class Framing(StrEnum):
    """How an answer shows its end."""

    LENGTH = "length"  # by Content-Length
    CHUNKED = "chunked"  # by a last chunk
    CLOSE = "close"  # by the end of the connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A request as it arrived. `connection` counts connections from 1, `received_at` is in epoch milliseconds."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    received_at: int
    connection: int

    def header(self, name: str) -> str | None:
        """The first header of that name, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """A well-formed answer. It goes out after `after_ms`, and not before `after` is set."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    framing: Framing = field(default=Framing.LENGTH, kw_only=True)
    interim: int = field(default=0, kw_only=True)  # how many 103s come first
    after_ms: int = field(default=0, kw_only=True)
    after: asyncio.Event | None = field(default=None, kw_only=True)
    then: Then = field(default=Then.KEEP, kw_only=True)


@dataclass(frozen=True, slots=True)
class Raw:
    """These very bytes."""

    data: bytes = b""
    then: Then = Then.KEEP


@dataclass(frozen=True, slots=True)
class Drip:
    """Some bytes, and then a piece again and again, until the caller has had enough; 0 ms is as fast as it reads."""

    first: bytes
    piece: bytes
    every_ms: int = 20


Step = Answer | Raw | Drip
Item = int | Step | Callable[[Captured], int | Step]

NEVER_ANSWERS = Raw()
RESETS = Raw(then=Then.RESET)
CLOSES = Raw(then=Then.CLOSE)
HALF_CLOSES = Raw(then=Then.HALF_CLOSE)
CLOSES_IDLE = Answer(then=Then.CLOSE)
ANSWERS_GARBAGE = Raw(b"220 mail.example.com ESMTP\r\n")
HUGE_HEAD = Raw(b"HTTP/1.1 200 OK\r\n" + b"x-filling: " + b"a" * 1_000_000)
DRIPS_HEAD = Drip(b"HTTP/1.1 200 OK\r\n", b"x-drop: a\r\n")
DRIPS_BODY = Drip(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", b"a")
ENDLESS_BODY = Drip(b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 65_536, 0)


class Endpoint:
    """Listens on loopback. Each request takes the next item of the script, and the last one repeats.

    An item is a status, an `Answer`, `Raw` bytes, a `Drip`, or a function from the request to one of these. A GET with
    a validationToken is answered with the token and takes no item, unless `echo` is False. `requests` holds what
    arrived.
    """

    def __init__(
        self,
        *script: Item,
        tls: ssl.SSLContext | None = None,
        name: str = "127.0.0.1",
        host: str = "127.0.0.1",
        port: int = 0,
        echo: bool = True,
    ) -> None:
        self._script = script or (200,)
        self.tls = tls
        self._name = name
        self._host = host
        self.port = port
        self.echo = echo
        self.requests: list[Captured] = []
        self.connections = 0
        self.open: set[_Serving] = set()
        self._taken = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Serving(self, loop), self._host, self.port, ssl=self.tls, backlog=1_024
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.drop_connections()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self._name}:{self.port}/"

    def script(self, *items: Item) -> None:
        """Do this from now on."""
        self._script, self._taken = items, 0

    def drop_connections(self) -> None:
        """Reset every connection that is open."""
        for serving in tuple(self.open):
            serving.transport.abort()

    async def received(self, count: int, *, within: float = 60.0) -> list[Captured]:
        """Wait until that many requests have arrived since the start, for at most `within` seconds."""
        if len(self.requests) < count:
            arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((count, arrived))
            async with asyncio.timeout(within):
                await arrived
        return self.requests

    def take(self, request: Captured) -> Step:
        """Keep a request, and say what it gets."""
        self.requests.append(request)
        for waiting in [waiting for waiting in self._waiting if waiting[0] <= len(self.requests)]:
            self._waiting.remove(waiting)
            if not waiting[1].done():
                waiting[1].set_result(None)
        token = _validation_token(request) if self.echo else None
        if token is not None:
            return Answer(200, (("content-type", "text/plain"),), token.encode())
        item = self._script[min(self._taken, len(self._script) - 1)]
        self._taken += 1
        step = item(request) if callable(item) else item
        return Answer(step) if isinstance(step, int) else step


def _validation_token(request: Captured) -> str | None:
    if request.method != "GET":
        return None
    return next(iter(parse_qs(urlsplit(request.target).query).get("validationToken", ())), None)


def _render(answer: Answer) -> bytes:
    """Status line, headers and body. Content-Length is left out where the status allows no body."""
    phrase = next((known.phrase for known in HTTPStatus if known == answer.status), "Odd")
    interim = b"HTTP/1.1 103 Early Hints\r\nlink: </>\r\n\r\n" * answer.interim
    lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in answer.headers)]
    body = answer.body
    if answer.framing is Framing.CHUNKED:
        lines.append("transfer-encoding: chunked")
        body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    elif answer.framing is Framing.CLOSE:
        lines.append("connection: close")
    elif answer.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        lines.append(f"content-length: {len(body)}")
    return interim + "\r\n".join((*lines, "\r\n")).encode() + body


class _Serving(asyncio.Protocol):
    """One connection to the endpoint."""

    def __init__(self, endpoint: Endpoint, loop: asyncio.AbstractEventLoop) -> None:
        self._endpoint = endpoint
        self._loop = loop
        self._parser = HttpRequestParser(self)
        self._can_write = asyncio.Event()
        self._can_write.set()
        self._doing: asyncio.Task[None] | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._endpoint.open.add(self)
        self._endpoint.connections += 1
        self._number = self._endpoint.connections

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._endpoint.open.discard(self)
        if self._doing is not None:
            self._doing.cancel()

    def pause_writing(self) -> None:
        self._can_write.clear()

    def resume_writing(self) -> None:
        self._can_write.set()

    # httptools

    def on_message_begin(self) -> None:
        self._target = b""
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        step = self._endpoint.take(
            Captured(
                method=self._parser.get_method().decode(),
                target=self._target.decode("latin-1"),
                headers=tuple(self._headers),
                body=b"".join(self._body),
                received_at=Clock().now(),
                connection=self._number,
            )
        )
        if isinstance(step, Answer) and not step.after_ms and step.after is None:
            self._send(_render(step), then=Then.CLOSE if step.framing is Framing.CLOSE else step.then)
        elif isinstance(step, Raw):
            self._send(step.data, then=step.then)
        else:
            self._doing = self._loop.create_task(self._take_time(step))

    async def _take_time(self, step: Answer | Drip) -> None:
        clock = Clock()
        if isinstance(step, Answer):
            if step.after is not None:
                await step.after.wait()
            await clock.sleep(step.after_ms / 1_000)
            self._send(_render(step), then=Then.CLOSE if step.framing is Framing.CLOSE else step.then)
            return
        self._send(step.first, then=Then.KEEP)
        while not self.transport.is_closing():
            await self._can_write.wait()
            self._send(step.piece, then=Then.KEEP)
            await clock.sleep(step.every_ms / 1_000)

    def _send(self, data: bytes, *, then: Then) -> None:
        if data:
            self.transport.write(data)
        if then is Then.RESET:
            # Without lingering the kernel answers whatever comes next with a reset.
            self.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
        elif then is Then.CLOSE:
            self.transport.close()
        elif then is Then.HALF_CLOSE:
            self.transport.write_eof()
