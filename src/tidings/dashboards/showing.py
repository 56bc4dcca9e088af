"""Showing: dashboards with their charts and data, as their tables are now."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from tidings.core.clock import DAY, HOUR
from tidings.core.errors import Invalid, NotFound
from tidings.core.report import Filter
from tidings.core.row import Shape
from tidings.dashboards import charts
from tidings.dashboards.boards import Board, Chart, Kind, boards_of, group_column, person_column
from tidings.dashboards.limits import fields_beyond, limits_of
from tidings.tables.condition import Both, Compared, Condition, Literal, Named, Operator
from tidings.tables.counts import REST, Count
from tidings.tables.selection import Cells, Sheet

if TYPE_CHECKING:
    from tidings.tables.pieces import Pieces, Plan

T = TypeVar("T")

# Bars. More are told together: nobody reads them.
_MOST_BARS = 20
_MOST_PLACES = 1_000
_MOST_TEXTS = 10
_HOURS_BELOW, _DAYS_BELOW = 3 * DAY, 400 * DAY
_OTHERS = "(others)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Of what a dashboard is wanted: times in epoch milliseconds, `until` exclusive; a question by title or name.

    Filters hold as far as a chart's table has their fields.
    """

    since: int | None = None
    until: int | None = None
    group: str = ""
    responder: str = ""
    question: str = ""
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownChart:
    """A chart and its data; of numbers, `summary` tells how many there are, their sum, the least and the greatest.

    `beyond` are fields that it was to be filtered by, and which its table has not.
    """

    name: str
    title: str
    kind: str
    spec: dict[str, Any]
    data: list[dict[str, Any]]
    summary: dict[str, float | None] = field(default_factory=dict)
    beyond: tuple[str, ...] = ()


class Showing:
    """Shows dashboards; `open_pieces` blocks, and may open the database. All raise Unavailable."""

    def __init__(self, open_pieces: Callable[[], "Pieces"]) -> None:
        self._open_pieces = open_pieces

    async def sheets(self) -> Mapping[str, Sheet]:
        """All tables by name."""
        return await _in_thread(lambda: self._open_pieces().query.sheets())  # noqa: PLW0108 - it is opened in there, too

    async def boards(self) -> Mapping[str, Board]:
        """All of them by name."""
        return boards_of(await self.sheets())

    async def board(self, name: str, look: Look) -> tuple[Board, list[ShownChart]]:
        """One of them, as far as it is looked at. Raises NotFound, and Invalid for what it cannot be filtered by."""
        return await _in_thread(lambda: self._board(name, look))

    async def chart(self, name: str, chart: str, *, look: Look) -> ShownChart:
        """One chart of one. Raises NotFound and Invalid."""
        _, [shown] = await _in_thread(lambda: self._board(name, look, only=chart))
        return shown

    async def count(self, tables: Iterable[str]) -> None:
        """Count what has come into those tables, so that nobody who looks has to wait for it.

        Cancelled, it breaks off all counting: the process is about to stop.
        """
        names = frozenset(tables)
        await _in_thread(lambda: self._count(names), on_cancel=lambda: self._open_pieces().stop())

    async def groups(self, table: str, *, most: int) -> Sequence[str]:
        """Ids of so many groups that a table has counted rows of."""
        return await _in_thread(lambda: self._open_pieces().groups(table, most=most))

    async def forget(self) -> None:
        """Count everything again at the next look."""
        await _in_thread(lambda: self._open_pieces().forget())

    def _board(self, name: str, look: Look, *, only: str = "") -> tuple[Board, list[ShownChart]]:
        pieces = self._open_pieces()
        sheets = pieces.query.sheets()
        board = boards_of(sheets).get(name)
        if board is None:
            raise NotFound("there is no such dashboard; /v1/dashboards lists those that there are")
        wanted = [one for one in board.charts if _is_wanted(one, question=look.question, only=only)]
        if not wanted:
            raise NotFound(f"the dashboard {name} has no such chart or question; it has {_names(board)}")
        shown: dict[str, ShownChart] = {}
        for table, of_table in board.tables().items():
            here = [one for one in wanted if one.table == table]
            if here:
                counts, texts = _counted(pieces, sheets[table], every=of_table, wanted=here, look=look)
                beyond = fields_beyond(sheets[table], look.filters)
                shown |= {
                    one.name: replace(_shown(one, counts.get(one.measure.name, Count()), texts=texts), beyond=beyond)
                    for one in here
                }
        return board, [shown[one.name] for one in wanted]

    def _count(self, tables: frozenset[str]) -> None:
        pieces = self._open_pieces()
        sheets = pieces.query.sheets()
        for board in boards_of(sheets).values():
            for table, of_table in board.tables().items():
                if table in tables:
                    _counted(pieces, sheets[table], every=of_table, wanted=(), look=Look())


