"""Drawing: charts as pictures, made in a process of its own, whose 70 MB are there only while somebody needs them."""

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from tidings.core.clock import Clock
from tidings.core.errors import Invalid, Unavailable
from tidings.dashboards.pen import DRAWN
from tidings.inbox.child import Child

log = logging.getLogger(__name__)

# Seconds. The first chart takes about one, a thousand points a tenth.
_PATIENCE_S = 20.0
# Whoever comes behind so many is told to come again.
_MOST_WAITING = 16
# Pictures, after which a new process begins: engines of JavaScript keep some memory of each.
_MOST_PICTURES = 500
# Seconds without a picture, after which the process is let go.
_IDLE_S = 300.0
_LONGEST_REASON = 300
_ADDRESS = re.compile(r"\(?\w+://\S+")


class Picture(StrEnum):
    """What a chart is drawn as."""

    SVG = "svg"
    PNG = "png"


class Drawing:
    """Draws one chart at a time; the process begins when the first one is wanted."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._child = Child("tidings.dashboards.pen", is_quiet=True)
        self._waiting = 0
        self._drawn = 0
        self._used_at = 0.0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let go of the process when it is idle, and on leaving."""
        idle = asyncio.create_task(self._let_go_when_idle())
        try:
            yield
        finally:
            idle.cancel()
            await self.close()

    async def draw(self, spec: Mapping[str, Any], picture: Picture) -> bytes:
        """The picture of a spec that holds its data. Raises Invalid if it is none, and Unavailable."""
        if self._waiting >= _MOST_WAITING:
            raise Unavailable("too many charts are being drawn; ask again in a moment")
        self._waiting += 1
        try:
            order = msgspec.json.encode({"format": picture, "spec": spec})
            told = await self._child.ask(order, within_s=_PATIENCE_S)
        except Unavailable as error:
            log.warning("chart.not_drawn error=%r", error.message)
            raise Unavailable("the chart could not be drawn in time; ask for less of it") from error
        finally:
            self._waiting -= 1
            self._used_at = self._clock.monotonic()
        self._drawn += 1
        if self._drawn % _MOST_PICTURES == 0:
            await self.close()
        if not told.startswith(DRAWN):
            raise Invalid(f"the chart cannot be drawn: {_reason(told[1:].decode(errors='replace'))}")
        return told[1:]

    async def close(self) -> None:
        """End the process; another begins when the next chart is wanted."""
        await self._child.close()

    async def _let_go_when_idle(self) -> None:
        while True:
            await self._clock.sleep(_IDLE_S)
            if not self._waiting and self._clock.monotonic() - self._used_at >= _IDLE_S:
                await self.close()


def _reason(said: str) -> str:
    """Of what the engine says, what is wrong: not where in whose program it came up."""
    lines = [line.strip() for line in said.splitlines()]
    found = next((line for line in lines if line and not line.endswith(" failed:")), "it is no Vega-Lite")
    # No more than may be shown is looked at: what the engine repeats of a specification may be long.
    return _ADDRESS.sub("", found[: 2 * _LONGEST_REASON]).removeprefix("Error: ").strip()[:_LONGEST_REASON]
