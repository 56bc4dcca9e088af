"""Calendar: at which instants a task runs that repeats by the hour, the day, the month or a cron, in its time zone.

Named frequencies are counted from `start_on`. Days, weeks, months and years are counted in local time: what local time
the clock skips runs right after the gap, what it repeats runs the first time only. Hours are counted as they pass.
Cron is as Debian's: a line whose hours are all of them goes by the minutes that pass, any other one by local time.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from tidings.core.clock import DAY, HOUR, SECOND
from tidings.core.errors import Invalid
from tidings.core.report import ReportTask, TaskDraft

ONCE = "Once"
ONCE_NOW = "Once - now"
HOURLY = "Hourly"
CRON = "Cron"
_DAYS = {"Daily": 1, "Weekly": 7}
_MONTHS = {"Monthly": 1, "Quarterly": 3, "Yearly": 12}
FREQUENCIES: tuple[str, ...] = (ONCE, ONCE_NOW, HOURLY, *_DAYS, *_MONTHS, CRON)

# More windows than these are not counted: whoever reads "1,000 were missed" learns nothing from the rest.
MOST_COUNTED = 1_000
# The year 9000: a date beyond Python's last one, 9999, must not come up while we look 50 years ahead.
_LATEST = 221_845_392_000_000
# Five fields of lists need less (a guess).
_LONGEST_CRON = 200
_CRON_FIELDS = ("minute", "hour", "day of month", "month", "day of week")
_LONGEST_ZONE = 64
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times are without a zone here, until they become an instant
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The windows of a task: instants in epoch milliseconds, `start_on` the earliest and `end_on` the latest one.

    A new task runs first at `next_after(now - 1)`; one that ran, at `next_after(its window)`.
    """

    frequency: str
    cron: str = ""
    time_zone: str = "UTC"
    start_on: int
    end_on: int | None = None

    def next_after(self, instant: int) -> int | None:
        """The first window after that instant, None if there is none any more."""
        after = max(instant, self.start_on - 1)
        if after > _LATEST:
            return None
        if self.frequency in {ONCE, ONCE_NOW}:
            found = self.start_on if after < self.start_on else None
        elif self.frequency == HOURLY:
            found = self.start_on + ((after - self.start_on) // HOUR + 1) * HOUR
        elif self.frequency == CRON:
            found = _next_of_cron(self.cron, after, zone=ZoneInfo(self.time_zone))
        else:
            found = self._next_named(after)
        return None if found is None or (self.end_on is not None and found > self.end_on) else found

    def coming(self, instant: int, *, count: int = 5) -> list[int]:
        """The first so many windows after that instant."""
        found: list[int] = []
        window = self.next_after(instant)
        while window is not None and len(found) < count:
            found.append(window)
            window = self.next_after(window)
        return found

    def newest_due(self, since: int, until: int) -> tuple[int | None, int]:
        """The newest window after `since` and not after `until`; and how many there are, `MOST_COUNTED` at most."""
        due = self._first_due(since, until)
        if len(due) < MOST_COUNTED:
            return (due[-1] if due else None), len(due)
        # Halved until there is room for one window only: they are a minute apart at least.
        early, late = due[-1] - 1, until
        while late - early > 30 * SECOND:
            middle = (early + late) // 2
            window = self.next_after(middle)
            if window is not None and window <= until:
                early = window - 1
            else:
                late = middle
        return self.next_after(early), len(due)

    def _first_due(self, since: int, until: int) -> list[int]:
        found: list[int] = []
        window = self.next_after(since)
        while window is not None and window <= until and len(found) < MOST_COUNTED:
            found.append(window)
            window = self.next_after(window)
        return found

    def _next_named(self, after: int) -> int:
        zone = ZoneInfo(self.time_zone)
        first, here = local_time(self.start_on, zone), local_time(after, zone)
        days, months = _DAYS.get(self.frequency, 0), _MONTHS.get(self.frequency, 0)
        if days:
            index = (here - first).days // days
        else:
            index = ((here.year - first.year) * 12 + here.month - first.month) // months
        # A step back, for a clock that was set back; from there it is a step or three.
        index = max(0, index - 1)
        while True:
            moved = first + timedelta(days=index * days) if days else months_later(first, index * months)
            window = self.start_on if index == 0 else instant_at(moved, zone)
            if window > after:
                return window
            index += 1


def checked_frequency(name: str) -> str:
    """A frequency as ConnectReport spells it, however it was written."""
    wanted = " ".join(name.split()).casefold()
    for one in FREQUENCIES:
        if one.casefold() == wanted:
            return one
    raise Invalid(f"frequency: there is none called {name[:40]!r}; use one of {', '.join(FREQUENCIES)}")


def calendar_of(draft: TaskDraft, *, now: int) -> Calendar:
    """The calendar of a task, or of what is to become one.

    Without a startOn it begins `now`, and so does a new task that runs "Once - now". Raises Invalid, naming the field.
    """
    frequency = checked_frequency(draft.frequency)
    if isinstance(draft, ReportTask):
        start_on = draft.made_at if draft.start_on is None else draft.start_on
    else:
        start_on = now if draft.start_on is None or frequency == ONCE_NOW else draft.start_on
    for name, instant in (("startOn", start_on), ("endOn", draft.end_on)):
        if instant is not None and not 0 <= instant <= _LATEST:
            raise Invalid(f"{name}: must lie between the years 1970 and 9000")
    if draft.end_on is not None and draft.end_on < start_on:
        raise Invalid("endOn: lies before startOn; choose a later instant, or none")
    made = Calendar(
        frequency=frequency,
        cron=_checked_cron(draft.cron) if frequency == CRON else "",
        time_zone=_checked_zone(draft.time_zone),
        start_on=start_on,
        end_on=draft.end_on,
    )
    if frequency == CRON and _next_of_cron(made.cron, start_on - 1, zone=ZoneInfo(made.time_zone)) is None:
        raise Invalid(f"cron: no date there is fits {made.cron!r}; choose a day that comes in one of its months")
    return made


def _checked_cron(line: str) -> str:
    """Five fields that the library reads. Fields of seconds are refused: a minute is the shortest interval."""
    fields = line.split()
    if len(fields) != len(_CRON_FIELDS) or len(line) > _LONGEST_CRON:
        raise Invalid(f'cron: write five fields, {", ".join(_CRON_FIELDS)}, like "30 7 * * MON-FRI"')
    try:
        CronSim(" ".join(fields), _EPOCH)
    except CronSimError as error:
        what = str(error).removeprefix("Bad ")
        raise Invalid(f'cron: the {what} is not one that cron knows; write it like "30 7 * * MON-FRI"') from error
    return " ".join(fields)


def _checked_zone(name: str) -> str:
    try:
        if len(name) <= _LONGEST_ZONE:
            return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):  # unknown; a path that leads elsewhere; a folder
        pass
    raise Invalid(f"timeZone: there is none called {name[:40]!r}; write it like Europe/Berlin")


