"""Live: pages that are told what happens, by server-sent events; asked for once, told to all."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.responses import StreamingResponse

from tidings.core.clock import Clock
from tidings.core.errors import Throttled, TidingsError

log = logging.getLogger(__name__)

MOST_LISTENERS = 200
# Pieces that wait for a slow listener; beyond that the oldest are left out.
_MOST_WAITING = 20
# Seconds. Proxies end what is silent for a minute.
_SIGN_OF_LIFE_S = 15.0
_HEADERS = {"x-accel-buffering": "no", "cache-control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """HTML that takes its place in a page: in the element whose `data-on` is `name`."""

    name: str
    html: str


class Live:
    """Looks for what is new while somebody listens, at a pace, and tells each listener.

    A listener who is too slow misses what is oldest, and costs nothing more. `look` gives what to tell.
    """

    def __init__(self, look: Callable[[], Awaitable[Sequence[Piece]]], *, clock: Clock, every_s: float = 1.0) -> None:
        self._look = look
        self._clock = clock
        self._every_s = every_s
        self._listeners: set[asyncio.Queue[bytes]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End all listening; browsers come back by themselves when there is a server again."""
        self._closing.set()
        for queue in self._listeners:
            _put(queue, b"")

    def answer(self) -> StreamingResponse:
        """Tell whoever asked. Raises Throttled if too many listen already."""
        if len(self._listeners) >= MOST_LISTENERS:
            raise Throttled("too many look on just now; load the page again instead", retry_after=60)
        return StreamingResponse(self._told(), media_type="text/event-stream", headers=_HEADERS)

    async def _told(self) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes] = asyncio.Queue(_MOST_WAITING)
        self._listeners.add(queue)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_on())
        try:
            yield b"retry: 3000\n\n"
            while not self._closing.is_set():
                try:
                    async with asyncio.timeout(_SIGN_OF_LIFE_S):
                        told = await queue.get()
                except TimeoutError:
                    told = b": still here\n\n"
                if told:
                    yield told
        finally:
            self._listeners.discard(queue)
            if not self._listeners and self._looking is not None:
                self._looking.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._looking
                self._looking = None

    async def _look_on(self) -> None:
        while not self._closing.is_set():
            try:
                told = b"".join(map(_event, await self._look()))
            except TidingsError as error:
                log.warning("live.not_read error=%r", error.message)
                told = b""
            except Exception:
                # Nobody waits for this task: whoever looks on would be told nothing any more, and not why.
                log.exception("live.failed")
                told = b""
            if told:
                for queue in self._listeners:
                    _put(queue, told)
            await self._clock.sleep(self._every_s)


def _put(queue: asyncio.Queue[bytes], told: bytes) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(told)


def _event(piece: Piece) -> bytes:
    lines = "".join(f"data: {line}\n" for line in piece.html.splitlines() if line.strip())
    return f"event: {piece.name}\n{lines}\n".encode()
