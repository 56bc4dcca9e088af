"""Counts: what rows hold, counted; counts of parts add up to the count of the whole."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from tidings.core.clock import DAY, HOUR
from tidings.core.row import Cell

# Of one measure. More than any chart shows; a free text has as many as rows.
MOST_BUCKETS = 1_000
# Texts that are not counted apart any more, since others are more frequent.
REST = ""
# Characters. Texts with equal beginnings of that length count as one.
_LONGEST_VALUE = 200
# Different numbers in a count; from more on they are counted by their first digits.
_MOST_NUMBERS = 200
_DIGITS = 2
_ROUNDING = 1e-6


class By(StrEnum):
    """What a measure's buckets are."""

    VALUE = "value"  # texts, or true and false
    NUMBER = "number"  # numbers; only by their first two digits if there are many
    HOUR = "hour"  # hours of an instant, since the epoch
    DAY = "day"  # days of an instant, since the epoch
    CELL = "cell"  # places, in hundredths of degrees: `column` is the latitude, `other` the longitude


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted: the rows that hold something in the column.

    With a `child`, that table's rows are counted, as far as their `question` is that one.
    """

    name: str
    by: By
    column: str
    other: str = ""
    child: str = ""
    question: str = ""


class Count(msgspec.Struct, array_like=True):
    """How many rows there are, and how many in each bucket; of numbers their sum, the least and the greatest."""

    number: int = 0
    total: float = 0.0
    least: float | None = None
    greatest: float | None = None
    buckets: dict[str, int] = {}


Counts = dict[str, Count]
# By group.
Grouped = dict[str, Counts]
_Bucket = str | float | None


def count(cells: Mapping[str, Sequence[Cell]], measures: Sequence[Measure], *, groups: Sequence[Cell]) -> Grouped:
    """Count rows, given column by column; `groups` tells of each row to whom it belongs."""
    # What can be is done once for equal values, and for each row by no code of ours: a million rows have ten measures.
    members = {group: str(group or "") for group in set(groups)}
    owners = [members[group] for group in groups]
    found: Grouped = {}
    for measure in measures:
        values: Sequence[Any] = cells[measure.column]
        if measure.other:
            values = list(zip(values, cells[measure.other], strict=True))
        buckets = {value: _bucket(measure.by, value) for value in set(values)}
        tally = Counter(zip(owners, map(buckets.__getitem__, values), strict=True))
        _put(found, measure, tally=tally)
    return found


def tallied(measure: Measure, rows: Iterable[tuple[Cell, Cell, int]]) -> Grouped:
    """Count what was counted already: groups, their values, and how many rows have them."""
    tally: Counter[tuple[str, _Bucket]] = Counter()
    for group, value, number in rows:
        tally[str(group or ""), _bucket(measure.by, value)] += number
    found: Grouped = {}
    _put(found, measure, tally=tally)
    return found


def add(into: Grouped, more: Mapping[str, Mapping[str, Count]]) -> None:
    """Add counts of other rows by the same measures."""
    for group, counts in more.items():
        mine = into.setdefault(group, {})
        for name, one in counts.items():
            _add(mine.setdefault(name, Count()), one)


def whole(grouped: Mapping[str, Mapping[str, Count]]) -> Counts:
    """All groups together."""
    found: Grouped = {}
    for counts in grouped.values():
        add(found, {"": counts})
    return found.get("", {})


def trim(counts: Counts, measures: Sequence[Measure]) -> None:
    """Leave each measure as many buckets as are worth keeping."""
    for measure in measures:
        if measure.name in counts:
            one = counts[measure.name]
            one.buckets = _trimmed(measure.by, one.buckets)


def _put(into: Grouped, measure: Measure, *, tally: Mapping[tuple[str, _Bucket], int]) -> None:
    seen: dict[str, dict[Any, int]] = {}
    for (group, bucket), number in tally.items():
        if bucket is not None:
            seen.setdefault(group, {})[bucket] = number
    for group, one in seen.items():
        counted = _numbers(one) if measure.by is By.NUMBER else _texts(measure.by, one)
        into.setdefault(group, {})[measure.name] = counted


def _texts(by: By, seen: Mapping[str, int]) -> Count:
    return Count(number=sum(seen.values()), buckets=_trimmed(by, seen))


def _numbers(seen: Mapping[float, int]) -> Count:
    buckets: Mapping[float, int] = seen
    if len(seen) > _MOST_NUMBERS:
        rounded: Counter[float] = Counter()
        for value, number in seen.items():
            rounded[_rounded(value)] += number
        buckets = dict(rounded.most_common(MOST_BUCKETS))
    return Count(
        number=sum(seen.values()),
        total=sum(value * number for value, number in seen.items()),
        least=min(seen),
        greatest=max(seen),
        buckets={repr(value): number for value, number in buckets.items()},
    )


def _trimmed(by: By, buckets: Mapping[str, int]) -> dict[str, int]:
    found = Counter(buckets)
    if by is By.NUMBER and len(found) > _MOST_NUMBERS:
        found = Counter()
        for bucket, number in buckets.items():
            found[repr(_rounded(float(bucket)))] += number
    if len(found) <= MOST_BUCKETS:
        return dict(found)
    kept = dict(found.most_common(MOST_BUCKETS))
    if by is By.VALUE:
        kept[REST] = kept.get(REST, 0) + found.total() - sum(kept.values())
    return kept


def _add(mine: Count, other: Count) -> None:
    mine.number += other.number
    mine.total += other.total
    mine.least = min((one for one in (mine.least, other.least) if one is not None), default=None)
    mine.greatest = max((one for one in (mine.greatest, other.greatest) if one is not None), default=None)
    for bucket, number in other.buckets.items():
        mine.buckets[bucket] = mine.buckets.get(bucket, 0) + number


def _bucket(by: By, value: Any) -> _Bucket:  # noqa: ANN401 - a cell, or two of them
    """Where a value is counted: by a text, or of numbers by itself; None if it is empty."""
    if value is None or (by is By.CELL and None in value):
        return None
    match by:
        case By.HOUR:
            return str(value // HOUR)
        case By.DAY:
            return str(value // DAY)
        case By.CELL:
            # 73.85 is a little less than it looks.
            return f"{math.floor(value[0] * 100 + _ROUNDING)} {math.floor(value[1] * 100 + _ROUNDING)}"
        case By.NUMBER:
            return float(value or 0)  # there are two noughts
        case By.VALUE:
            return str(value).lower() if isinstance(value, bool) else str(value)[:_LONGEST_VALUE]


def _rounded(value: float) -> float:
    """Downwards to its first digits, so that what ends a bin there does so exactly."""
    if not value:
        return value
    step = 10.0 ** (math.floor(math.log10(abs(value))) - _DIGITS + 1)
    return float(f"{math.floor(value / step) * step:.12g}") if step else value