async def _in_thread(work: Callable[[], T], *, on_cancel: Callable[[], None] = lambda: None) -> T:
    """Do it in a thread, which has ended when this ends: the database may be closed then."""
    step = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(step)
    except asyncio.CancelledError:
        on_cancel()
        await asyncio.wait([step])
        raise


def _is_wanted(chart: Chart, *, question: str, only: str) -> bool:
    if only:
        return chart.name == only
    return not question or question in {chart.question, chart.name}


def _names(board: Board) -> str:
    return ", ".join(chart.name for chart in board.charts)


def _counted(
    pieces: "Pieces", sheet: Sheet, *, every: Sequence[Chart], wanted: Sequence[Chart], look: Look
) -> tuple[Mapping[str, Count], Mapping[str, list[tuple[int, str]]]]:
    from tidings.tables.pieces import ALL, Span  # noqa: PLC0415 - whoever has no tables pays no memory for them

    plan, condition = _plan(sheet, every), condition_of(sheet, look)
    person = person_column(sheet)
    pieces.prepare(sheet.name, columns=[person] if person else [])
    # What was counted before is by group and time alone.
    if condition is not None and (look.responder or limits_of(sheet, look.filters)):
        counts = pieces.direct(plan, condition)
    else:
        span = Span(group=look.group or ALL, since=look.since, until=look.until)
        counts = pieces.counts(plan, span)
    written = [one.measure.column for one in wanted if one.kind is Kind.TEXTS]
    rows = pieces.latest(sheet.name, written, condition=condition) if written else []
    return counts, {name: _written(rows, at) for at, name in enumerate(written, start=1)}


def _plan(sheet: Sheet, every: Sequence[Chart]) -> "Plan":
    from tidings.tables.pieces import Plan  # noqa: PLC0415 - as above

    measures = {one.measure.name: one.measure for one in every if one.kind is not Kind.TEXTS}
    return Plan(table=sheet.name, measures=tuple(measures.values()), group=group_column(sheet))


def condition_of(sheet: Sheet, look: Look) -> Condition | None:
    """What rows of a table must be like to be looked at. Raises Invalid for what the table does not tell."""
    at = Named(sheet.time, Shape.INSTANT)
    parts: list[Condition] = []
    if look.since is not None:
        parts.append(Compared(at, Operator.GE, Literal(look.since, Shape.INSTANT)))
    if look.until is not None:
        parts.append(Compared(at, Operator.LT, Literal(look.until, Shape.INSTANT)))
    wishes = (("group", look.group, group_column(sheet)), ("responder", look.responder, person_column(sheet)))
    for name, wish, column in wishes:
        if wish and not column:
            raise Invalid(f"{name}: {sheet.name} does not tell that; leave it out")
        if wish:
            parts.append(Compared(Named(column, Shape.TEXT), Operator.EQ, Literal(wish, Shape.TEXT)))
    parts += limits_of(sheet, look.filters)
    return Both(tuple(parts)) if parts else None


