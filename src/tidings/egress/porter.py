"""A porter's process: `python -m tidings.egress.porter`, begun by a server to send for it; it knows no database.

It is briefed first, then told what to send, by the socket that is its standard input. It ends with that socket.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from functools import partial

import uvloop

from tidings.core.clock import Clock
from tidings.egress.answer import Answer, Outcome
from tidings.egress.client import Client
from tidings.egress.course import Course
from tidings.egress.link import Link
from tidings.egress.request import Request
from tidings.egress.resolver import Resolver
from tidings.egress.waybill import Asked, Briefing, Returned, encode, read_briefing, read_handed

log = logging.getLogger(__name__)

# Objects, before Python looks for cycles: as in a server.
_COLLECT_AFTER = 20_000
_UNSENDABLE = Answer(outcome=Outcome.BROKEN, error="the request could not be sent; see the server's log")


class Porter(Link):
    """The porter's end: sends what it is handed, and returns what came of it."""

    def __init__(self, *, server: int) -> None:
        super().__init__()
        self.briefed: asyncio.Future[Briefing] = self._loop.create_future()
        self.ended = asyncio.Event()
        self._server = server
        self._client: Client
        self._begun: dict[int, Course] = {}
        self._sending: dict[int, asyncio.Task[None]] = {}  # what takes more than a connection that is kept
        self._answers: list[tuple[int, Answer]] = []

    async def carry(self, client: Client, *, beat_s: float) -> None:
        """Serve until the server is gone; what is under way then is broken off."""
        self._client, clock = client, Clock()
        while not self.ended.is_set():
            self.flush()
            await clock.wait(self.ended, beat_s)
        for course in self._begun.values():
            client.abandon(course)
        sending = list(self._sending.values())
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)

    def taken(self, message: bytes) -> None:
        if not self.briefed.done():
            self.briefed.set_result(read_briefing(message))
            return
        if os.getppid() != self._server:
            # Whoever handed this over is dead, and another one may be sending the same already.
            self.transport.abort()
            return
        handed = read_handed(message)
        for asked in handed.asked:
            self._begin(asked)
        for number in handed.cancelled:
            if (course := self._begun.pop(number, None)) is not None:
                self._client.abandon(course)
            elif (sending := self._sending.pop(number, None)) is not None:
                sending.cancel()

    def packed(self) -> bytes:
        answers, self._answers = self._answers, []
        return encode(Returned(answers))

    def lost(self) -> None:
        self.briefed.cancel()
        self.ended.set()

    def _begin(self, asked: Asked) -> None:
        request = Request(
            url=asked.url,
            method=asked.method,
            lines=asked.lines,
            body=asked.body,
            timeout_ms=asked.timeout_ms,
            client_certificate=asked.client_certificate,
        )
        course = None
        try:
            course = self._client.begin(request, partial(self._told, asked.number))
        except Exception:  # a worker's loop: a mistake of ours must not leave the server without an answer
            log.exception("porter.unsendable")
        if course is None:
            self._sending[asked.number] = self._loop.create_task(self._send(asked.number, request))
        else:
            self._begun[asked.number] = course

    async def _send(self, number: int, request: Request) -> None:
        try:
            answer = await self._client.send(request)
        except Exception:  # as above
            log.exception("porter.unsendable")
            answer = _UNSENDABLE
        self._sending.pop(number, None)
        self._return(number, answer)

    def _told(self, number: int, answer: Answer) -> None:
        self._begun.pop(number, None)
        self._return(number, answer)

    def _return(self, number: int, answer: Answer) -> None:
        self._answers.append((number, answer))
        self.wake(len(answer.body))


async def serve(ours: socket.socket) -> None:
    """Send for whoever holds the other end, until that is closed."""
    loop, clock = asyncio.get_running_loop(), Clock()
    _, porter = await loop.create_unix_connection(lambda: Porter(server=os.getppid()), sock=ours)
    try:
        briefing = await porter.briefed
    except asyncio.CancelledError:  # whoever it is was gone before saying anything
        return
    rules = briefing.rules
    async with Resolver(clock=clock) as resolver, rules.client(rules.guard(resolver), clock=clock) as client:
        await porter.carry(client, beat_s=briefing.beat_s)


def main() -> None:
    # What is said to the process group, or to all of a service, is meant for the server, which ends us in order.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
    uvloop.run(serve(socket.socket(fileno=sys.stdin.fileno())))


if __name__ == "__main__":
    main()
