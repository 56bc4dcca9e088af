"""Counts: what rows hold, counted; counts of parts add up to the count of the whole."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum

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


def count(cells: Mapping[str, Sequence[Cell]], measures: Sequence[Measure], *, groups: Sequence[Cell]) -> Grouped:
    """Count rows, given column by column; `groups` tells of each row to whom it belongs."""
    found: Grouped = {}
    for measure in measures:
        seen: dict[str, dict[tuple[Cell, ...], int]] = {}
        wanted = [cells[name] for name in (measure.column, measure.other) if name]
        for (group, *values), number in Counter(zip(groups, *wanted, strict=True)).items():
            if None not in values:
                seen.setdefault(str(group or ""), {})[tuple(values)] = number
        for group, one in seen.items():
            found.setdefault(group, {})[measure.name] = _count(measure.by, one)
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


def _count(by: By, seen: Mapping[tuple[Cell, ...], int]) -> Count:
    if by is By.NUMBER:
        return _numbers({float(value or 0): number for (value,), number in seen.items()})
    buckets: Counter[str] = Counter()
    for values, number in seen.items():
        buckets[_bucket(by, values)] += number
    return Count(number=sum(seen.values()), buckets=_trimmed(by, buckets))


def _numbers(seen: Mapping[float, int]) -> Count:
    buckets: Counter[float] = Counter()
    for value, number in seen.items():
        buckets[_rounded(value) if len(seen) > _MOST_NUMBERS else value] += number
    return Count(
        number=sum(seen.values()),
        total=sum(value * number for value, number in seen.items()),
        least=min(seen),
        greatest=max(seen),
        buckets={repr(value): number for value, number in buckets.most_common(MOST_BUCKETS)},
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


def _bucket(by: By, values: tuple[Cell, ...]) -> str:
    value = values[0]
    match by:
        case By.HOUR:
            return str(int(value or 0) // HOUR)
        case By.DAY:
            return str(int(value or 0) // DAY)
        case By.CELL:
            # 73.85 is a little less than it looks.
            return " ".join(str(math.floor(float(one or 0) * 100 + _ROUNDING)) for one in values)
        case By.VALUE | By.NUMBER:
            return str(value).lower() if isinstance(value, bool) else str(value)[:_LONGEST_VALUE]


def _rounded(value: float) -> float:
    """Downwards to its first digits, so that what ends a bin there does so exactly."""
    if not value:
        return value
    step = 10.0 ** (math.floor(math.log10(abs(value))) - _DIGITS + 1)
    return float(f"{math.floor(value / step) * step:.12g}") if step else value
