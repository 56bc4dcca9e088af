"""Report calendar: which tasks run on which day of a month, on the clocks of a time zone."""

import calendar
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.report_doors import looking
from tidings.console.report_task_form import zones
from tidings.console.report_values import moment_in, zone_of
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.report import ReportTask

# A task for every hour has 744 in a month; those for every minute fill any calendar.
_MOST_RUNS = 2_000
# Lines of a day that are shown; the day's own page has the rest.
_MOST_LINES = 4
_WEEK = 7
# Between these a calendar goes from month to month (date ends at 9999).
_YEARS = range(1970, 9_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The runs of a task on a day."""

    task: ReportTask
    first: str
    count: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day of the month, or beside it."""

    date: date
    is_within: bool
    is_today: bool
    lines: Sequence[Line]
    more: int


class ReportCalendar:
    """Shows what is to come, a month or a day at a time."""

    def __init__(self, offers: Offers) -> None:
        self._reports = offers.reports
        self._clock = offers.clock

    def places(self) -> Sequence[Place]:
        return [Place(path="/reports/calendar", does=self._show, needs=Right.BE_ONESELF)]

    async def _show(self, visit: Visit) -> Response:
        author = await looking(visit, self._reports)
        zone = zone_of(visit.query.get("zone", "").strip()[:64])
        now = self._clock.now()
        today = moment_in(now, zone=zone).date()
        day = _date_in(visit.query.get("day", ""))
        first = (day or _date_in(f"{visit.query.get('month', '')}-01") or today).replace(day=1)
        since, until = (day, day + timedelta(days=1)) if day else (first, _next_month(first))
        found = await self._reports.tasks.calendar(
            max(_instant(since, zone), now), _instant(until, zone), most=_MOST_RUNS
        )
        lines = _lines(found, zone=zone)
        return visit.page(
            "reports/calendar.html",
            author=author,
            first=first,
            day=day,
            weeks=_weeks(first, lines, today=today) if day is None else [],
            lines=lines.get(day, []) if day else [],
            runs=sum(one.count for some in lines.values() for one in some),
            ends_at=f"{moment_in(found[-1][0], zone=zone):%-d %B, %H:%M}" if len(found) == _MOST_RUNS else "",
            previous=_previous_month(first) if first > today.replace(day=1) else None,
            next=_next_month(first),
            is_this_month=first == today.replace(day=1),
            zone=zone.key,
            zones=zones(),
        )


def _lines(found: Iterable[tuple[int, ReportTask]], *, zone: ZoneInfo) -> Mapping[date, Sequence[Line]]:
    """What runs on each day, by the first time of each task."""
    counts: Counter[tuple[date, str]] = Counter()
    firsts: dict[tuple[date, str], tuple[int, datetime, ReportTask]] = {}
    for at, task in found:
        local = moment_in(at, zone=zone)
        place = (local.date(), task.id)
        counts[place] += 1
        firsts.setdefault(place, (at, local, task))
    lines: dict[date, list[Line]] = {}
    for (day, identifier), (at, local, task) in firsts.items():
        one = Line(task=task, first=f"{local:%H:%M}", count=counts[day, identifier], at=at)
        lines.setdefault(day, []).append(one)
    return lines


def _weeks(first: date, lines: Mapping[date, Sequence[Line]], *, today: date) -> list[list[Day]]:
    days = [
        Day(
            date=one,
            is_within=one.month == first.month,
            is_today=one == today,
            lines=lines.get(one, [])[:_MOST_LINES],
            more=max(0, len(lines.get(one, [])) - _MOST_LINES),
        )
        for one in calendar.Calendar().itermonthdates(first.year, first.month)
    ]
    return [days[place : place + _WEEK] for place in range(0, len(days), _WEEK)]


def _date_in(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year in _YEARS else None


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _previous_month(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def _instant(day: date, zone: ZoneInfo) -> int:
    return round(datetime.combine(day, time(), zone).timestamp() * 1_000)
