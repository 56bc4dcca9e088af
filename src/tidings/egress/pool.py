"""The connections that are open: kept for the next request, and never more than so many."""

import asyncio
from collections import deque
from collections.abc import Collection, Hashable
from typing import NamedTuple

from tidings.core.clock import Clock
from tidings.egress.connection import Connection

# What was judged five minutes ago is judged and dialled anew, whatever its name says now.
LIFE_S = 300.0


class _Waiting(NamedTuple):
    origin: Hashable
    judged: Collection[str]
    granted: "asyncio.Future[Connection | None]"


class Pool:
    """Hands out connections by origin: whatever two requests must have in common to share one.

    At most `most` are open. When they are, the one unused for longest makes room, and if all are in use the next to
    come free goes to whoever has waited longest.
    """

    def __init__(self, *, clock: Clock, most: int) -> None:
        self._clock = clock
        self._most = most
        self._taken = 0  # places of connections that are open, or being opened
        self._open: set[Connection] = set()
        self._idle: dict[Connection, None] = {}  # the longest unused first
        self._kept: dict[Hashable, list[Connection]] = {}  # an origin's may be empty, until the next sweep
        self._waiting: deque[_Waiting] = deque()
        self._is_empty = asyncio.Event()

    async def take(self, origin: Hashable, judged: Collection[str], *, fresh: bool = False) -> Connection | None:
        """A kept connection to one of the judged addresses; or None, and a place is yours for `add` or `release`."""
        kept = None if fresh else self.pick(origin, judged)
        if kept is not None:
            return kept
        if self._taken < self._most:
            self._taken += 1
            return None
        if self._idle:
            # Its place comes free when it is gone.
            self._forget(next(iter(self._idle))).abort()
        granted: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(origin, () if fresh else judged, granted))
        try:
            return await granted
        except asyncio.CancelledError:
            if not granted.cancelled():
                # It was granted in the moment in which we gave up.
                self._give_back(granted.result())
            raise

    def add(self, connection: Connection) -> None:
        """Fill a place that was taken."""
        self._open.add(connection)
        connection.on_lost = self._lost
        if connection.is_lost:
            self._lost(connection)

    def keep(self, connection: Connection) -> None:
        """Take back a connection for the next request, if it can serve one."""
        if not connection.is_reusable:
            connection.abort()
            return
        waiting = self._next_waiting()
        if waiting is None:
            self._idle[connection] = None
            kept = self._kept.get(connection.origin)
            if kept is None:
                kept = self._kept[connection.origin] = []
            kept.append(connection)
        elif waiting.origin == connection.origin and connection.address in waiting.judged:
            waiting.granted.set_result(connection)
        else:
            self._waiting.appendleft(waiting)
            connection.abort()

    def release(self) -> None:
        """Give up a place."""
        waiting = self._next_waiting()
        if waiting is not None:
            waiting.granted.set_result(None)
            return
        self._taken -= 1
        if self._taken == 0:
            self._is_empty.set()

    def sweep(self) -> None:
        """Close what nobody has used for so long that it may not be used any more."""
        for connection in [kept for kept in self._idle if self._is_old(kept)]:
            self._forget(connection).abort()
        self._kept = {origin: kept for origin, kept in self._kept.items() if kept}

    async def close(self) -> None:
        """Close all connections, and wait until they are closed."""
        self._is_empty.clear()
        for connection in self._open:
            connection.abort()
        if self._taken:
            await self._is_empty.wait()

    def pick(self, origin: Hashable, judged: Collection[str]) -> Connection | None:
        """A kept connection to one of the judged addresses, if there is one: `take` without the waiting."""
        kept = self._kept.get(origin)
        while kept:
            connection = kept.pop()
            del self._idle[connection]
            if connection.address in judged and not self._is_old(connection) and not connection.transport.is_closing():
                return connection
            connection.abort()
        return None

    def _is_old(self, connection: Connection) -> bool:
        return self._clock.monotonic() - connection.opened_at > LIFE_S

    def _forget(self, connection: Connection) -> Connection:
        del self._idle[connection]
        self._kept[connection.origin].remove(connection)
        return connection

    def _lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._forget(connection)
        self.release()

    def _next_waiting(self) -> _Waiting | None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.granted.done():
                return waiting
        return None

    def _give_back(self, granted: Connection | None) -> None:
        if granted is None:
            self.release()
        else:
            self.keep(granted)
