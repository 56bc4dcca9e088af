"""Naming files: what files of a report are called, by the pattern of its task."""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from string import Formatter
from zoneinfo import ZoneInfo

import msgspec

from tidings.core.report import Filter, Report, Value
from tidings.store.reports import MadeWith

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What some file system or shell takes for something else; control characters, too.
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u202a-\u202e\u2066-\u2069]+')
# Characters: with four bytes each and an ending it stays below the 255 bytes of most file systems.
_LONGEST = 60
_UNNAMED = "report"
# Of a digest of what a report is about: two of a thousand are alike once in ten thousand cycles.
_SIGNS = 8


class Naming(msgspec.Struct, frozen=True, kw_only=True):
    """What a file is named after: the titles of its report and of its task, its instant, and its values in a cycle."""

    title: str
    task: str
    at: int
    time_zone: str
    cycled: tuple[Filter, ...] = ()


def file_name(pattern: str, naming: Naming, *, ending: str) -> str:
    """A name that every file system takes. What a pattern asks for and is not there is left out.

    Where it would not tell a report from the others of its cycle, signs that do so stand at its end.
    """
    local = (_EPOCH + timedelta(milliseconds=naming.at)).astimezone(ZoneInfo(naming.time_zone))
    known = {one.field: ", ".join(map(shown, one.values)) for one in naming.cycled}
    pieces = [(text, field or "") for text, field, _, _ in Formatter().parse(pattern)]
    asked = {field for _, field in pieces}
    # Whoever names the values of a cycle does not want them in the title once more.
    is_told_apart = bool(known) and asked >= known.keys()
    is_plain = (is_told_apart or "title" in asked) and all(value and _safe(value) == value for value in known.values())
    known |= {
        "title": naming.task if is_told_apart else naming.title,
        "task": naming.task,
        "date": f"{local:%Y-%m-%d}",
        "time": f"{local:%H%M}",
    }
    stem = _safe("".join(text + known.get(field, "") for text, field in pieces)) or _UNNAMED
    if naming.cycled and not (is_plain and len(stem) <= _LONGEST):
        digest = hashlib.sha256(msgspec.json.encode(naming.cycled)).hexdigest()[:_SIGNS]
        return f"{_safe(stem[: _LONGEST - _SIGNS - 1])}-{digest}.{ending}"
    return f"{_safe(stem[:_LONGEST])}.{ending}"


def _safe(text: str) -> str:
    return _FORBIDDEN.sub("_", text).strip(" .")


def report_file_name(report: Report, made_with: MadeWith, *, ending: str) -> str:
    """What a file of a report is called, made with its run or later."""
    naming = Naming(
        title=report.title,
        task=made_with.task_title or report.title,
        at=report.due_at,
        time_zone=made_with.time_zone,
        cycled=report.cycled,
    )
    return file_name(made_with.name_pattern, naming, ending=ending)


def cycled_title(title: str, cycled: Sequence[Filter]) -> str:
    """The title of a report of a cycle: which values it is about."""
    values = ", ".join(shown(value) for one in cycled for value in one.values)
    return f"{title} – {values}" if values else title


def shown(value: Value) -> str:
    """A value as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