def _written(rows: Sequence[Cells], at: int) -> list[tuple[int, str]]:
    found = [(int(row[0] or 0), str(row[at])) for row in rows if row[at]]
    return found[:_MOST_TEXTS]


def _shown(chart: Chart, count: Count, *, texts: Mapping[str, list[tuple[int, str]]]) -> ShownChart:
    spec, data = _drawn(chart, count, texts=texts)
    summary: dict[str, float | None] = {}
    if chart.kind is Kind.HISTOGRAM:
        summary = {"count": count.number, "sum": count.total, "least": count.least, "greatest": count.greatest}
        spec["title"]["subtitle"] = _told(count)
    return ShownChart(name=chart.name, title=chart.title, kind=chart.kind.value, spec=spec, data=data, summary=summary)


def _drawn(
    chart: Chart, count: Count, *, texts: Mapping[str, list[tuple[int, str]]]
) -> tuple[charts.Spec, list[charts.Row]]:
    data: list[charts.Row]
    match chart.kind:
        case Kind.FIGURE:
            return charts.figure(chart.title), [{"count": count.number}]
        case Kind.TIMELINE:
            unit, data = _times({int(hour) * HOUR: number for hour, number in count.buckets.items()}, least=HOUR)
            return charts.timeline(chart.title, unit=unit), data
        case Kind.DATES:
            unit, data = _times({int(day) * DAY: number for day, number in count.buckets.items()}, least=DAY)
            return charts.timeline(chart.title, unit=unit), data
        case Kind.BARS:
            data = _values(count)
            return charts.bars(chart.title, rows=len(data)), data
        case Kind.HISTOGRAM:
            data = charts.binned({float(bucket): number for bucket, number in count.buckets.items()})
            return charts.histogram(chart.title), data
        case Kind.PLACES:
            data = _places(count)
            return charts.places(chart.title, data), data
        case Kind.TEXTS:
            written = texts.get(chart.measure.column, [])
            data = [{"number": at, "at": said, "text": text} for at, (said, text) in enumerate(written, start=1)]
            return charts.texts(chart.title, rows=len(data)), data


def _times(numbers: Mapping[int, int], *, least: int) -> tuple[str, list[charts.Row]]:
    span = max(numbers) - min(numbers) if numbers else 0
    unit, width = ("week", 7 * DAY) if span >= _DAYS_BELOW else ("day", DAY)
    if least == HOUR and span < _HOURS_BELOW:
        unit, width = "hour", HOUR
    found: dict[int, int] = {}
    for at, number in numbers.items():
        # The epoch was a Thursday; weeks begin on Mondays.
        shift = 4 * DAY if width == 7 * DAY else 0
        start = (at - shift) // width * width + shift
        found[start] = found.get(start, 0) + number
    return unit, [{"at": at, "until": at + width, "count": number} for at, number in sorted(found.items())]


def _values(count: Count) -> list[charts.Row]:
    named = {value: number for value, number in count.buckets.items() if value != REST}
    most = sorted(named.items(), key=lambda item: (-item[1], item[0]))
    shown = [{"value": value, "count": number} for value, number in most[:_MOST_BARS]]
    rest = sum(number for _, number in most[_MOST_BARS:]) + count.buckets.get(REST, 0)
    return [*shown, {"value": _OTHERS, "count": rest}] if rest else shown


def _places(count: Count) -> list[charts.Row]:
    most = sorted(count.buckets.items(), key=lambda item: -item[1])[:_MOST_PLACES]
    found = []
    for bucket, number in most:
        latitude, longitude = ((int(part) + 0.5) / 100 for part in bucket.split(" "))
        found.append({"latitude": latitude, "longitude": longitude, "count": number})
    return found


def _told(count: Count) -> str:
    if not count.number or count.least is None or count.greatest is None:
        return "no answers"
    mean = count.total / count.number
    return (
        f"{count.number} answers, sum {count.total:,.6g}, mean {mean:,.6g}, {count.least:,.6g} to {count.greatest:,.6g}"
    )
