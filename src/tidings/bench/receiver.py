"""The receiver: answers every callback at once, and counts what arrives and how long it took."""

import asyncio
import ssl
from array import array

import httptools
import msgspec

from tidings.bench.child import serve_orders
from tidings.bench.pointer import at
from tidings.bench.stamp import read_stamp
from tidings.core.clock import Clock

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_BACKLOG = 2_048
# Microseconds a step, and steps: up to ten seconds, in 4 MB however many arrive.
_STEP_US = 10
_STEPS = 1_000_000
# Steps that are counted together as well, so that telling, ten times a second, costs the machine nothing.
_COARSE = 1_000


class Open(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """Begin to listen, over TLS if there is a certificate. So many events are to come, each to so many webhooks.

    The stamp is looked for where the pointer `stamp` leads in a callback's body, or anywhere in it.
    """

    events: int
    fan_out: int
    host: str = "127.0.0.1"
    stamp: str = ""
    certificate: str | None = None
    key: str | None = None


class Tell(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """Tell what has arrived. Those events were not accepted: whether they arrive does not count."""

    refused: list[int] = []


class Arrivals(msgspec.Struct, frozen=True, kw_only=True):
    """What has arrived, each delivery counted once, and how often one came again."""

    port: int
    arrived: int = 0
    duplicates: int = 0
    foreign: int = 0  # requests that are none of this run
    last_us: int = 0
    p50_ms: float = 0.0
    p99_ms: float = 0.0


class Receiver:
    """What has arrived. A webhook's place stands in the path of its URL, from /0 on."""

    def __init__(self, order: Open) -> None:
        self.port = 0
        self.server: asyncio.Server | None = None
        self._fan_out = order.fan_out
        self._pointer = order.stamp
        self._seen = bytearray(order.events * order.fan_out)
        self._took = array("I", bytes(4 * (_STEPS + 1)))
        self._took_coarsely = [0] * (_STEPS // _COARSE + 1)
        self._clock = Clock()
        self._arrived = 0
        self._duplicates = 0
        self._foreign = 0
        self._last_us = 0

    def count(self, path: bytes, body: bytes) -> None:
        """Count one callback."""
        now_us = int(self._clock.monotonic() * 1e6)
        try:
            number, sent_us = read_stamp(str(at(self._pointer, body)).encode() if self._pointer else body)
            place = number * self._fan_out + int(path[1:])
            is_new = not self._seen[place]
        except (ValueError, IndexError):
            self._foreign += 1
            return
        if not is_new:
            self._duplicates += 1
            return
        self._seen[place] = 1
        self._arrived += 1
        self._last_us = now_us
        step = min((now_us - sent_us) // _STEP_US, _STEPS)
        self._took[step] += 1
        self._took_coarsely[step // _COARSE] += 1

    def told(self, order: Tell) -> Arrivals:
        """What has arrived until now."""
        uncounted = sum(
            sum(self._seen[number * self._fan_out : (number + 1) * self._fan_out]) for number in order.refused
        )
        return Arrivals(
            port=self.port,
            arrived=self._arrived - uncounted,
            duplicates=self._duplicates,
            foreign=self._foreign,
            last_us=self._last_us,
            p50_ms=self._quantile(0.5),
            p99_ms=self._quantile(0.99),
        )

    def _quantile(self, share: float) -> float:
        left = self._arrived * share
        for coarse, together in enumerate(self._took_coarsely):
            if not together or left > together:
                left -= together
                continue
            first = coarse * _COARSE
            for step, count in enumerate(self._took[first : first + _COARSE], first):
                left -= count
                if count and left <= 0:
                    return step * _STEP_US / 1_000
        return 0.0


class Caught(asyncio.Protocol):
    """A connection whose requests are told whole, by `arrived`."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._path = b""
        self._body = b""

    def arrived(self, path: bytes, body: bytes) -> None:
        """A request is complete; to be answered on `transport`."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a socket's is one
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.abort()

    def on_message_begin(self) -> None:
        self._path = b""
        self._body = b""

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self.arrived(self._path, self._body)


class _Connection(Caught):
    def __init__(self, receiver: Receiver) -> None:
        super().__init__()
        self._receiver = receiver

    def arrived(self, path: bytes, body: bytes) -> None:
        self._receiver.count(path, body)
        self.transport.write(_ANSWER)


class _Orders:
    def __init__(self) -> None:
        self._receiver: Receiver | None = None
        self._decoder = msgspec.json.Decoder(Open | Tell)

    async def answer(self, line: bytes) -> Arrivals:
        order = self._decoder.decode(line)
        if isinstance(order, Open):
            self._receiver = await _listen(order)
            return self._receiver.told(Tell())
        if self._receiver is None:
            raise ValueError("the first order must be to open")
        return self._receiver.told(order)


async def _listen(order: Open) -> Receiver:
    receiver = Receiver(order)
    context = None
    if order.certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(order.certificate, order.key)
    receiver.server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(receiver), order.host, 0, ssl=context, backlog=_BACKLOG
    )
    receiver.port = receiver.server.sockets[0].getsockname()[1]
    return receiver


if __name__ == "__main__":
    serve_orders(_Orders().answer)
