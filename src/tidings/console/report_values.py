"""Report values: filters and parameters as people write them, one a line, and as they are kept."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tidings.core import json_text
from tidings.core.errors import Invalid
from tidings.core.report import Filter, ReportParameter, Value
from tidings.reports.relative import is_relative

# What a parameter can be, in the words that people choose it by.
KINDS: Mapping[str, str] = {
    "text": "text",
    "number": "number",
    "instant": "day and time",
    "truth": "yes or no",
}
_WORDS: Mapping[str, Value] = {"true": True, "false": False, "null": None}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,15})?")
# A value in quotes is text, whatever is in it; a value without ends at the next comma.
_PART = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")\s*|([^",\s][^,]*|))(?:,|$)')
_MOST = 80
_LIKE = "2026-01-31T09:00"


def filters_in(text: str, *, field: str) -> tuple[Filter, ...]:
    """Filters as `column: value, value`, one a line. Raises Invalid, naming the field and the line."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, colon, rest = line.partition(":")
        if not (colon and name.strip() and rest.strip()):
            raise Invalid(f"{field}: line {number} must say column: value, value")
        found.append(Filter(field=name.strip(), values=_values(rest, field=field, line=number)))
    return tuple(found)


def filters_text(filters: Sequence[Filter]) -> str:
    """Filters as `filters_in` reads them."""
    return "\n".join(f"{one.field}: {', '.join(map(_written, one.values))}" for one in filters)


def value_in(text: str, parameter: ReportParameter, *, field: str, zone: ZoneInfo) -> Value:
    """What is written for a parameter; None for nothing. Raises Invalid, naming the field."""
    if not text:
        return None
    if parameter.kind == "number":
        if not _NUMBER.fullmatch(text):
            raise Invalid(f"{field}: write a number, like 12 or 0.5, not {text[:_MOST]!r}")
        return float(text) if "." in text else int(text)
    if parameter.kind == "truth":
        if text not in {"yes", "no"}:
            raise Invalid(f"{field}: write yes or no, not {text[:_MOST]!r}")
        return text == "yes"
    if parameter.kind == "instant" and not is_relative(text):
        return instant_in(
            text, field=field, zone=zone, like=f"{_LIKE}, or -7d@d for the midnight 7 days before the run"
        )
    return text


def value_text(value: Value, kind: str, *, zone: ZoneInfo) -> str:
    """A parameter's value as `value_in` reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return local_text(int(value), zone=zone) if kind == "instant" and isinstance(value, int | float) else str(value)


def instant_in(text: str, *, field: str, zone: ZoneInfo, like: str = _LIKE) -> int:
    """The instant (epoch milliseconds) of a local time as browsers send it. Raises Invalid, naming the field.

    Of a time that comes twice, when clocks go back, it is the first.
    """
    try:
        local = datetime.fromisoformat(text)
        return round((local if local.tzinfo else local.replace(tzinfo=zone)).timestamp() * 1_000)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{field}: write a day and a time, like {like}, not {text[:_MOST]!r}") from error


def local_text(at: int | None, *, zone: ZoneInfo) -> str:
    """An instant as the local time that a field of a form shows; empty for none."""
    if at is None:
        return ""
    local = moment_in(at, zone=zone)
    shortest = "minutes" if at % 60_000 == 0 else "seconds"
    return local.replace(tzinfo=None, microsecond=0).isoformat(timespec=shortest)


def moment_in(at: int, *, zone: ZoneInfo) -> datetime:
    """An instant on the clocks of a time zone; those beyond the calendar on its last day."""
    try:
        return datetime.fromtimestamp(at / 1_000, UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=zone)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name, and UTC where there is none: whoever keeps a zone has checked it."""
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, OSError, ValueError):
        return ZoneInfo("UTC")


def object_in(text: str, *, field: str) -> dict[str, Any]:
    """A JSON object; empty for nothing. Raises Invalid, naming the field."""
    if not text:
        return {}
    try:
        return json_text.read_object(text.encode())
    except Invalid as error:
        raise Invalid(f"{field}: this is no JSON object: {error.message}") from error


def object_text(value: Mapping[str, Any]) -> str:
    """A JSON object to be edited; empty for one without anything."""
    return json.dumps(value, indent=2, ensure_ascii=False) if value else ""


def _values(text: str, *, field: str, line: int) -> tuple[Value, ...]:
    found: list[Value] = []
    place = 0
    while place < len(text):
        part = _PART.match(text, place)
        if part is None:
            raise Invalid(f"{field}: line {line} has a quotation mark without its other one")
        quoted, plain = part.groups()
        if quoted:
            found.append(_unquoted(quoted, field=field, line=line))
        elif plain:
            found.append(_plain(plain.strip()))
        place = part.end()
    if not found:
        raise Invalid(f"{field}: line {line} names no value")
    return tuple(found)


def _unquoted(text: str, *, field: str, line: int) -> Value:
    try:
        return str(json.loads(text))
    except ValueError as error:
        raise Invalid(f"{field}: line {line} has a quoted value that is not written as in JSON") from error


def _plain(text: str) -> Value:
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


def _written(value: Value) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    is_plain = value == value.strip() and value.isprintable() and not any(sign in value for sign in ',"')
    return value if is_plain and value and _plain(value) == value else json.dumps(value, ensure_ascii=False)
