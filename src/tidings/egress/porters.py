"""Porters: a client that has its requests sent by processes of their own, so that sending takes no time from it.

They are begun in a thread, never by the event loop: see `inbox.child` for why.
"""

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from typing import Self

from tidings.core.clock import Clock
from tidings.egress.answer import Answer
from tidings.egress.client import Client
from tidings.egress.course import Course
from tidings.egress.guard import Guard
from tidings.egress.handing import Handing
from tidings.egress.request import Request
from tidings.egress.rules import Rules
from tidings.egress.waybill import Briefing, encode

log = logging.getLogger(__name__)

# Seconds after which a porter says that it is there, whether there is something to say or not.
BEAT_S = 2.0
# Seconds. One that ends is begun again after the first of them, and after twice as long if it ends soon once more.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0
# Seconds that it has to end by itself.
_GRACE_S = 5.0
# What the machine says when there is no memory, descriptor, process or thread left.
_NOT_BEGUN = (OSError, RuntimeError)
# A guess: an origin has a porter, which keeps the connections to it; so many more requests than the least busy one has
# are more than one lane has under way, and worth a connection elsewhere.
_AHEAD = 64


class _Carried(Course, eq=False, kw_only=True):
    """A request that a porter has under that number; it is the porter who watches its time."""

    porter: Handing
    number: int


class Porters(Client):
    """Hands requests to `count` porters; those that bring a file it sends itself, and all while no porter is there.

    A porter that ends is begun again. What it had under way is answered `BROKEN`, for it may have arrived.
    """

    def __init__(self, rules: Rules, *, guard: Guard, clock: Clock, count: int, beat_s: float = BEAT_S) -> None:
        super().__init__(
            guard=guard,
            clock=clock,
            ca_file=rules.authorities,
            proxy=rules.proxy or None,
            own=rules.listener,
            user_agent=rules.user_agent,
        )
        self._rules = rules
        self._beat_s = beat_s
        self._places: list[Handing | None] = [None] * count
        self._ready: list[Handing] = []

    async def __aenter__(self) -> Self:
        """Returns when each porter is ready, or has failed for the first time."""
        await super().__aenter__()
        tried = [asyncio.Event() for _ in self._places]
        self._keeping = [asyncio.create_task(self._keep(place, tried=event)) for place, event in enumerate(tried)]
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_exit(self)  # if we are told to end meanwhile
            await asyncio.gather(*(event.wait() for event in tried))
            stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._keeping:
            task.cancel()
        for task in self._keeping:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await super().__aexit__()

    @property
    def ready(self) -> int:
        """How many there are to send."""
        return len(self._ready)

    async def send(self, request: Request) -> Answer:
        """As `Client.send`; the timings are the porter's."""
        if request.into is not None:
            return await super().send(request)
        while (porter := self._porter_for(request.url)) is not None and porter.is_full:
            await porter.may_write()
        if porter is not None:
            try:
                return await porter.send(request)
            except UnicodeEncodeError:
                pass  # the client itself knows what to say of such a URL
        return await super().send(request)

    def begin(self, request: Request, tell: Callable[[Answer], None]) -> Course | None:
        """As `Client.begin`; while there is a porter, None only if it takes nothing more, or cannot be told this."""
        porter = self._porter_for(request.url) if request.into is None else None
        if porter is None:
            return super().begin(request, tell)
        if porter.is_full:
            return None
        try:
            number = porter.begin(request, tell)
        except UnicodeEncodeError:
            return None
        return _Carried(request=request, limit_ms=request.timeout_ms, started=0.0, porter=porter, number=number)

    def abandon(self, course: Course) -> None:
        if isinstance(course, _Carried):
            course.porter.abandon(course.number)
        else:
            super().abandon(course)

    def _porter_for(self, url: str) -> Handing | None:
        ready = self._ready
        if len(ready) < 2:  # noqa: PLR2004 - there is nothing to choose
            return ready[0] if ready else None
        home = self._places[hash(url[: url.find("/", len("https://"))]) % len(self._places)]
        least = min(ready, key=_under_way)
        return home if home in ready and home.under_way <= least.under_way + _AHEAD else least

    def _note_ready(self) -> None:
        self._ready = [handing for handing in self._places if handing is not None and handing.is_ready]

    async def _keep(self, place: int, *, tried: asyncio.Event) -> None:
        pause_s = FIRST_PAUSE_S / 2
        while True:
            began = self._clock.monotonic()
            try:
                async with self._begun() as (handing, process):
                    self._places[place] = handing
                    await handing.is_known.wait()
                    tried.set()
                    await handing.is_over.wait()
                log.error("porter.ended pid=%s status=%s silent=%s", process.pid, process.returncode, handing.is_silent)
            except _NOT_BEGUN as error:
                log.error("porter.not_begun error=%r", str(error))  # noqa: TRY400 - a sentence says it all
                tried.set()
            has_lived = self._clock.monotonic() - began > LONGEST_PAUSE_S
            pause_s = FIRST_PAUSE_S if has_lived else min(2 * pause_s, LONGEST_PAUSE_S)
            await self._clock.sleep(pause_s)

    @contextlib.asynccontextmanager
    async def _begun(self) -> "AsyncIterator[tuple[Handing, subprocess.Popen[bytes]]]":
        """A porter's process that has been told the rules, until the context is left."""
        ours, theirs = socket.socketpair()
        with theirs:
            _, handing = await asyncio.get_running_loop().create_unix_connection(
                lambda: Handing(beat_s=self._beat_s, on_change=self._note_ready), sock=ours
            )
            beginning = asyncio.ensure_future(asyncio.to_thread(_begin, theirs))
            try:
                await asyncio.wait([beginning])
                theirs.close()
                handing.tell(encode(Briefing(self._rules, self._beat_s)))
                yield handing, beginning.result()
            finally:
                handing.transport.abort()
                # Also if we were told to end while a thread was about to begin it. If it could not, there is none.
                with contextlib.suppress(*_NOT_BEGUN):
                    await asyncio.to_thread(_end, await beginning, 0.0 if handing.is_silent else _GRACE_S)


def _under_way(handing: Handing) -> int:
    return handing.under_way


def _begin(theirs: socket.socket) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "tidings.egress.porter"],
        # Of our settings it is told what it needs; the others are none of its business.
        env={name: value for name, value in os.environ.items() if not name.startswith("TIDINGS_")},
        stdin=theirs.fileno(),
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is ours: we end it, in order
    )


def _end(process: "subprocess.Popen[bytes]", within_s: float) -> None:
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
