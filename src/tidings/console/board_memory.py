"""Board memory: a dashboard is counted once for all who look at it in the same moment, whatever they draw of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tidings.core.clock import Clock
from tidings.core.errors import NotFound, TidingsError
from tidings.dashboards.boards import Board
from tidings.dashboards.showing import Look, Showing, ShownChart

# Seconds. As often as pages are told of new rows: what they ask for then was counted after those rows came.
FRESH_S = 2.0
# A guess; each is a few hundred kilobytes at most.
_MOST = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A dashboard and its charts, as its tables were when somebody asked."""

    board: Board
    charts: Sequence[ShownChart]

    def chart(self, name: str) -> ShownChart:
        """Raises NotFound."""
        for one in self.charts:
            if one.name == name:
                return one
        raise NotFound("there is no such chart on this dashboard; go back to it, and choose another one")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    began_at: float
    counting: asyncio.Task[tuple[Board, list[ShownChart]]]


class BoardMemory:
    """Asks `showing`, and remembers for a moment what it told."""

    def __init__(self, showing: Showing, *, clock: Clock) -> None:
        self._showing = showing
        self._clock = clock
        self._kept: dict[tuple[str, Look], _Kept] = {}

    async def board(self, name: str, look: Look) -> Counted:
        """Raises NotFound, Invalid and Unavailable, as `Showing.board`."""
        key, now = (name, look), self._clock.monotonic()
        kept = self._kept.get(key)
        if kept is None or now - kept.began_at >= FRESH_S:
            kept = _Kept(began_at=now, counting=asyncio.create_task(self._showing.board(name, look)))
            self._kept.pop(key, None)
            self._kept[key] = kept
            while len(self._kept) > _MOST:
                del self._kept[next(iter(self._kept))]
        try:
            # Whoever goes away leaves the counting to the others who wait for it.
            board, charts = await asyncio.shield(kept.counting)
        except TidingsError:
            if self._kept.get(key) is kept:
                del self._kept[key]
            raise
        return Counted(board=board, charts=charts)
