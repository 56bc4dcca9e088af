"""The load of a soak: publishes at a rate, believes nothing but a 2xx, and goes on whatever happens to the server."""

import asyncio
import contextlib
from pathlib import Path

import httptools
import msgspec

from tidings.bench.child import serve_orders
from tidings.bench.stamp import stamp
from tidings.core.clock import Clock
from tools.soak_tally import Tally
from tools.soak_work import APPLICATION, PAYLOAD, type_of

HOST = "127.0.0.1"
CONNECTIONS = 64
# Seconds without an answer after which a server is taken for dead, and before it is asked again.
_PATIENCE_S = 20.0
_AGAIN_AFTER_S = 0.1
# Seconds of events that are made up for after a time in which nothing was taken.
_MAKES_UP_S = 1.0
_OK = 200


class Publish(msgspec.Struct, frozen=True, kw_only=True):
    """Publish events from number `first` on for so long, at `rate` a second (0: as many as are taken)."""

    port: int
    token: str
    tally: str
    first: int
    seconds: float
    rate: float


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """The number of the next event, and how many were refused, the last of them because of `why`."""

    next: int
    refused: int
    why: str


class Load:
    """One order, carried out."""

    def __init__(self, order: Publish) -> None:
        self._order = order
        self._clock = Clock()
        self._tally = Tally(Path(order.tally))
        self._head = (
            f"POST /v1/events HTTP/1.1\r\nhost: {HOST}\r\nauthorization: Bearer {order.token}\r\n"
            "content-type: application/json\r\ncontent-length: "
        ).encode()
        self._next = order.first
        self._due = self._clock.monotonic()
        self._ends = self._due + order.seconds
        self._refused = 0
        self._why = ""

    async def run(self) -> Published:
        """Publish until the time is over."""
        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(self._publish())
        return Published(next=self._next, refused=self._refused, why=self._why)

    async def _publish(self) -> None:
        loop = asyncio.get_running_loop()
        while self._clock.monotonic() < self._ends:
            # What is under way when a connection ends may have been kept or not: it is not counted.
            with contextlib.suppress(OSError):
                _, connection = await loop.create_connection(_Connection, HOST, self._order.port)
                try:
                    while await self._turn():
                        await self._publish_one(connection)
                finally:
                    connection.close()
            await self._clock.sleep(_AGAIN_AFTER_S)

    async def _turn(self) -> bool:
        """Wait until an event is due; whether there is one before the end."""
        if self._order.rate:
            now = self._clock.monotonic()
            self._due = max(self._due + 1 / self._order.rate, now - _MAKES_UP_S)
            await self._clock.sleep(self._due - now)
        return self._clock.monotonic() < self._ends

    async def _publish_one(self, connection: "_Connection") -> None:
        number = self._next
        self._next += 1
        body = _body(number)
        async with asyncio.timeout(_PATIENCE_S):  # a TimeoutError is an OSError
            status, said = await connection.ask(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        if status == _OK:
            self._tally.mark(number)
        else:
            self._refused += 1
            self._why = f"{status} {said[:200].decode('utf-8', 'replace')}"
            await self._clock.sleep(_AGAIN_AFTER_S)


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._is_open = True
        self._body = b""

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer. Raises ConnectionError."""
        if not self._is_open:
            raise ConnectionError("the server closed it")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        self._transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a socket's is one
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError(str(exc or "the server closed it")))

    def on_message_begin(self) -> None:
        self._body = b""

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), self._body))


def _body(number: int) -> bytes:
    text = stamp(number, sent_us=0).decode() + "x" * PAYLOAD
    subject = {"objectType": "Application", "objectId": APPLICATION}
    return msgspec.json.encode({"type": type_of(number), "subjects": [subject], "data": {"text": text}})


async def _answer(line: bytes) -> Published:
    return await Load(msgspec.json.decode(line, type=Publish)).run()


if __name__ == "__main__":
    serve_orders(_answer)
