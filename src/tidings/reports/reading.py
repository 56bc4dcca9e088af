"""Reading: the data of reports, read by clerks in processes of their own, so that it costs this one nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tidings.core.errors import Invalid, Unavailable
from tidings.core.report import DataSheet, Filter, ReportFormat, ReportQuery, Value
from tidings.core.secret import Secret
from tidings.inbox.child import Child
from tidings.reports.orders import Made, Order, Source, Told, ToList, ToRead, ToTry

__all__ = ["MOST_VALUES", "Clerk", "Cycling", "Made", "Reach", "Read", "Reading"]

# Combinations of a cycle: as many reports at once.
MOST_VALUES = 1_000
# One that writes a large workbook, and one for everybody else (two cores).
_CLERKS = 2
# Seconds beyond the order's, in which the clerk itself says what took so long.
_GRACE_S = 5.0
_TRIAL_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How a data connection is entered, and how far."""

    url: Secret
    most_rows: int
    longest_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a report needs of its data.

    The rows of each query, as far as `filters` let them, go into a snapshot, and in the `formats` that hold data alone
    (CSV: the first query, XLSX, JSON) into files, all in `folder`. Rows above a query's `most_rows` are cut: the sheet
    and every file say so. With a `snapshot` they come from there, and neither
    databases nor filters matter. `urls` are what `Connections.urls` gives. Parameters named in `instants` are
    epoch milliseconds, and stand in the SQL for a timestamp. After an error, what is in the folder is worth nothing.
    """

    queries: Sequence[ReportQuery]
    title: str
    folder: Path
    within_s: float
    urls: Mapping[str, Reach] = field(default_factory=dict)
    parameters: Mapping[str, Value] = field(default_factory=dict)
    instants: frozenset[str] = frozenset()
    filters: Sequence[Filter] = ()
    formats: frozenset[ReportFormat] = frozenset()
    snapshot: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """`rows` of all queries together; `sheets` hold the first of them by the queries' names."""

    sheets: Mapping[str, DataSheet]
    rows: int
    made: Sequence[Made]
    snapshot: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycling:
    """Which combinations of fields a query has, as far as `filters` let them."""

    query: ReportQuery
    fields: Sequence[str]
    within_s: float
    urls: Mapping[str, Reach] = field(default_factory=dict)
    parameters: Mapping[str, Value] = field(default_factory=dict)
    instants: frozenset[str] = frozenset()
    filters: Sequence[Filter] = ()


class Clerk:
    """Reads for reports, two at a time; each process begins when it is wanted.

    Raises Invalid for what the author of a query must mend (it names the query), Unavailable for what took too long
    or cannot be reached.
    """

    def __init__(self, *, tables_url: Secret, clerks: int = _CLERKS) -> None:
        self._children = [Child("tidings.reports.clerk", first=tables_url.reveal().encode()) for _ in range(clerks)]
        # The one that was used last is taken first: the others need not begin.
        self._free: asyncio.LifoQueue[Child] = asyncio.LifoQueue()
        for child in reversed(self._children):
            self._free.put_nowait(child)

    async def read(self, order: Reading) -> Read:
        """Read all rows. It waits for its turn, which `within_s` does not count."""
        told = await self._ask(
            ToRead(
                queries=tuple(order.queries),
                sources=_sources(order.urls),
                parameters=order.parameters,
                instants=order.instants,
                filters=tuple(order.filters),
                title=order.title,
                formats=order.formats,
                folder=str(order.folder),
                snapshot=str(order.snapshot or ""),
                within_s=order.within_s,
            ),
            within_s=order.within_s,
        )
        return Read(sheets=told.sheets, rows=told.rows, made=told.made, snapshot=Path(told.snapshot))

    async def values(self, order: Cycling) -> Sequence[tuple[Value, ...]]:
        """The combinations in order. Raises Invalid if there are more than a thousand."""
        told = await self._ask(
            ToList(
                query=order.query,
                fields=tuple(order.fields),
                most=MOST_VALUES,
                sources=_sources(order.urls),
                parameters=order.parameters,
                instants=order.instants,
                filters=tuple(order.filters),
                within_s=order.within_s,
            ),
            within_s=order.within_s,
        )
        return told.values

    async def kind(self, url: Secret) -> str:
        """Connect to it, for reading alone, and say what it is, as `postgresql` or `mariadb`."""
        source = Source(url=url.reveal(), most_rows=1, longest_ms=int(_TRIAL_S * 1_000))
        return (await self._ask(ToTry(source=source), within_s=_TRIAL_S)).kind

    async def close(self) -> None:
        """End the processes; others begin with the next order."""
        for child in self._children:
            await child.close()

    async def _ask(self, order: Order, *, within_s: float) -> Told:
        async with self._child() as child:
            try:
                answered = await child.ask(msgspec.msgpack.encode(order), within_s=within_s + _GRACE_S)
            except Unavailable as error:
                raise Unavailable(
                    f"the data were not read: it took longer than {within_s:g} seconds, or more memory than there is"
                ) from error
        told = await asyncio.to_thread(msgspec.msgpack.decode, answered, type=Told)
        if told.invalid:
            raise Invalid(told.invalid)
        if told.unavailable:
            raise Unavailable(told.unavailable)
        return told

    @contextlib.asynccontextmanager
    async def _child(self) -> AsyncIterator[Child]:
        child = await self._free.get()
        try:
            yield child
        finally:
            self._free.put_nowait(child)


def _sources(urls: Mapping[str, Reach]) -> Mapping[str, Source]:
    return {
        name: Source(url=one.url.reveal(), most_rows=one.most_rows, longest_ms=one.longest_ms)
        for name, one in urls.items()
    }
