"""Durations as people write them: `250ms`, `10s`, `2m`, `1h`, `30d`."""

import re

from tidings.core.clock import DAY, HOUR, MINUTE, SECOND
from tidings.core.errors import Invalid

_UNITS = {"d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": 1}
# Nine digits: no real duration needs more, and the product fits the database's 64 bits.
_WRITTEN = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)")


def parse_duration(text: str) -> int:
    """Read a whole number with its unit (ms, s, m, h or d), as milliseconds."""
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise Invalid(f"{text[:40]!r} is not a duration; write a whole number and ms, s, m, h or d, like 10s")
    return int(match[1]) * _UNITS[match[2]]


def format_duration(duration_ms: int) -> str:
    """Write milliseconds in the largest unit that divides them: `parse_duration` reads the same value back."""
    for unit, length in _UNITS.items():
        if duration_ms and duration_ms % length == 0:
            return f"{duration_ms // length}{unit}"
    return "0s"
