"""Symbols: what filters and keys are written with."""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from tidings.core.errors import Invalid

# Characters. Power BI cuts URLs at 2,048; whoever writes a longer one by hand lists some hundred keys.
LONGEST = 8_000


class Kind(StrEnum):
    """What a symbol is; their patterns are tried in this order."""

    SPACE = "space"
    TEXT = "text"
    INSTANT = "instant"
    GUID = "guid"
    DATE = "date"
    NUMBER = "number"
    WORD = "word"
    MARK = "mark"
    END = "end"


_PATTERNS = {
    Kind.SPACE: r"[ \t]+",
    Kind.TEXT: r"'(?:[^']|'')*'",
    # A plus that was not encoded arrives as a space.
    Kind.INSTANT: r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:Z|[-+ ]\d\d:\d\d)",
    Kind.GUID: r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    Kind.DATE: r"\d{4}-\d\d-\d\d",
    Kind.NUMBER: r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?",
    Kind.WORD: r"[A-Za-z_][A-Za-z0-9_]*",
    Kind.MARK: r"[(),=]",
}
# What consists of letters and digits ends where they end.
_OPEN_ENDED = {Kind.INSTANT, Kind.GUID, Kind.DATE, Kind.NUMBER, Kind.WORD}
_SYMBOL = re.compile(
    "|".join(
        f"(?P<{kind}>{pattern}{'(?![A-Za-z0-9_.:])' if kind in _OPEN_ENDED else ''})"
        for kind, pattern in _PATTERNS.items()
    ),
    re.ASCII,
)


class Symbol(NamedTuple):
    """A piece of text, and where it begins."""

    kind: Kind
    text: str
    at: int


class Symbols:
    """The symbols of a text, read from left to right; `place` is what the text is called in errors."""

    def __init__(self, text: str, *, place: str) -> None:
        if len(text) > LONGEST:
            raise Invalid(f"{place}: has {len(text)} characters; at most {LONGEST} are read")
        self._place = place
        self._symbols: Sequence[Symbol] = [*self._scan(text), Symbol(Kind.END, "", len(text))]
        self._next = 0

    @property
    def next(self) -> Symbol:
        """The symbol that comes next; it stays there."""
        return self._symbols[self._next]

    def take(self) -> Symbol:
        symbol = self.next
        if symbol.kind is not Kind.END:
            self._next += 1
        return symbol

    def takes(self, *texts: str) -> Symbol | None:
        """Take the next symbol if it is one of those words or marks."""
        return self.take() if self.next.kind in {Kind.WORD, Kind.MARK} and self.next.text in texts else None

    def expect(self, text: str) -> None:
        """Raises Invalid if the next symbol is another one."""
        if not self.takes(text):
            raise self.wrong(f"expected {text!r}")

    def wrong(self, why: str, *, at: int | None = None) -> Invalid:
        """The error that something is wrong there, or with the next symbol."""
        return Invalid(f"{self._place}: {why} at character {(self.next.at if at is None else at) + 1}")

    def _scan(self, text: str) -> Iterator[Symbol]:
        at = 0
        while at < len(text):
            found = _SYMBOL.match(text, at)
            if found is None:
                raise Invalid(f"{self._place}: cannot read what begins at character {at + 1}")
            kind = Kind(found.lastgroup or Kind.END)
            if kind is not Kind.SPACE:
                yield Symbol(kind, found.group(), at)
            at = found.end()
