"""Relative instants: `-7d@d` and the like, reckoned from when a run is due, on the clocks of its time zone.

`now`, or `-<n>` and a unit: `h`, `d`, `w`, `mo`, `y`, for hours, days, weeks, months, years. Then maybe `@` and a unit,
to go back to where that began; weeks begin on Mondays. Hours are counted as they pass, all else on the clocks: what
these skip is right after the gap, what they repeat is the first time, and a month without that day gives its last one.
"""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tidings.core.calendar import instant_at, local_time, months_later
from tidings.core.clock import HOUR
from tidings.core.errors import Invalid

# Said wherever one can be written.
RELATIVE_HINT = "or relative to the run, like -7d@d: 7 days before, at midnight (h, d, w, mo, y; or now)"
_FORM = re.compile(r"(?:now|-([1-9][0-9]{0,3})(h|d|w|mo|y))(?:@(h|d|w|mo|y))?")
_DAYS = {"d": 1, "w": 7}
_MONTHS = {"mo": 1, "y": 12}


def is_relative(text: str) -> bool:
    """Whether it is a relative instant."""
    return _FORM.fullmatch(text) is not None


def resolved(text: str, *, at: int, time_zone: str, field: str = "instant") -> int:
    """The instant (epoch milliseconds) that it means at that one: never a later one, nor one before 1970.

    Raises Invalid.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise Invalid(f"{field}: expected an instant, {RELATIVE_HINT}; not {text[:40]!r}")
    count, unit, down = found.groups("")
    zone = ZoneInfo(time_zone)
    try:
        earlier = _earlier(at, int(count), unit=unit, zone=zone) if count else at
        return max(0, _rounded(earlier, unit=down, zone=zone) if down else earlier)
    except (ValueError, OverflowError):  # before the calendar's first year
        return 0


def _earlier(at: int, count: int, *, unit: str, zone: ZoneInfo) -> int:
    if unit == "h":
        return at - count * HOUR
    local = local_time(at, zone)
    if unit in _DAYS:
        return instant_at(local - timedelta(days=count * _DAYS[unit]), zone)
    return instant_at(months_later(local, -count * _MONTHS[unit]), zone)


def _rounded(at: int, *, unit: str, zone: ZoneInfo) -> int:
    local = local_time(at, zone)
    if unit == "h":
        began = local.replace(minute=0, second=0, microsecond=0)
        return at - (local - began) // timedelta(milliseconds=1)
    day = datetime(local.year, local.month, local.day)  # noqa: DTZ001 - local, until it is an instant
    if unit == "w":
        day -= timedelta(days=day.weekday())
    elif unit != "d":
        day = day.replace(day=1, month=1 if unit == "y" else day.month)
    return instant_at(day, zone)
