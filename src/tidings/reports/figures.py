"""Figures: the filters by which templates write numbers, times, durations and money."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from tidings.core.clock import DAY, HOUR, MINUTE, SECOND
from tidings.core.errors import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Of strftime, the letters alone: with a width, `%9999999Y` would write for ever.
_PATTERN = re.compile(r"(?:[^%]|%[A-Za-z%]){1,100}")
_MOST_DECIMALS = 12
# Digits before the point. More are no number that somebody counted.
_MOST_DIGITS = 40
_UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))


def filters_of(time_zone: str) -> Mapping[str, Callable[..., object]]:
    """The filters by name; times are told in that time zone."""
    zone = zone_of(time_zone)
    return {
        "number": number,
        "percent": percent,
        "money": money,
        "duration": duration,
        "date": lambda value, pattern="%Y-%m-%d": told_time(value, pattern, zone=zone),
        "datetime": lambda value, pattern="%Y-%m-%d %H:%M": told_time(value, pattern, zone=zone),
    }


def zone_of(name: str) -> tzinfo:
    """Raises Invalid."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError) as error:
        raise Invalid(f"time zone: there is none called {name[:40]!r}; write it as Asia/Kolkata") from error


def number(value: object, decimals: int | None = None) -> str:
    """1234.5 as 1,234.5; with as many decimals as it has, or as it is to have."""
    found = _decimal(value)
    if found is None:
        return ""
    if decimals is not None:
        return f"{found:,.{_checked(decimals)}f}"
    return f"{found.normalize() if found else Decimal(0):,f}"


def percent(value: object, decimals: int = 0) -> str:
    """0.25 as 25%."""
    found = _decimal(value)
    return "" if found is None else f"{found * 100:,.{_checked(decimals)}f}%"


def money(value: object, currency: str = "", *, decimals: int = 2) -> str:
    """1234.5 as 1,234.50, behind the currency if one is named."""
    written = number(value, _checked(decimals))
    return f"{currency} {written}" if currency and written else written


def duration(value: object) -> str:
    """Milliseconds as 2 h 5 min: the two greatest units that it has."""
    found = _decimal(value)
    if found is None:
        return ""
    rest, sign = int(abs(found)), "-" if found < 0 else ""
    if rest < SECOND:
        return f"{sign}{rest} ms"
    parts: list[str] = []
    for width, unit in _UNITS:
        whole, rest = divmod(rest, width)
        if whole or parts:
            parts.append(f"{whole:,} {unit}" if whole else "")
    return sign + " ".join(part for part in parts[:2] if part)


def told_time(value: object, pattern: object, *, zone: tzinfo) -> str:
    """Epoch milliseconds, or a time written in ISO 8601 (UTC unless it says otherwise), as `pattern` (strftime)."""
    if value is None or value == "":
        return ""
    if not isinstance(pattern, str) or not _PATTERN.fullmatch(pattern):
        raise Invalid("date: the pattern is of letters as strftime has them, as %d.%m.%Y, and of at most 100 signs")
    try:
        return _instant(value).astimezone(zone).strftime(pattern)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"date: {str(value)[:40]!r} is no time; epoch milliseconds or ISO 8601 are") from error


def _instant(value: object) -> datetime:
    if isinstance(value, str):
        found = datetime.fromisoformat(value)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError  # noqa: TRY004 - as what is no time otherwise
    return _EPOCH + timedelta(milliseconds=value)


def _decimal(value: Any) -> Decimal | None:  # noqa: ANN401 - whatever stands in a cell
    if value is None or value == "":
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation as error:
        raise Invalid(f"{str(value)[:40]!r} is no number") from error
    if not found.is_finite() or found.adjusted() > _MOST_DIGITS:
        raise Invalid(f"{str(value)[:40]!r} is no number that can be told")
    return found


def _checked(decimals: object) -> int:
    if isinstance(decimals, bool) or not isinstance(decimals, int) or not 0 <= decimals <= _MOST_DECIMALS:
        raise Invalid(f"decimals: use 0 to {_MOST_DECIMALS}")
    return decimals
