"""Handing: requests to one porter, and what comes of them."""

import asyncio
from collections.abc import Callable

import msgspec

from tidings.egress.answer import Answer, Outcome
from tidings.egress.link import Link
from tidings.egress.request import Request, header_lines
from tidings.egress.waybill import Asked, encode, read_returned

# A porter that has said nothing for so many of its beats is taken for dead; one that begins may take longer.
SILENT_BEATS, SILENT_BEATS_AT_FIRST = 5, 15
# The request may have arrived. It counts as an attempt, so that one that kills whoever sends it comes to an end.
_LOST = Answer(
    outcome=Outcome.BROKEN, error="the process that sent it ended before an answer came; see the server's log"
)


class Handing(Link):
    """The server's end. `is_known` is set when it is ready, or will never be; `is_over` when it is gone."""

    def __init__(self, *, beat_s: float, on_change: Callable[[], None]) -> None:
        super().__init__()
        self._on_change = on_change
        self.is_ready = False
        self.is_known, self.is_over = asyncio.Event(), asyncio.Event()
        self.is_silent = False
        self._beats_left = SILENT_BEATS_AT_FIRST
        self._beat_s = beat_s
        self._look = self._loop.call_later(beat_s, self._listen)
        self._number = 0
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._asked: list[msgspec.Raw] = []
        self._cancelled: list[int] = []

    @property
    def under_way(self) -> int:
        """Requests that have no answer yet."""
        return len(self._waiting)

    async def send(self, request: Request) -> Answer:
        """What came of it. Raises `Invalid` for a header of ours, UnicodeEncodeError for a URL of half characters."""
        lines = request.lines + header_lines(request.headers) if request.headers else request.lines
        number = self._number = self._number + 1
        # Not only with the others: what cannot be told must fail alone.
        self._asked.append(
            msgspec.Raw(
                encode(
                    Asked(
                        number,
                        request.url,
                        request.method,
                        lines,
                        request.body,
                        request.timeout_ms,
                        request.client_certificate,
                    )
                )
            )
        )
        waiting: asyncio.Future[Answer] = self._loop.create_future()
        self._waiting[number] = waiting
        self.wake(len(lines) + len(request.body))
        try:
            return await waiting
        except asyncio.CancelledError:
            if self._waiting.pop(number, None) is not None:
                self._cancelled.append(number)
                self.wake(1)
            raise

    def taken(self, message: bytes) -> None:
        self._beats_left = SILENT_BEATS
        if not self.is_ready:
            self.is_ready = True
            self.is_known.set()
            self._on_change()
        for number, answer in read_returned(message).answers:
            waiting = self._waiting.pop(number, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)

    def packed(self) -> bytes:
        handed = self._asked, self._cancelled  # `Handed`, whose requests are written already
        self._asked, self._cancelled = [], []
        return encode(handed)

    def lost(self) -> None:
        self.is_ready = False
        self._look.cancel()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(_LOST)
        self._waiting.clear()
        self.is_known.set()
        self.is_over.set()
        self._on_change()

    def _listen(self) -> None:
        # Beats are counted, not seconds: who was stopped for a minute itself has not heard one then.
        self._beats_left -= 1
        if self._beats_left < 0:
            self.is_silent = True
            self.transport.abort()
        else:
            self._look = self._loop.call_later(self._beat_s, self._listen)
