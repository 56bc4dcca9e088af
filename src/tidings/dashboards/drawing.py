"""Drawing: charts as pictures, made in a process of its own, whose 70 MB are there only while somebody needs them."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from tidings.core.clock import Clock
from tidings.core.errors import Invalid, Unavailable

log = logging.getLogger(__name__)

# Seconds. The first chart takes about one, a thousand points a tenth.
_PATIENCE_S = 20.0
# Whoever comes behind so many is told to come again.
_MOST_WAITING = 16
# Pictures, after which a new process begins: engines of JavaScript keep some memory of each.
_MOST_PICTURES = 500
# Seconds without a picture, after which the process is let go.
_IDLE_S = 300.0
_HEAD = 9
_LARGEST = 32 << 20


class Picture(StrEnum):
    """What a chart is drawn as."""

    SVG = "svg"
    PNG = "png"


class Drawing:
    """Draws one chart at a time; the process begins when the first one is wanted."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._process: asyncio.subprocess.Process | None = None
        self._alone = asyncio.Lock()
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
            async with self._alone:
                return await self._answered(msgspec.json.encode({"format": picture, "spec": spec}))
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """End the process; another begins when the next chart is wanted."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _answered(self, order: bytes) -> bytes:
        is_whole = False
        try:
            async with asyncio.timeout(_PATIENCE_S):
                process = await self._started()
                assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - pipes, see below
                process.stdin.write(order + b"\n")
                await process.stdin.drain()
                head = await process.stdout.readexactly(_HEAD)
                told = await process.stdout.readexactly(min(int(head[:-1], 16), _LARGEST))
            is_whole = True
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            log.warning("chart.not_drawn error=%s", type(error).__name__)
            raise Unavailable("the chart could not be drawn in time; ask for less of it") from error
        finally:
            self._drawn += 1
            self._used_at = self._clock.monotonic()
            # Whoever goes away leaves half an answer in the pipe.
            if not is_whole or self._drawn >= _MOST_PICTURES:
                await self.close()
        if head.endswith(b"!"):
            raise Invalid(f"the chart cannot be drawn: {told[:300].decode(errors='replace')}")
        return told

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            pipe = asyncio.subprocess.PIPE
            self._drawn = 0
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tidings.dashboards.pen", stdin=pipe, stdout=pipe,
                stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        return self._process

    async def _let_go_when_idle(self) -> None:
        while True:
            await self._clock.sleep(_IDLE_S)
            if not self._alone.locked() and self._clock.monotonic() - self._used_at >= _IDLE_S:
                async with self._alone:
                    await self.close()
