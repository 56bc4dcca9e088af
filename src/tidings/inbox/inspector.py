"""Inspector: catches requests in bins, to the byte, answers them, and shows them to whoever may look."""

import asyncio
import hashlib
import hmac
import random
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tidings.core.clock import DAY, HOUR, SECOND, Clock
from tidings.core.errors import Invalid, Throttled
from tidings.core.reply import Replies, Reply, must_be_harmless
from tidings.inbox.search import Found, Wish, search
from tidings.store.bins import NEWEST, Bin, Bins, Capture, Glimpse, Request, Standing, no_such_bin

T = TypeVar("T")

# What the public inspectors keep: enough to look at, too little to live in (reference, request inspectors).
MOST_REQUESTS = 500
LIFE_MS = 7 * DAY
# Guesses. Two processes may each make one more at the same moment: nothing is lost by that.
MOST_BINS = 100
MOST_OPEN_BINS, MOST_OPEN_BINS_OF_ONE = 1_000, 10
# Answers that are held back at a time, each a connection; one more is given at once.
MOST_PAUSES = 500
# Seconds. Another process may have caught it; ours wakes whoever waits at once.
_LOOK_AGAIN_AFTER_S = 1.0
_FORGET_AT_ONCE = 1_000
# 80 random bits: nobody finds a bin that was not told of it.
_RANDOM_NAME_BYTES = 10
_VIEW_PREFIX, _PASS_PREFIX = "tdb_", "tdp_"
# A working day: whoever is still at it then opens the bin anew.
_PASS_MS = 12 * HOUR
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_EVERYTHING = Wish()
# Digits of an instant, until the year 5138.
_LONGEST_AT = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBin:
    """A bin and the token that shows what is in it, told this once."""

    name: str
    view_token: str = field(repr=False)
    expires_at: int


