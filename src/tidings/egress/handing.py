"""Handing: requests to one porter, and what comes of them."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from tidings.egress.answer import Answer, Outcome
from tidings.egress.link import Link
from tidings.egress.request import Request, header_lines
from tidings.egress.waybill import Asked, Handed, encode, read_returned

log = logging.getLogger(__name__)

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
        self._waiting: dict[int, Callable[[Answer], None]] = {}
        self._asked: list[Asked] = []
        self._cancelled: list[int] = []

    @property
    def under_way(self) -> int:
        """Requests that have no answer yet."""
        return len(self._waiting)

    def begin(self, request: Request, tell: Callable[[Answer], None]) -> int:
        """Hand it over under a number, by which it can be abandoned; `tell` is called with what came of it, later.

        Raises `Invalid` for a header of ours, UnicodeEncodeError for a URL of half characters.
        """
        lines = request.lines + header_lines(request.headers) if request.headers else request.lines
        url, certificate, body = request.url, request.client_certificate, request.body
        if certificate is not None or not url.isascii():
            encode((url, certificate))  # now, and not with the others: what cannot be told must fail alone
        number = self._number = self._number + 1
        self._asked.append(Asked(number, url, request.method, lines, body, request.timeout_ms, certificate))
        self._waiting[number] = tell
        self.wake(len(lines) + len(body))
        return number

    def abandon(self, number: int) -> None:
        """Break it off, if it is not over; nobody is told."""
        if self._waiting.pop(number, None) is not None:
            self._cancelled.append(number)
            self.wake(1)

    async def send(self, request: Request) -> Answer:
        """What came of it. Raises as `begin`."""
        waiting: asyncio.Future[Answer] = self._loop.create_future()
        number = self.begin(request, partial(_resolve, waiting))
        try:
            return await waiting
        except asyncio.CancelledError:
            self.abandon(number)
            raise

    def taken(self, message: bytes) -> None:
        self._beats_left = SILENT_BEATS
        if not self.is_ready:
            self.is_ready = True
            self.is_known.set()
            self._on_change()
        for number, answer in read_returned(message).answers:
            if (tell := self._waiting.pop(number, None)) is not None:
                _tell(tell, answer)

    def packed(self) -> bytes:
        handed = Handed(self._asked, self._cancelled)
        self._asked, self._cancelled = [], []
        return encode(handed)

    def lost(self) -> None:
        self.is_ready = False
        self._look.cancel()
        self.is_known.set()
        self.is_over.set()
        self._on_change()
        # Whoever is told may have something else to send, and must not find us.
        waiting, self._waiting = self._waiting, {}
        for tell in waiting.values():
            _tell(tell, _LOST)

    def _listen(self) -> None:
        # Beats are counted, not seconds: who was stopped for a minute itself has not heard one then.
        self._beats_left -= 1
        if self._beats_left < 0:
            self.is_silent = True
            self.transport.abort()
        else:
            self._look = self._loop.call_later(self._beat_s, self._listen)


def _tell(tell: Callable[[Answer], None], answer: Answer) -> None:
    try:
        tell(answer)
    except Exception:  # a worker's loop: a mistake of ours must not keep the others from their answers
        log.exception("porter.untold")


def _resolve(waiting: "asyncio.Future[Answer]", answer: Answer) -> None:
    if not waiting.done():
        waiting.set_result(answer)
