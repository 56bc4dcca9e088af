"""Cells: values out of foreign JSON, as fields of rows that every engine takes."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tidings.core.errors import Invalid
from tidings.core.row import Field, Shape

# Characters. As many as MariaDB's keys have here; PostgreSQL's index takes 2,704 bytes.
LONGEST_KEY = 255
# Characters. MariaDB takes 1,024 for a column, and what stands in comments is often the sender's.
_LONGEST_COMMENT = 250
# What every engine's timestamps hold (MariaDB's from the year 1000 on), in epoch milliseconds.
_EARLIEST, _LATEST = -30_610_224_000_000, 253_402_300_799_999
_LARGEST = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def key(name: str, value: str | None, *, comment: str = "") -> Field:
    """A text that names a row. Raises Invalid if it is missing, or too long for an engine's index."""
    if not value:
        raise Invalid(f"{name}: is missing, and the row would have no name without it")
    if len(value) > LONGEST_KEY:
        raise Invalid(f"{name}: has {len(value)} characters; at most {LONGEST_KEY} can name a row")
    return text(name, value, comment=comment)


def text(name: str, value: str | None, *, comment: str = "") -> Field:
    return Field(name, name, Shape.TEXT, value or None, comment)


def truth(name: str, value: bool | None, *, comment: str = "") -> Field:  # noqa: FBT001 - a cell
    return Field(name, name, Shape.TRUTH, value, comment)


def whole(name: str, value: int | None, *, comment: str = "") -> Field:
    is_kept = value is not None and abs(value) <= _LARGEST
    return Field(name, name, Shape.WHOLE, value if is_kept else None, comment)


def number(name: str, value: float | None, *, comment: str = "") -> Field:
    return Field(name, name, Shape.NUMBER, None if value is None else number_of(value), comment)


def instant(name: str, value: int | None, *, comment: str = "") -> Field:
    return Field(name, name, Shape.INSTANT, value, comment)


def instant_of(value: Any) -> int | None:  # noqa: ANN401 - any JSON
    """Epoch milliseconds of a number, or of an ISO 8601 text with its zone; None for what no engine can keep."""
    if isinstance(value, str):
        value = _moment(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if _EARLIEST <= value <= _LATEST else None


def iso(instant_ms: int) -> str:
    """An instant by ISO 8601, in UTC."""
    return (_EPOCH + timedelta(milliseconds=instant_ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def number_of(value: Any) -> float | None:  # noqa: ANN401 - any JSON
    """The number that a value is or writes, None for what is none or has no end."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < float("inf") else None


def commented(words: str) -> str:
    """A comment in a length that every engine takes."""
    return words if len(words) <= _LONGEST_COMMENT else f"{words[: _LONGEST_COMMENT - 1]}…"


def _moment(words: str) -> int | None:
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        return None
    return (moment - _EPOCH) // timedelta(milliseconds=1) if moment.tzinfo else None
