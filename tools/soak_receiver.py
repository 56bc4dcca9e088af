"""The receiver of a soak: endpoints that refuse, are late, and have storms in which nothing is taken."""

import asyncio
import random
from pathlib import Path

import msgspec

from tidings.bench.child import serve_orders
from tidings.bench.receiver import Caught
from tidings.bench.stamp import read_stamp
from tools.soak_tally import Tally
from tools.soak_work import HEARING, Hook

_TAKEN = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_REFUSED = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"
_BACKLOG = 2_048


class Open(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """Begin to listen; the tallies stand in that folder, named after their webhooks."""

    folder: str


class Weather(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """Whether there is a storm from now on, and whether endpoints fail at all."""

    is_storm: bool
    is_fine: bool = False


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    port: int


class Receiver:
    """All endpoints that answer, told apart by the path."""

    def __init__(self, order: Open) -> None:
        self.weather = Weather(is_storm=False)
        self.port = 0
        self.server: asyncio.Server | None = None
        self._hooks = {f"/{hook.name}".encode(): hook for hook in HEARING}
        self._tallies = {path: Tally(Path(order.folder) / hook.name) for path, hook in self._hooks.items()}
        self._chance = random.Random(1)  # noqa: S311 - repeatable, on purpose
        self._refused: set[int] = set()

    def take(self, path: bytes, body: bytes) -> tuple[bytes, float]:
        """Count a callback unless it is refused; the answer, and how many seconds it takes."""
        hook, number = self._hooks[path], read_stamp(body)[0]
        late_s = 0.0 if self.weather.is_fine else self._chance.randrange(hook.late_ms + 1) / 1_000
        if self._refuses(hook, number) and not self.weather.is_fine:
            return _REFUSED, late_s
        self._tallies[path].mark(number)
        return _TAKEN, late_s

    def _refuses(self, hook: Hook, number: int) -> bool:
        """Outside of storms nothing is refused twice: a refusal two days later would end the delivery for good."""
        if hook.is_stormy and self.weather.is_storm:
            return True
        if self._chance.randrange(100) >= hook.failing or number in self._refused:
            return False
        self._refused.add(number)
        return True


class _Connection(Caught):
    def __init__(self, receiver: Receiver) -> None:
        super().__init__()
        self._receiver = receiver

    def arrived(self, path: bytes, body: bytes) -> None:
        answer, late_s = self._receiver.take(path, body)
        if late_s:
            asyncio.get_running_loop().call_later(late_s, self._answer, answer)
        else:
            self.transport.write(answer)

    def _answer(self, answer: bytes) -> None:
        # Nobody is there any more if the server was killed meanwhile.
        if not self.transport.is_closing():
            self.transport.write(answer)


class _Orders:
    def __init__(self) -> None:
        self._receiver: Receiver | None = None
        self._decoder = msgspec.json.Decoder(Open | Weather)

    async def answer(self, line: bytes) -> Opened:
        order = self._decoder.decode(line)
        if isinstance(order, Open):
            self._receiver = await _listen(order)
            return Opened(port=self._receiver.port)
        if self._receiver is None:
            raise ValueError("the first order must be to open")
        self._receiver.weather = order
        return Opened(port=self._receiver.port)


async def _listen(order: Open) -> Receiver:
    receiver = Receiver(order)
    receiver.server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(receiver), "127.0.0.1", 0, backlog=_BACKLOG
    )
    receiver.port = receiver.server.sockets[0].getsockname()[1]
    return receiver


if __name__ == "__main__":
    serve_orders(_Orders().answer)
