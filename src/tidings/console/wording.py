"""Wording: instants, durations, sizes and numbers as people read them."""

import itertools
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unicodedata import category

from markupsafe import Markup

from tidings.core.clock import DAY, HOUR, MINUTE, SECOND, Clock
from tidings.core.identifier import outside

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEPS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))
_KILO = 1_000
# From here on a date says more than a distance.
_FAR = 30 * DAY
# Besides lines and tabs what joins letters or keeps them apart, as Malayalam, Persian and pictures of families need it.
_HARMLESS = frozenset("\n\t\u200c\u200d")
_NOT_IN_IDS = re.compile(r"[^a-z0-9]+")


class Moments:
    """Instants beside the present one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def moment(self, at: int | None) -> Markup:
        """An instant as a distance, with the exact time on hover; a dash for none."""
        if not at:
            return Markup("–")
        exact = _datetime(at)
        return Markup('<time datetime="{}" title="{}" data-at="{}">{}</time>').format(
            exact.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            f"{exact:%Y-%m-%d %H:%M:%S} UTC",
            at,
            self.ago(at),
        )

    def ago(self, at: int) -> str:
        """A distance in words: `3 min ago`, `in 2 h`."""
        distance = self._clock.now() - at
        if abs(distance) < SECOND:
            return "now"
        if abs(distance) >= _FAR:
            return f"{_datetime(at):%Y-%m-%d}"
        length = _rough(abs(distance))
        return f"{length} ago" if distance > 0 else f"in {length}"


def number(value: float) -> str:
    """Digits in threes; fractions only of what is small, and what is not nothing never as nothing."""
    if 0 < abs(value) < 0.1:  # noqa: PLR2004 - one digit would say none or a tenth
        return f"{value:.2g}"
    if value != round(value) and abs(value) < 100:  # noqa: PLR2004 - two digits before it
        return f"{value:,.1f}"
    return f"{round(value):,}"


def duration(ms: float) -> str:
    """A length of time: `420 ms`, `1.2 s`, `3 min 20 s`."""
    if ms < SECOND:
        return f"{ms:.0f} ms"
    if ms < 10 * SECOND:
        return f"{ms / SECOND:.1f} s"
    whole = round(ms)
    for (length, sign), (lesser, lesser_sign) in itertools.pairwise(_STEPS):
        if whole >= length:
            rest = whole % length // lesser
            return f"{whole // length} {sign}" + (f" {rest} {lesser_sign}" if rest else "")
    return f"{whole // SECOND} s"


def size(count: float) -> str:
    """So many bytes."""
    if count < _KILO:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= _KILO
        if count < _KILO:
            return f"{count:.1f} {unit}" if count < 10 else f"{count:.0f} {unit}"  # noqa: PLR2004 - one digit
    return f"{count / _KILO:.1f} TB"


def plural(count: float, one: str, *, many: str = "") -> str:
    """`1 event`, `2 events`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def exactly(at: int) -> str:
    """An instant in full, UTC."""
    return f"{_datetime(at):%Y-%m-%d %H:%M:%S.}{at % SECOND:03d} UTC"


def showable(text: object) -> str:
    """Text from outside, without what would turn a line around or hide in it."""
    text = str(text)
    if text.isprintable():
        return text
    return "".join(
        [sign if sign.isprintable() or _is_harmless(sign) else "\ufffd" for sign in text.replace("\r\n", "\n")]
    )


def _is_harmless(sign: str) -> bool:
    return sign in _HARMLESS or category(sign) == "Zs"


def slug(text: str) -> str:
    """A text as the id of an element."""
    return _NOT_IN_IDS.sub("-", text.lower()).strip("-")


def _rough(ms: int) -> str:
    return next(f"{ms // length} {sign}" for length, sign in _STEPS if ms >= length)


def _datetime(at: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=at)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


FILTERS: dict[str, Callable[..., Any]] = {
    "number": number,
    "duration": duration,
    "size": size,
    "plural": plural,
    "exactly": exactly,
    "outside": outside,
    "showable": showable,
    "slug": slug,
}
