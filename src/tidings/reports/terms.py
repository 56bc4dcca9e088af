"""Terms: what titles, metadata, filters and values of parameters must be like, wherever they stand."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tidings.core.errors import Invalid, TooLarge
from tidings.core.json_text import guard
from tidings.core.report import Filter, ReportParameter, Value
from tidings.reports.relative import RELATIVE_HINT, is_relative

LONGEST_TITLE = 200
LONGEST_FIELD = 200
# Bytes of JSON: what somebody's own program needs to find its tasks again (specified).
LARGEST_META = 10_000
# Guesses at what nobody writes by hand; whoever needs more writes it into the query.
MOST_FILTERS = 50
MOST_VALUES = 1_000
LONGEST_TEXT = 10_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_LARGEST = 2**63
_FARTHEST = 10**9
_LONGEST_PAGE = 10_000
_KINDS: Mapping[str, str] = {
    "text": f"a text of at most {LONGEST_TEXT:,} characters",
    "number": "a number",
    "instant": f"an instant, in epoch milliseconds, {RELATIVE_HINT}",
    "truth": "true or false",
}


def page(skip: int, most: int) -> dict[str, int]:
    """Which part of a list is read: never so much, or so far on, that the database could not count it."""
    return {"skip": max(0, min(skip, _FARTHEST)), "most": max(1, min(most, _LONGEST_PAGE))}


def checked_title(title: str, *, field: str = "title") -> str:
    """Without what stands around it. Raises Invalid."""
    title = " ".join(title.split())
    if not 0 < len(title) <= LONGEST_TITLE:
        raise Invalid(f"{field}: expected 1 to {LONGEST_TITLE} characters, and it has {len(title)}")
    checked_json(title, field=field, limit=LONGEST_TITLE * 8)
    return title


def checked_name(name: str, *, field: str) -> str:
    """A name that can stand in templates and SQL. Raises Invalid."""
    if not _NAME.fullmatch(name):
        raise Invalid(
            f"{field}: {name[:40]!r} is no name; use up to 63 letters, digits and '_', and begin with no digit"
        )
    return name


def checked_meta(meta: Mapping[str, Any]) -> Mapping[str, Any]:
    """A JSON object of at most 10 kB. Raises Invalid."""
    if not isinstance(meta, Mapping):
        raise Invalid("meta: expected a JSON object")
    checked_json(meta, field="meta", limit=LARGEST_META)
    return dict(meta)


def checked_json(value: object, *, field: str, limit: int) -> None:
    """Raises Invalid for what the database cannot keep, what is nested too deep, and what has more bytes as JSON."""
    try:
        text = msgspec.json.encode(value)
        document = msgspec.json.encode({field: msgspec.Raw(text)})
        guard(document, limit=len(document))
    except (TypeError, ValueError, RecursionError, TooLarge) as error:
        raise Invalid(
            f"{field}: cannot be written as JSON; use texts of whole characters, numbers, lists, objects"
        ) from error
    if len(text) > limit:
        raise Invalid(f"{field}: has {len(text):,} bytes as JSON; write at most {limit:,}")


def checked_filters(filters: Sequence[Filter], *, field: str) -> tuple[Filter, ...]:
    """Raises Invalid."""
    if len(filters) > MOST_FILTERS:
        raise Invalid(f"{field}: has {len(filters)} filters; write at most {MOST_FILTERS}")
    for number, one in enumerate(filters):
        here = f"{field}[{number}]"
        checked_field(one.field, field=f"{here}.field")
        checked_values(one.values, field=f"{here}.values")
    return tuple(filters)


def checked_field(name: str, *, field: str) -> str:
    """The name of a column. Raises Invalid."""
    if not 0 < len(name) <= LONGEST_FIELD:
        raise Invalid(f"{field}: expected the name of a column, of 1 to {LONGEST_FIELD} characters")
    return name


def checked_values(values: Sequence[Value], *, field: str) -> None:
    """Raises Invalid."""
    if not 0 < len(values) <= MOST_VALUES:
        raise Invalid(f"{field}: expected 1 to {MOST_VALUES:,} values, and there are {len(values):,}")
    for number, value in enumerate(values):
        if not _is_value(value):
            raise Invalid(f"{field}[{number}]: expected a text, a number, true, false or null")


def checked_kind(parameter: ReportParameter, *, field: str) -> None:
    """Raises Invalid for a kind that there is not, and a default that is not of its kind."""
    if parameter.kind not in _KINDS:
        raise Invalid(f"{field}.kind: there is none called {parameter.kind[:40]!r}; use one of {', '.join(_KINDS)}")
    checked_parameter(parameter, parameter.default, field=f"{field}.default")


def checked_parameter(parameter: ReportParameter, value: Value, *, field: str) -> None:
    """Raises Invalid for a value that is not of the parameter's kind; none is of any."""
    is_truth = isinstance(value, bool)
    fits = {
        "text": isinstance(value, str),
        "number": isinstance(value, int | float) and not is_truth,
        "instant": is_relative(value) if isinstance(value, str) else isinstance(value, int) and not is_truth,
        "truth": is_truth,
    }
    if value is not None and not (fits[parameter.kind] and _is_value(value)):
        raise Invalid(f"{field}: expected {_KINDS[parameter.kind]}")


def _is_value(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT
    if isinstance(value, int | float):
        return math.isfinite(value) and -_LARGEST <= value < _LARGEST
    return value is None
