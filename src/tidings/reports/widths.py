"""Widths: which tables have room for their longest words, so that their cells need not break within a word.

To lay out cells that may break anywhere, WeasyPrint measures them letter by letter, which takes much of all its time.
What is not certain counts as too wide: such a table may break anywhere.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

# The class that a table gets; the stylesheet says what comes of it.
ROOMY = "tidings-roomy"
# Points: between the margins of A4, the narrowest paper of our stylesheet; a cell's padding; and its letters.
_WIDE, _PADDING, _LETTERS = 504.0, 11.4, 9.0
# Of that: the widest letters of each kind in the bold fonts that the stylesheet names.
_WIDEST = {"m": 1.15, "w": 1.15, "M": 1.15, "W": 1.15, "@": 1.15, "%": 1.15}
_CAPITAL, _OTHER, _FOREIGN = 0.9, 0.75, 2.0
# Not at spaces that hold words together.
_SPACES = re.compile(r"[ \t\n\r\f]+")
_BLOCKS = frozenset({"html", "body", "main", "article", "section", "div"})
_ROWS = frozenset({"caption", "thead", "tbody", "tfoot", "tr", "td", "th"})
# No pictures, and no tables within.
_WITHIN = _ROWS | {"a", "b", "strong", "i", "em", "small", "span", "bdi", "br"}
_HARMLESS = frozenset({"class", "id", "lang", "dir", "scope", "href", "title"})
# Classes of our stylesheet: parts that are narrower than the page, and cells that are one line.
_NARROW, _ONE_LINE = "figures", "number"


def mark_roomy_tables(page: Element) -> None:
    """Give those that certainly fit their class."""
    for table in _tables(page):
        if _is_roomy(table):
            table.set("class", f"{table.get('class', '')} {ROOMY}".strip())


def _tables(page: Element) -> Iterator[Element]:
    """Those that have the whole width of the page."""
    waiting = [page]
    while waiting:
        for child in waiting.pop():
            if _is_plain(child) and child.tag == "table":
                yield child
            elif _is_plain(child) and child.tag in _BLOCKS and _NARROW not in child.get("class", ""):
                waiting.append(child)


def _is_roomy(table: Element) -> bool:
    parts = [part for part in table.iter() if part is not table]
    if not all(part.tag in _WITHIN and _is_plain(part) for part in parts):
        return False
    widths: list[float] = []
    for row in table.iter("tr"):
        for at, cell in enumerate(row):
            if at == len(widths):
                widths.append(0.0)
            widths[at] = max(widths[at], _least_width(cell))
    return sum(widths) + len(widths) * _PADDING <= _WIDE


def _least_width(cell: Element) -> float:
    text = "".join(cell.itertext())
    words = [text] if _ONE_LINE in cell.get("class", "") else _SPACES.split(text)
    return max(map(_width, words))


def _is_plain(element: Element) -> bool:
    return _HARMLESS.issuperset(element.keys())


def _width(word: str) -> float:
    return _LETTERS * sum(map(_letter, word))


def _letter(letter: str) -> float:
    if not letter.isascii():
        return _FOREIGN
    return _WIDEST.get(letter, _CAPITAL if letter.isupper() else _OTHER)