class Inspector:
    """Bins of this installation."""

    def __init__(self, bins: Bins, clock: Clock) -> None:
        self._bins = bins
        self._clock = clock
        self._caught = asyncio.Event()
        self._closing = asyncio.Event()
        self._pauses = 0

    @property
    def is_closed(self) -> bool:
        return self._closing.is_set()

    async def make(self, name: str | None, *, connector: str = "", address: str = "", life_ms: int = LIFE_MS) -> NewBin:
        """Make a bin, or prolong the connector's own one of that name; without a name, a random one.

        Nobody's bins, without a connector, are counted by address and have random names alone. Raises Invalid for what
        cannot be a name, Conflict if it is somebody else's, and Throttled if there are too many bins.
        """
        if name is not None and not connector:
            raise Invalid("name: whoever is not logged in gets a random one; leave it out, or send a token")
        if name is not None and not _NAME.fullmatch(name):
            raise Invalid("name: must be 1 to 64 letters, digits, '-' or '_', and begin with a letter or digit")
        now = self._clock.now()
        token = _VIEW_PREFIX + secrets.token_urlsafe(24)
        made = NewBin(name=name or secrets.token_hex(_RANDOM_NAME_BYTES), view_token=token, expires_at=now + life_ms)
        count = await self._bins.count(connector, address=address, besides=made.name, now=now)
        limits = (MOST_BINS, MOST_BINS) if connector else (MOST_OPEN_BINS, MOST_OPEN_BINS_OF_ONE)
        if count.in_all >= limits[0] or count.from_address >= limits[1]:
            raise Throttled("there are too many bins already; end some, or wait until they run out", retry_after=3_600)
        kept = Bin(
            name=made.name, connector=connector, address=address, viewer=_hash(token), expires_at=made.expires_at
        )
        await self._bins.make(kept, now=now)
        return made

    async def catch(self, name: str, request: Request, *, instead: Reply | None = None) -> Reply:
        """Keep a request: it is on disk when this returns what to answer, the bin's own reply or the one `instead`.

        Raises NotFound.
        """
        if not _NAME.fullmatch(name):
            raise no_such_bin(name)
        reply = instead
        if reply is None:
            found = await self._bins.get(name, now=request.at)
            reply = found.replies.to(request.method).drawn(random.random())  # noqa: S311 - hides nothing
        await self._bins.catch(name, request, status=reply.status, most=MOST_REQUESTS)
        self._wake()
        return reply

    async def pause(self, reply: Reply) -> None:
        """Wait for as long as the reply is to be held back, unless the process stops or too many wait already."""
        if reply.delay_ms and self._pauses < MOST_PAUSES:
            self._pauses += 1
            try:
                await self._clock.wait(self._closing, reply.delay_ms / SECOND)
            finally:
                self._pauses -= 1

    async def answer_with(self, bin_: Bin, replies: Replies) -> None:
        """Have a bin answer so from now on. Raises Invalid for what must not be answered."""
        must_be_harmless(replies)
        await self._bins.set_replies(bin_.name, replies, now=self._clock.now())

    async def caught(self, name: str, *, after: int, most: int, wait_s: float, wish: Wish = _EVERYTHING) -> Found:
        """What a bin caught after that number, oldest first; if there is nothing yet, wait so long for it."""
        last = after

        async def look() -> Found:
            nonlocal last
            found = await search(
                lambda number, length: self._bins.caught(name, after=number, most=length), wish, start=last, most=most
            )
            last = found.last
            return found

        return await self._awaited(
            look, is_news=lambda found: bool(found.captures) or not found.is_whole, wait_s=wait_s
        )

    async def newest(self, name: str, *, before: int, most: int, wish: Wish) -> Found:
        """What a bin caught before that number, newest first."""
        return await search(
            lambda number, length: self._bins.newest(name, before=number, most=length), wish, start=before, most=most
        )

    async def one(self, name: str, number: int) -> Capture:
        """One request that a bin caught. Raises NotFound."""
        return await self._bins.one(name, min(number, NEWEST))

    async def glimpses(self, name: str, *, before: int = NEWEST, most: int) -> Sequence[Glimpse]:
        """What a bin caught before that number, newest first."""
        return await self._bins.newest_glimpses(name, before=before, most=most)

    async def news(self, name: str, *, after: int, most: int, wait_s: float) -> Sequence[Glimpse]:
        """As `caught`, without headers and bodies."""
        return await self._awaited(
            lambda: self._bins.glimpses(name, after=after, most=most), is_news=bool, wait_s=wait_s
        )

    async def shown_to(self, name: str, token: str) -> Bin:
        """A bin, for who has its view token. Raises NotFound, whether the bin or the right is missing."""
        found = await self.get(name)
        if not (secrets.compare_digest(found.viewer, _hash(token)) or self._is_pass(token, found)):
            raise no_such_bin(name)
        return found

    def pass_to(self, bin_: Bin) -> str:
        """What shows a bin as its view token does, for some hours; only we and who has the token can make it."""
        until = str(self._clock.now() + _PASS_MS)
        return f"{_PASS_PREFIX}{until}_{_proof(bin_, until)}"

    async def belonging_to(self, name: str, connector: str) -> Bin:
        """A bin, for the connector that made it. Raises NotFound, whether the bin or the right is missing."""
        found = await self.get(name)
        if not connector or found.connector != connector:
            raise no_such_bin(name)
        return found

    async def get(self, name: str) -> Bin:
        """A bin that is alive. Raises NotFound."""
        if not _NAME.fullmatch(name):
            raise no_such_bin(name)
        return await self._bins.get(name, now=self._clock.now())

    async def all(self, *, after: str, most: int) -> Sequence[Standing]:
        """So many of everybody's bins by name, from `after` on, exclusive."""
        return await self._bins.all(after=after, most=most, now=self._clock.now())

    async def of(self, connector: str, *, after: str, most: int) -> Sequence[Bin]:
        """So many of a connector's bins by name, from `after` on, exclusive."""
        return await self._bins.of(connector, after=after, most=most, now=self._clock.now())

    async def empty(self, bin_: Bin) -> None:
        """Forget what a bin caught."""
        await self._bins.empty(bin_.name)

    async def end(self, bin_: Bin) -> None:
        """End a bin and forget what it caught."""
        await self._bins.end(bin_.name, now=self._clock.now())

    async def forget(self) -> None:
        """Forget what is too old; once an hour is often enough."""
        now = self._clock.now()
        while await self._bins.forget(before=now - LIFE_MS, now=now, most=_FORGET_AT_ONCE) == _FORGET_AT_ONCE:
            continue

    def close(self) -> None:
        """Let nobody wait any longer: the process is about to stop."""
        self._closing.set()
        self._wake()

    def _is_pass(self, token: str, bin_: Bin) -> bool:
        until, _, proof = token.removeprefix(_PASS_PREFIX).partition("_")
        is_whole = token.startswith(_PASS_PREFIX) and until.isascii() and until.isdigit() and len(until) < _LONGEST_AT
        return (
            is_whole
            and self._clock.now() < int(until)
            and secrets.compare_digest(proof.encode(), _proof(bin_, until).encode())
        )

    async def _awaited(self, look: Callable[[], Awaitable[T]], *, is_news: Callable[[T], bool], wait_s: float) -> T:
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s
        while True:
            news = self._caught
            found = await look()
            left = until - loop.time()
            if is_news(found) or left <= 0 or self.is_closed:
                return found
            try:
                async with asyncio.timeout(min(left, _LOOK_AGAIN_AFTER_S)):
                    await news.wait()
            except TimeoutError:
                continue

    def _wake(self) -> None:
        news, self._caught = self._caught, asyncio.Event()
        news.set()


def is_view_token(token: str) -> bool:
    return token.startswith(_VIEW_PREFIX)


def _proof(bin_: Bin, until: str) -> str:
    # The hash of a random token is as hard to guess as the token, and never leaves the store.
    return hmac.digest(bin_.viewer.encode(), f"{bin_.name} {until}".encode(), "sha256").hex()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
