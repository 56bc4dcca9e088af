"""Inspector: catches requests in bins, to the byte, and shows them to whoever may look."""

import asyncio
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from tidings.core.clock import DAY, Clock
from tidings.core.errors import Invalid
from tidings.store.bins import Bin, Bins, Capture, Request, no_such_bin

# What the public inspectors keep: enough to look at, too little to live in (reference, request inspectors).
MOST_REQUESTS = 500
LIFE_MS = 7 * DAY
# Seconds. Another process may have caught it; ours wakes whoever waits at once.
_LOOK_AGAIN_AFTER_S = 1.0
_FORGET_AT_ONCE = 1_000
# 80 random bits: nobody finds a bin that was not told of it.
_RANDOM_NAME_BYTES = 10
_VIEW_PREFIX = "tdb_"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


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
        self._is_closed = False

    async def make(self, name: str | None, *, connector: str) -> NewBin:
        """Make a bin, or prolong the connector's own one of that name; without a name, a random one.

        Raises Invalid for what cannot be a name, and Conflict if it is somebody else's.
        """
        if name is not None and not _NAME.fullmatch(name):
            raise Invalid("name: must be 1 to 64 letters, digits, '-' or '_', and begin with a letter or digit")
        now = self._clock.now()
        token = _VIEW_PREFIX + secrets.token_urlsafe(24)
        made = NewBin(name=name or secrets.token_hex(_RANDOM_NAME_BYTES), view_token=token, expires_at=now + LIFE_MS)
        kept = Bin(name=made.name, connector=connector, viewer=_hash(token), expires_at=made.expires_at)
        await self._bins.make(kept, now=now)
        return made

    async def catch(self, name: str, request: Request) -> None:
        """Keep a request: it is on disk when this returns. Raises NotFound."""
        if not _NAME.fullmatch(name):
            raise no_such_bin(name)
        await self._bins.catch(name, request, most=MOST_REQUESTS)
        self._wake()

    async def caught(self, name: str, *, after: int, most: int, wait_s: float) -> Sequence[Capture]:
        """What a bin caught after that number, oldest first; if there is nothing yet, wait so long for it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s
        while True:
            news = self._caught
            found = await self._bins.caught(name, after=after, most=most)
            left = until - loop.time()
            if found or left <= 0 or self._is_closed:
                return found
            try:
                async with asyncio.timeout(min(left, _LOOK_AGAIN_AFTER_S)):
                    await news.wait()
            except TimeoutError:
                continue

    async def shown_to(self, name: str, token: str) -> Bin:
        """A bin, for who has its view token. Raises NotFound, whether the bin or the right is missing."""
        found = await self._bins.get(name, now=self._clock.now())
        if not secrets.compare_digest(found.viewer, _hash(token)):
            raise no_such_bin(name)
        return found

    async def belonging_to(self, name: str, connector: str) -> Bin:
        """A bin, for the connector that made it. Raises NotFound, whether the bin or the right is missing."""
        found = await self._bins.get(name, now=self._clock.now())
        if found.connector != connector:
            raise no_such_bin(name)
        return found

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
        self._is_closed = True
        self._wake()

    def _wake(self) -> None:
        news, self._caught = self._caught, asyncio.Event()
        news.set()


def is_view_token(token: str) -> bool:
    return token.startswith(_VIEW_PREFIX)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
