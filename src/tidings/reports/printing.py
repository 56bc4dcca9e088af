"""Printing: reports as HTML, PDF, PPTX and PNG, drawn in processes of their own that hostile templates cannot leave."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

from tidings.core.clock import Clock
from tidings.core.errors import Invalid, Unavailable
from tidings.core.report import DataSheet, Filter, ReportFormat, Value
from tidings.inbox.child import Child

log = logging.getLogger(__name__)

# Seconds beyond an order's own: a process begins, and says itself where it was when its time was over.
_GRACE_S = 3.0
# Orders, after which a new process begins: libraries of fonts and slides keep some memory of each.
_MOST_ORDERS = 300
# Seconds without an order, after which the processes are let go.
_IDLE_S = 300.0
# What an answer of the press begins with.
DONE, REFUSED, SPENT, IMPOSSIBLE = b"=", b"!", b"#", b"?"


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """A chart as pictures: SVG for pages, PNG for slides; empty where no format needs it.

    `beyond` are fields of the report's filters that it is not limited by, since what it shows has none such.
    """

    svg: bytes = b""
    png: bytes = b""
    beyond: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What whoever looks at it must be told, empty for nothing."""
        return (
            f"Not limited by {', '.join(self.beyond)}: what this chart counts has no such field." if self.beyond else ""
        )


class Printing(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be drawn: the template `html`, what it sees, and as what.

    `sheets` are by query, `charts` by their names; `at` (epoch milliseconds, read in `time_zone`) is the report's date.
    """

    html: str
    title: str
    formats: frozenset[ReportFormat]
    at: int
    within_s: float
    time_zone: str = "UTC"
    sheets: Mapping[str, DataSheet] = {}
    charts: Mapping[str, Drawn] = {}
    parameters: Mapping[str, Value] = {}
    filters: Sequence[Filter] = ()


class Press:
    """Prints as many reports at a time as it has `processes`; they begin when they are wanted."""

    def __init__(self, clock: Clock, *, processes: int = 1) -> None:
        self._clock = clock
        self._all = [_Plate() for _ in range(processes)]
        # The one that was used last is warm.
        self._free: asyncio.LifoQueue[_Plate] = asyncio.LifoQueue()
        for plate in self._all:
            self._free.put_nowait(plate)
        self._used_at = 0.0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let go of the processes when they are idle, and on leaving."""
        idle = asyncio.create_task(self._let_go_when_idle())
        try:
            yield
        finally:
            idle.cancel()
            await self.close()

    async def print(self, order: Printing) -> Mapping[ReportFormat, bytes]:
        """The files. Raises Invalid, with the line of the template or the limit that it broke; and Unavailable.

        The time counts from when a process is free.
        """
        try:
            message = msgspec.msgpack.encode(order)
        except (OverflowError, UnicodeEncodeError) as error:
            raise Invalid(f"the data has a value that cannot be printed: {error}") from error
        plate = await self._free.get()
        try:
            return await plate.print(message, within_s=order.within_s)
        finally:
            self._used_at = self._clock.monotonic()
            self._free.put_nowait(plate)

    async def close(self) -> None:
        """End the processes; others begin with the next orders."""
        for plate in self._all:
            await plate.close()

    async def _let_go_when_idle(self) -> None:
        while True:
            await self._clock.sleep(_IDLE_S)
            if self._free.qsize() == len(self._all) and self._clock.monotonic() - self._used_at >= _IDLE_S:
                await self.close()


class _Plate:
    """One process, and how many orders it has had."""

    def __init__(self) -> None:
        self._child = Child("tidings.reports.press", is_quiet=True)
        self._printed = 0

    async def print(self, message: bytes, *, within_s: float) -> Mapping[ReportFormat, bytes]:
        try:
            told = await self._child.ask(message, within_s=within_s + _GRACE_S)
        except Unavailable as error:
            self._printed = 0
            log.warning("report.not_printed error=%r", error.message)
            if isinstance(error.__cause__, TimeoutError):
                raise Invalid(_late(within_s)) from error
            raise Unavailable("the process that prints reports ended; it may have wanted more memory") from error
        self._printed += 1
        if told.startswith(SPENT) or self._printed >= _MOST_ORDERS:
            await self.close()
        if told.startswith(DONE):
            return msgspec.msgpack.decode(told[1:], type=dict[ReportFormat, bytes])
        reason = told[1:].decode(errors="replace")
        raise Unavailable(reason) if told.startswith(IMPOSSIBLE) else Invalid(reason)

    async def close(self) -> None:
        self._printed = 0
        await self._child.close()


def _late(within_s: float) -> str:
    return f"the report was not printed within {within_s:g} s; ask for fewer rows, or give it more time"
