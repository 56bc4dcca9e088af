"""Naming files: what files of a report are called, by the pattern of its task."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from string import Formatter
from zoneinfo import ZoneInfo

import msgspec

from tidings.core.report import Filter, Value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What some file system or shell takes for something else; control characters, too.
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u202a-\u202e\u2066-\u2069]+')
# Characters: with four bytes each and an ending it stays below the 255 bytes of most file systems.
_LONGEST = 60
_UNNAMED = "report"


class Naming(msgspec.Struct, frozen=True, kw_only=True):
    """What a file is named after: the titles of its report and of its task, its instant, and its values in a cycle."""

    title: str
    task: str
    at: int
    time_zone: str
    cycled: tuple[Filter, ...] = ()


def file_name(pattern: str, naming: Naming, *, ending: str) -> str:
    """A name that every file system takes. What a pattern asks for and is not there is left out."""
    local = (_EPOCH + timedelta(milliseconds=naming.at)).astimezone(ZoneInfo(naming.time_zone))
    known = {one.field: ", ".join(map(shown, one.values)) for one in naming.cycled}
    # Whoever names the values of a cycle does not want them in the title once more.
    is_told_apart = any(f"{{{field}}}" in pattern for field in known)
    known |= {
        "title": naming.task if is_told_apart else naming.title,
        "task": naming.task,
        "date": f"{local:%Y-%m-%d}",
        "time": f"{local:%H%M}",
    }
    filled = "".join(text + known.get(field or "", "") for text, field, _, _ in Formatter().parse(pattern))
    stem = _FORBIDDEN.sub("_", filled).strip(" .")[:_LONGEST].strip(" .")
    return f"{stem or _UNNAMED}.{ending}"


def cycled_title(title: str, cycled: Sequence[Filter]) -> str:
    """The title of a report of a cycle: which values it is about."""
    values = ", ".join(shown(value) for one in cycled for value in one.values)
    return f"{title} – {values}" if values else title


def shown(value: Value) -> str:
    """A value as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