def _next_of_cron(line: str, after: int, *, zone: ZoneInfo) -> int | None:
    if len(CronSim(line, _EPOCH).hours) * HOUR == DAY:
        return _next_by_minutes(line, after, zone=zone)
    for local in CronSim(line, local_time(after, zone)):
        # In an hour that is repeated, those that ran the first time are passed over.
        if (found := instant_at(local, zone)) > after:
            return found
    return None  # in 50 years


def _next_by_minutes(line: str, after: int, *, zone: ZoneInfo) -> int | None:
    """As the minutes pass: from one change of the zone's offset to the next, by the offset that holds there."""
    since = after
    while True:
        offset = _offset(since, zone)
        local = next(CronSim(line, _EPOCH + _MILLISECOND * (after + offset)), None)
        if local is None:
            return None
        found = (local - _EPOCH) // _MILLISECOND - offset
        change = _first_change(since, found, zone=zone)
        if change is None:
            return found
        after, since = change - 1, change


def local_time(instant: int, zone: ZoneInfo) -> datetime:
    """What the clocks of that zone show then, as a time without a zone."""
    return _EPOCH + _MILLISECOND * (instant + _offset(instant, zone))


def _offset(instant: int, zone: ZoneInfo) -> int:
    """How far local time is ahead then."""
    ahead = (_EPOCH.replace(tzinfo=UTC) + _MILLISECOND * instant).astimezone(zone).utcoffset()
    return 0 if ahead is None else ahead // _MILLISECOND


def instant_at(local: datetime, zone: ZoneInfo) -> int:
    """When that local time is: the first time if it is twice, the end of the gap if it is skipped."""
    early, late = (
        (local.replace(tzinfo=zone, fold=fold).astimezone(UTC).replace(tzinfo=None) - _EPOCH) // _MILLISECOND
        for fold in (0, 1)
    )
    # In a gap, Python counts with the offset from before it first: that is later than with the one from after it.
    if early > late and (end := _first_change(late, early, zone=zone)) is not None:
        return end
    return early


def _first_change(since: int, until: int, *, zone: ZoneInfo) -> int | None:
    """The first instant after `since`, up to `until`, with another offset than at `since`."""
    offset = _offset(since, zone)
    while since < until:
        # No zone has changed twice within a week.
        late = min(since + 7 * DAY, until)
        if _offset(late, zone) != offset:
            while late - since > 1:
                middle = (since + late) // 2
                since, late = (since, middle) if _offset(middle, zone) != offset else (middle, late)
            return late
        since = late
    return None


def months_later(local: datetime, months: int) -> datetime:
    """On the same day of the month, or on the month's last one where it has no such day."""
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, calendar.monthrange(year, month + 1)[1]))
