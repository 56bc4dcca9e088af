"""A proxy that makes tunnels (HTTP CONNECT, RFC 9110, 9.3.6)."""

import asyncio
import re
from base64 import b64encode
from dataclasses import dataclass
from typing import cast
from urllib.parse import unquote, urlsplit

from tidings.core.errors import Invalid
from tidings.egress.answer import Failed, Outcome
from tidings.egress.url import Target

_HEAD_LIMIT = 16 * 1024
_DEFAULT_PORT = 3_128  # what proxies listen on when nobody says otherwise
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[ \r]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """Where the proxy is, and who we are to it."""

    host: str
    port: int
    authorization: str = ""

    def __repr__(self) -> str:
        return f"Proxy({self.host}:{self.port})"  # the authorization is secret

    @classmethod
    def parse(cls, url: str) -> "Proxy":
        """Read `http://[user:password@]host[:port]`. Raises `Invalid`."""
        parts = urlsplit(url)
        try:
            port = parts.port or _DEFAULT_PORT
        except ValueError as error:
            raise Invalid("TIDINGS_EGRESS_PROXY: the port must be a number from 1 to 65535") from error
        if parts.scheme != "http" or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
            raise Invalid("TIDINGS_EGRESS_PROXY: write http://host:port, with user:password@ before the host if needed")
        credentials = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        basic = "Basic " + b64encode(credentials.encode()).decode() if parts.username else ""
        return cls(host=parts.hostname, port=port, authorization=basic)

    def request(self, target: Target) -> bytes:
        """The request for a tunnel to a target."""
        place = f"{target.host_in_brackets}:{target.port}"
        authorization = f"proxy-authorization: {self.authorization}\r\n" if self.authorization else ""
        return f"CONNECT {place} HTTP/1.1\r\nhost: {place}\r\n{authorization}\r\n".encode()


class Tunnel(asyncio.Protocol):
    """Asks for a tunnel on a new connection to the proxy; then the connection belongs to whoever needed it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._opened: asyncio.Future[None] = loop.create_future()
        self._head = b""
        self.transport: asyncio.Transport

    async def open(self, request: bytes) -> None:
        """Raises `Failed` if the proxy makes no tunnel."""
        self.transport.write(request)
        await self._opened

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._head += data
        head, end, rest = self._head.partition(b"\r\n\r\n")
        if not end:
            if len(head) > _HEAD_LIMIT:
                self._end("the proxy's answer has no end")
            return
        status = _STATUS.match(head)
        if status is None:
            self._end("what the proxy answered is not HTTP")
        elif not status[1].startswith(b"2"):
            self._end(f"the proxy answered {status[1].decode()} and made no tunnel")
        elif rest:
            self._end("the proxy sent something into the tunnel before we did")
        else:
            self._end("")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._end("the proxy closed the connection and made no tunnel")

    def _end(self, error: str) -> None:
        if self._opened.done():
            return
        if error:
            self._opened.set_exception(Failed(Outcome.UNREACHABLE, error))
        else:
            self._opened.set_result(None)
