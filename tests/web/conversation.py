"""Conversation: a plain HTTP/1.1 client for tests, which says exactly what it is told to say."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httptools
import msgspec

# Seconds: no answer here takes longer, unless something hangs, however busy the machine is.
_WITHIN = 30.0


@dataclass(slots=True)
class Answer:
    """An answer as it came; header names in lower case."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON
        return msgspec.json.decode(self.body)


class Conversation:
    """What is said on one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    async def say(self, raw: bytes) -> None:
        self._writer.write(raw)
        await self._writer.drain()

    async def hear(self, *, is_head: bool = False) -> Answer:
        """The next answer. What the server sends after it is lost."""
        answer = Answer()
        done = asyncio.Event()
        parser = httptools.HttpResponseParser(_Listener(answer, done))
        async with asyncio.timeout(_WITHIN):
            while not done.is_set():
                piece = await self.reader.read(65536)
                if not piece:
                    break
                parser.feed_data(piece)
                if is_head and b"\r\n\r\n" in piece:
                    break
        answer.status = parser.get_status_code() if answer.headers or done.is_set() else 0
        return answer

    async def is_closed(self) -> bool:
        """Whether the server hangs up, without a further word."""
        async with asyncio.timeout(_WITHIN):
            try:
                return await self.reader.read() == b""
            except ConnectionResetError:
                return True

    @property
    def certificate(self) -> bytes:
        connection: ssl.SSLObject = self._writer.get_extra_info("ssl_object")
        return connection.getpeercert(binary_form=True) or b""


@contextlib.asynccontextmanager
async def talk(port: int, tls: ssl.SSLContext | None = None, *, host: str = "127.0.0.1") -> AsyncIterator[Conversation]:
    """A connection to a server, on loopback if no other address is named."""
    name = None if tls is None else "localhost"
    reader, writer = await asyncio.open_connection(host, port, ssl=tls, server_hostname=name)
    try:
        yield Conversation(reader, writer)
    finally:
        writer.close()


class _Listener:
    def __init__(self, answer: Answer, done: asyncio.Event) -> None:
        self._answer = answer
        self._done = done

    def on_header(self, name: bytes, value: bytes) -> None:
        self._answer.headers[name.decode().lower()] = value.decode("latin-1")

    def on_body(self, piece: bytes) -> None:
        self._answer.body += piece

    def on_message_complete(self) -> None:
        self._done.set()


def request(line: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """A request's bytes; `line` is its method and target."""
    lines = [f"{line} HTTP/1.1", "host: localhost", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    if body:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def ask(
    port: int,
    line: str,
    *,
    headers: Mapping[str, str] | None = None,
    json: Any = None,  # noqa: ANN401 - any JSON
    body: bytes = b"",
    host: str = "127.0.0.1",
) -> Answer:
    """One request on a connection of its own; `line` is its method and target."""
    async with talk(port, host=host) as conversation:
        await conversation.say(request(line, headers=headers, body=body if json is None else msgspec.json.encode(json)))
        return await conversation.hear(is_head=line.startswith("HEAD "))
