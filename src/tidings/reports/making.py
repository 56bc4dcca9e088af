"""Making: a version of a template and its data become files, by a clerk and a press in processes of their own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tidings.core.alongside import alongside
from tidings.core.clock import SECOND, Clock
from tidings.core.errors import Invalid, Unavailable
from tidings.core.report import DRAWN_FORMATS, Content, Filter, FilterCycle, ReportFormat, Value
from tidings.dashboards.drawing import Drawing
from tidings.dashboards.showing import Showing
from tidings.reports.connections import Connections
from tidings.reports.drawings import drawn
from tidings.reports.printing import Press, Printing
from tidings.reports.reading import Clerk, Cycling, Made, Read, Reading
from tidings.reports.relative import resolved

# Seconds that a press gets at least, when reading took what there was.
_LEAST_S = 1.0
# Seconds without an order, after which the clerks are let go.
_IDLE_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What is to be made, in `folder`. With a `snapshot` the data come from there."""

    content: Content
    title: str
    formats: frozenset[ReportFormat]
    folder: Path
    at: int
    within_ms: int
    time_zone: str = "UTC"
    parameters: Mapping[str, Value] = field(default_factory=dict)
    filters: Sequence[Filter] = ()
    snapshot: Path | None = None

    @property
    def seen(self) -> Mapping[str, Value]:
        """The parameters that queries and the template see. Raises Invalid."""
        return parameters_of(self.content, self.parameters, at=self.at, time_zone=self.time_zone)


class Maker:
    """Reads and draws. Raises Invalid for what the template's author must mend, and Unavailable for the rest."""

    def __init__(
        self,
        *,
        clerk: Clerk,
        press: Press,
        connections: Connections,
        drawing: Drawing,
        showing: Showing,
        clock: Clock,
    ) -> None:
        self._clerk = clerk
        self._press = press
        self._connections = connections
        self._drawing = drawing
        self._showing = showing
        self._clock = clock
        self._asked = 0
        self._used_at = 0.0

    async def read(self, making: Making) -> Read:
        """The data: pages of them to be drawn, and the files that hold data alone."""
        order = Reading(
            queries=making.content.queries,
            title=making.title,
            folder=making.folder,
            within_s=making.within_ms / SECOND,
            urls=await self._connections.urls({query.connection for query in making.content.queries}),
            parameters=making.seen,
            instants=_instants(making.content),
            filters=tuple(making.filters),
            formats=making.formats - DRAWN_FORMATS,
            snapshot=making.snapshot,
        )
        with self._in_use():
            return await self._clerk.read(order)

    async def draw(self, making: Making, read: Read, *, within_ms: int) -> Sequence[Made]:
        """The files that the template draws, in the folder."""
        pages = await self.pages(making, read, within_ms=within_ms)
        return await asyncio.to_thread(_written, pages, making.folder)

    async def pages(self, making: Making, read: Read, *, within_ms: int) -> Mapping[ReportFormat, bytes]:
        """What the template draws."""
        formats = making.formats & DRAWN_FORMATS
        if not formats:
            return {}
        charts = await drawn(
            making.content.charts,
            read.sheets,
            drawing=self._drawing,
            showing=self._showing,
            formats=formats,
            filters=making.filters,
        )
        order = Printing(
            html=making.content.html,
            title=making.title,
            formats=formats,
            at=making.at,
            within_s=max(_LEAST_S, within_ms / SECOND),
            time_zone=making.time_zone,
            sheets=read.sheets,
            charts=charts,
            parameters=making.seen,
            filters=tuple(making.filters),
        )
        return await self._press.print(order)

    async def values(
        self,
        content: Content,
        cycle: FilterCycle,
        *,
        parameters: Mapping[str, Value],
        filters: Sequence[Filter],
        within_ms: int,
    ) -> list[tuple[Filter, ...]]:
        """What each report of a cycle is limited to, in order; `parameters` are what `parameters_of` gives."""
        query = next((one for one in content.queries if one.name == cycle.query), None)
        if query is None:
            raise Invalid(f"the filter cycle goes by the query {cycle.query!r}, which the template has no more")
        limits = tuple(Filter(field=name, values=values) for name, values in cycle.values.items() if values)
        order = Cycling(
            query=query,
            fields=cycle.fields,
            within_s=within_ms / SECOND,
            urls=await self._connections.urls({query.connection}),
            parameters=parameters,
            instants=_instants(content),
            filters=(*filters, *limits),
        )
        with self._in_use():
            found = await self._clerk.values(order)
        return [
            tuple(Filter(field=name, values=(value,)) for name, value in zip(cycle.fields, row, strict=True))
            for row in found
        ]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let go of the processes when nobody needs them, and on leaving."""
        async with self._press.running(), alongside(self._let_go_when_idle()):
            try:
                yield
            finally:
                await self._clerk.close()

    async def _let_go_when_idle(self) -> None:
        while True:
            await self._clock.sleep(_IDLE_S)
            if not self._asked and self._clock.monotonic() - self._used_at >= _IDLE_S:
                await self._clerk.close()

    @contextlib.contextmanager
    def _in_use(self) -> Iterator[None]:
        self._asked += 1
        try:
            yield
        finally:
            self._asked -= 1
            self._used_at = self._clock.monotonic()


def parameters_of(content: Content, given: Mapping[str, Value], *, at: int, time_zone: str) -> Mapping[str, Value]:
    """What a template sees at that instant: what was given, and its own defaults for the rest.

    Instants are epoch milliseconds, however they were written. Raises Invalid.
    """
    found: dict[str, Value] = {}
    for one in content.parameters:
        value = given.get(one.name, one.default)
        if one.kind == "instant" and isinstance(value, str):
            value = resolved(value, at=at, time_zone=time_zone, field=one.name)
        found[one.name] = value
    return found


def filters_of(content: Content, *, filter_set: str, filters: Sequence[Filter]) -> tuple[Filter, ...]:
    """What a task chose of a template, and what it adds. Raises Invalid for a set that the template has no more."""
    if filter_set and filter_set not in content.filter_sets:
        raise Invalid(f"the task uses the filter set {filter_set!r}, which the template has no more")
    return (*content.filter_sets.get(filter_set, ()), *filters)


def _instants(content: Content) -> frozenset[str]:
    return frozenset(one.name for one in content.parameters if one.kind == "instant")


def _written(pages: Mapping[ReportFormat, bytes], folder: Path) -> Sequence[Made]:
    made: list[Made] = []
    for format_, octets in pages.items():
        path = folder / f"drawn.{format_}"
        try:
            path.write_bytes(octets)
        except OSError as error:
            raise Unavailable(f"a file of the report could not be written: {error.strerror}") from error
        made.append(Made(format=format_, path=str(path), size=len(octets)))
    return made
