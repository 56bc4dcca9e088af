"""One HTTP/1.1 connection: a request out, an answer in, every read bounded."""

import asyncio
import ssl
from collections.abc import Callable, Hashable
from functools import partial
from time import perf_counter
from typing import IO, NamedTuple, cast

from httptools import HttpParserError, HttpResponseParser

from tidings.egress.answer import Failed, Outcome

# What a head may take, interim answers included. httptools itself would gather without end.
HEAD_LIMIT = 64 * 1024
# Reading stops this far behind the head; the status is known by then, and the connection is closed.
BODY_LIMIT = 64 * 1024
# What is kept of an answer, for whoever looks at the attempt.
BODY_KEPT = 4_096
HEADERS_KEPT = 8 * 1024
INTERIM_LIMIT = 10
# Endpoints say much the same every time. An answer no longer than that is kept with what it was read as; a guess, at
# 2 MB with all connections that may be open.
FAMILIAR_LIMIT = 2_048
_SWITCHING_PROTOCOLS, _FIRST_FINAL, _FIRST_UNKNOWN = 101, 200, 600  # RFC 9110, 15


class _Familiar(NamedTuple):
    """A whole answer that came in one piece, after which the connection serves again, and what it says."""

    data: bytes
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Connection(asyncio.Protocol):
    """Serves one request at a time. While nothing is asked nothing may arrive, or the connection is given up.

    When it is over, `status`, `headers` and `body` hold the answer until the next one is asked for.
    """

    def __init__(self, *, loop: asyncio.AbstractEventLoop, origin: Hashable, opened_at: float) -> None:
        self._loop = loop
        self.origin = origin
        self.address = ""
        self.opened_at = opened_at
        self.on_lost: Callable[[Connection], None] | None = None
        self.is_lost = False
        self.transport: asyncio.Transport
        self._parser = HttpResponseParser(self)
        self._familiar: _Familiar | None = None
        self._on_end: Callable[[Failed | None], None] | None = None
        self._is_over = True
        self._reset()

    def _reset(self) -> None:
        self.status = 0
        self.body = b""
        self.first_byte_at = 0.0
        self.is_reusable = False
        self._failed: Failed | None = None
        self._received = 0
        self._read_as: tuple[tuple[str, str], ...] | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._headers_size = 0
        self._head_end = 0
        self._interim = 0
        self._is_delimited = False
        self._into: IO[bytes] | None = None
        self._most = self._reads = BODY_LIMIT
        self._brought = 0

    @property
    def _when(self) -> str:
        return "before the answer" if self.was_silent else "in the middle of the answer"

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What came of them, up to 8 kB; names in lower case."""
        if self._read_as is None:
            return tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._headers])
        return self._read_as

    @property
    def was_silent(self) -> bool:
        """Whether not a byte has come since the last request."""
        return self._received == 0

    def begin(self, data: bytes, on_end: Callable[[Failed | None], None]) -> None:
        """Send a request; `on_end` is called once, when the answer is there or with what went wrong.

        Raises `Failed` if the connection was closed before. After a failure it must be aborted.
        """
        self._reset()
        if self.is_lost:
            raise Failed(Outcome.BROKEN, "the connection was closed before the request was sent")
        self._on_end = on_end
        self._is_over = False
        self.transport.write(data)

    def ask(self, data: bytes, *, into: IO[bytes] | None = None, most: int = BODY_LIMIT) -> "asyncio.Future[None]":
        """As `begin`, for who waits: done when the answer is there. After a cancellation, too, it must be aborted.

        With `into` the body goes there, all of it, and a larger one than `most` fails.
        """
        waiting: asyncio.Future[None] = self._loop.create_future()
        self.begin(data, partial(_resolve, waiting))
        if into is not None:
            # Chunks may frame a body with as much again, and no more.
            self._into, self._most, self._reads = into, most, 2 * most
        return waiting

    def abandon(self) -> None:
        """Close it, and tell nobody."""
        self._on_end = None
        self.abort()

    def abort(self) -> None:
        self.transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._on_end is None:
            # Nobody asked: a late 408, or an attempt to answer the next request before it is made.
            self.abort()
            return
        if self._received == 0:
            self.first_byte_at = perf_counter()
            if self._familiar is not None and data == self._familiar.data and self._into is None:
                self._received = len(data)
                _, self.status, self._read_as, self.body = self._familiar
                self._finish(is_reusable=True)
                self._end()
                return
        try:
            self._read(data)
        except HttpParserError as error:
            self._fail(Outcome.BROKEN, f"what came is not an HTTP answer: {error}")
        if self._is_over:
            # Not before all of it was read: what comes behind an answer decides whether the connection serves again.
            if self.is_reusable and len(data) == self._received <= FAMILIAR_LIMIT and self._into is None:
                self._read_as = self.headers
                self._familiar = _Familiar(data, self.status, self._read_as, self.body)
            self._end()

    def _read(self, data: bytes) -> None:
        room = HEAD_LIMIT - self._received
        self._received += len(data)
        if self._head_end == 0 and len(data) > room:
            self._parser.feed_data(data[:room])
            if self._head_end == 0:
                self._fail(Outcome.TOO_BIG, f"the answer's head is over {HEAD_LIMIT // 1024} kB")
                return
            data = data[room:]
        self._parser.feed_data(data)
        if self._head_end and self._received > self._head_end + self._reads:
            if self._into is not None:
                self._fail_as_too_big()
            self._finish(is_reusable=False)

    def eof_received(self) -> None:
        if self._head_end and not self._is_delimited:
            self._finish(is_reusable=False)
        self._fail(Outcome.BROKEN, f"the connection was closed {self._when}")
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        if self.on_lost is not None:
            self.on_lost(self)
        if isinstance(exc, ssl.SSLError) and not isinstance(exc, ssl.SSLEOFError):
            # In TLS 1.3 a server judges our certificate only after the handshake.
            self._fail(Outcome.TLS_FAILED, f"the endpoint ended TLS: {exc.reason}")
        elif isinstance(exc, ConnectionError):
            self._fail(Outcome.BROKEN, f"the connection was reset {self._when}")
        # Else many servers end TLS without saying goodbye: an end like any other.
        self.eof_received()

    # httptools

    def on_message_begin(self) -> None:
        # A second answer to one request: what follows could not be told from the answer to the next.
        self.is_reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_end or self._is_over:
            return  # a trailer, or what comes behind an answer
        name = name.lower()
        if name == b"content-length" or (name == b"transfer-encoding" and value.lower().endswith(b"chunked")):
            self._is_delimited = True
        self._headers_size += len(name) + len(value)
        if self._headers_size <= HEADERS_KEPT:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._head_end or self._is_over:
            return
        status = self._parser.get_status_code()
        if status == _SWITCHING_PROTOCOLS or not 100 <= status < _FIRST_UNKNOWN:  # noqa: PLR2004
            self._fail(Outcome.BROKEN, f"the endpoint answered with status {status}, which answers no request of ours")
        elif status >= _FIRST_FINAL:
            self.status = status
            self._head_end = self._received
        else:
            self._interim += 1
            self._headers, self._headers_size, self._is_delimited = [], 0, False
            if self._interim > INTERIM_LIMIT:
                self._fail(Outcome.BROKEN, f"more than {INTERIM_LIMIT} interim answers came, and no final one")

    def on_body(self, data: bytes) -> None:
        if self._is_over:
            return
        if self._into is not None:
            self._brought += len(data)
            if self._brought > self._most:
                self._fail_as_too_big()
            else:
                self._into.write(data)
        elif len(self.body) < BODY_KEPT:
            self.body += data[: BODY_KEPT - len(self.body)]

    def on_message_complete(self) -> None:
        if self._head_end:
            self._finish(is_reusable=self._parser.should_keep_alive())

    # the end

    def _finish(self, *, is_reusable: bool) -> None:
        if not self._is_over:
            self._is_over = True
            # An answer that came before the request was out leaves the rest of the request in the way of the next.
            self.is_reusable = is_reusable and self.transport.get_write_buffer_size() == 0

    def _fail_as_too_big(self) -> None:
        self._fail(Outcome.TOO_BIG, f"the answer is over {self._most} bytes")

    def _fail(self, outcome: Outcome, error: str) -> None:
        self.is_reusable = False
        if not self._is_over:
            self._is_over = True
            self._failed = Failed(outcome, error)

    def _end(self) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end(self._failed)


def _resolve(waiting: "asyncio.Future[None]", failed: Failed | None) -> None:
    if waiting.done():
        return
    if failed is None:
        waiting.set_result(None)
    else:
        waiting.set_exception(failed)
