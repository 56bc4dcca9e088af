"""The load: posts over kept connections, one request at a time on each, and counts what is acknowledged."""

import asyncio
import secrets
import ssl
from collections import deque
from collections.abc import Mapping, Sequence

import httptools
import msgspec

from tidings.bench.child import serve_orders
from tidings.bench.stamp import stamp
from tidings.core.clock import Clock

# Stands in a request's body wherever the load writes its stamp.
STAMP = "@stamp@"
# Stands wherever it writes an identifier that no other event of any run has.
UNIQUE = "@unique@"
# Seconds without an answer after which the server is taken for dead.
PATIENCE_S = 20.0
# Characters told of the first refusal.
_LONGEST_REFUSAL = 300
_SOME_REFUSED = 207


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is posted; `body` has places for the stamp. `around` stands before, between and after events of a batch."""

    path: str
    headers: Mapping[str, str]
    body: str
    method: str = "POST"
    accepted: Sequence[int] = (200,)
    around: tuple[str, str, str] = ("[", ",", "]")


class Publish(msgspec.Struct, frozen=True, kw_only=True):
    """Post so many from number `first` on, `batch` a request; `rate` is events a second, 0 for as many as are taken."""

    host: str
    port: int
    request: Request
    events: int
    concurrency: int
    batch: int
    rate: float = 0.0
    first: int = 0
    is_tls: bool = False
    authority: str | None = None


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What became of them; whatever is not in `refused` was acknowledged. `why` is the first refusal."""

    refused: list[int]
    why: str
    first_us: int
    last_us: int


class _Outcome(msgspec.Struct, rename="camel"):
    """The result of one event of several: refused ones have an index."""

    index: int | None = None


class Load:
    """One run."""

    def __init__(self, order: Publish, clock: Clock) -> None:
        self._order = order
        self._end = order.first + order.events
        self._clock = clock
        self._batches = deque(range(order.first, self._end, order.batch))
        self._pieces = order.request.body.encode().split(STAMP.encode())
        self._is_unique = UNIQUE in order.request.body
        self._accepted = frozenset(order.request.accepted)
        is_tls = order.is_tls or order.authority
        self._context = ssl.create_default_context(cafile=order.authority) if is_tls else None
        self._around = [text.encode() for text in order.request.around]
        # The version and variant of a UUID, a number that is this run's, and room for the event's.
        self._unique = f"{secrets.token_hex(4)}-{secrets.token_hex(2)}-4000-8000-%012x"
        headers = {"content-type": "application/json"} | dict(order.request.headers)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._head = (
            f"{order.request.method} {order.request.path} HTTP/1.1\r\nhost: {order.host}:{order.port}\r\n{lines}"
            "content-length: "
        ).encode()
        self._connections: list[_Connection] = []
        self._refused: list[int] = []
        self._why = ""
        self._began_us = self._last_us = self._moved_us = 0

    async def run(self) -> Published:
        """Publish everything, or as much as the server answers."""
        for _ in range(self._order.concurrency):
            self._connections.append(await self._connected())
        self._began_us = self._last_us = self._now_us()
        watch = asyncio.create_task(self._watch())
        async with asyncio.TaskGroup() as group:
            for place in range(self._order.concurrency):
                group.create_task(self._publish(place))
        watch.cancel()
        for connection in self._connections:
            connection.close()
        self._refuse(range(min(self._batches), self._end) if self._batches else range(0), self._why)
        return Published(refused=self._refused, why=self._why, first_us=self._began_us, last_us=self._last_us)

    async def _connected(self) -> "_Connection":
        _, connection = await asyncio.get_running_loop().create_connection(
            _Connection, self._order.host, self._order.port, ssl=self._context, ssl_handshake_timeout=None
        )
        return connection

    async def _publish(self, place: int) -> None:
        while self._batches:
            first = self._batches.popleft()
            numbers = range(first, min(first + self._order.batch, self._end))
            if self._order.rate:
                due = self._began_us / 1e6 + (first - self._order.first) / self._order.rate
                await self._clock.sleep(due - self._clock.monotonic())
            self._moved_us = self._now_us()
            try:
                # A server may end a connection with an answer, by its own rules.
                if self._connections[place].is_over:
                    self._connections[place] = await self._connected()
                status, body = await self._connections[place].ask(self._request(numbers))
            except OSError as error:
                self._refuse(numbers, f"a connection ended: {error}")
                return
            self._last_us = self._moved_us = self._now_us()
            if status not in self._accepted:
                self._refuse(_refused_of(numbers, status=status, body=body), f"{status} {_shown(body)}")

    def _request(self, numbers: range) -> bytes:
        sent_us = self._now_us()
        events = [stamp(number, sent_us=sent_us).join(self._pieces) for number in numbers]
        if self._is_unique:
            events = [
                event.replace(UNIQUE.encode(), (self._unique % number).encode())
                for number, event in zip(numbers, events, strict=True)
            ]
        before, between, after = self._around
        body = events[0] if self._order.batch == 1 else b"%b%b%b" % (before, between.join(events), after)
        return b"%b%d\r\n\r\n%b" % (self._head, len(body), body)

    def _refuse(self, numbers: range | list[int], why: str) -> None:
        self._refused.extend(numbers)
        self._why = self._why or why

    async def _watch(self) -> None:
        """End the connections of a server that has stopped answering."""
        while True:
            await self._clock.sleep(1)
            waiting = [connection for connection in self._connections if connection.is_waiting]
            if waiting and self._now_us() - self._moved_us > PATIENCE_S * 1e6:
                for connection in waiting:
                    connection.give_up()

    def _now_us(self) -> int:
        return int(self._clock.monotonic() * 1e6)


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._is_open = True
        self._is_last = False
        self._body = b""

    @property
    def is_waiting(self) -> bool:
        return self._answer is not None

    @property
    def is_over(self) -> bool:
        """Whether the server has said with an answer that it is the last."""
        return self._is_last

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer. Raises ConnectionError."""
        if not self._is_open:
            raise ConnectionError("the server closed it")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def give_up(self) -> None:
        self._fail(f"no answer for {PATIENCE_S:.0f} seconds")
        self._transport.abort()

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a socket's is one
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"what came is not HTTP: {error}")
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_open = False
        self._fail(str(exc or "the server closed it"))

    def on_message_begin(self) -> None:
        self._body = b""

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        answer, self._answer = self._answer, None
        self._is_last = not self._parser.should_keep_alive()
        if answer is not None and not answer.done():
            answer.set_result((self._parser.get_status_code(), self._body))

    def _fail(self, why: str) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(ConnectionError(why))


def _refused_of(numbers: range, *, status: int, body: bytes) -> list[int] | range:
    if status != _SOME_REFUSED:
        return numbers
    try:
        outcomes = msgspec.json.decode(body, type=list[_Outcome])
    except msgspec.DecodeError:
        return numbers
    return [numbers[outcome.index] for outcome in outcomes if outcome.index is not None]


def _shown(body: bytes) -> str:
    return body[:_LONGEST_REFUSAL].decode("utf-8", "replace")


async def _answer(line: bytes) -> Published:
    return await Load(msgspec.json.decode(line, type=Publish), Clock()).run()


if __name__ == "__main__":
    serve_orders(_answer)
