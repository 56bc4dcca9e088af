"""Flat: a JSON object of which nothing is known, laid out in columns.

| in the object | in the row |
|---|---|
| a text, a number, true or false, up to four levels deep | a column, named after the way there |
| an ISO 8601 text with its zone | a column of instants |
| whole numbers and others | one shape, so that 1 and 1.5 meet in one column |
| whole numbers that a double does not hold | text: they are ids |
| an array of texts and numbers | text, by comma |
| an array of objects | rows of a child table, as an order's lines are what its totals are made of |
| null, and an empty text, array or object | nothing |
| all the rest | the column `rest`, as JSON by dotted path |

What was a number once and is a text now gets another column: to be known by its shape too is what keeps the older rows.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tidings.core.cell import commented, instant_of
from tidings.core.row import Cell, Field, Shape

# Levels. Deeper ones are details of details; those who want them find them in `rest`.
DEEPEST = 4
# The tables have 150 columns; ten are for what every row has.
MOST_COLUMNS = 140
# Child tables of one object, and rows of one array: guesses that leave room for any order.
MOST_LISTS, MOST_ITEMS = 10, 1_000

# As long as the tables' names can be.
_LONGEST_NAME = 60
_LARGEST_EXACT = 2**53
# The shortest instant: 2026-01-01T00Z. Others are not worth the try.
_SHORTEST_INSTANT = len("2026-01-01T00Z")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_Path = tuple[str, ...]
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """An object's columns, and the rows of its arrays of objects, by way there.

    `rest` comes first and always, so that it is there before a table is full.
    """

    fields: tuple[Field, ...]
    lists: Mapping[str, Sequence["Flat"]]


def lay_flat(document: Mapping[str, Any]) -> Flat:
    """Lay an object out; equal objects give equal columns."""
    layout = _Layout()
    layout.lay(document, ())
    return layout.result()


@dataclass(slots=True, kw_only=True)
class _Layout:
    fields: list[Field] = field(default_factory=list)
    lists: dict[str, Sequence[Flat]] = field(default_factory=dict)
    rest: dict[str, Any] = field(default_factory=dict)
    is_child: bool = False

    def lay(self, document: Mapping[str, Any], path: _Path) -> None:
        for name, value in document.items():
            way = (*path, name)
            path_to = ".".join(way)
            if path_to in self.lists or path_to in self.rest:
                path_to = _pointer(way)  # a name held the dot
            if value is None or value in ("", [], {}):
                continue
            if isinstance(value, dict) and len(way) < DEEPEST:
                self.lay(value, way)
            elif isinstance(value, list) and self._has_room_for(value):
                self.lists[path_to] = list(map(_child, value))
            elif (found := _cell(value)) and len(self.fields) < MOST_COLUMNS:
                self.fields.append(_field(way, *found))
            else:
                self.rest[path_to] = value

    def result(self) -> Flat:
        rest = _encode(self.rest).decode() if self.rest else None
        first = Field("rest", "rest", Shape.TEXT, rest, "What has no column, as JSON by dotted path.")
        return Flat(fields=(first, *self.fields), lists=self.lists)

    def _has_room_for(self, value: Sequence[Any]) -> bool:
        return (
            not self.is_child
            and len(self.lists) < MOST_LISTS
            and len(value) <= MOST_ITEMS
            and all(isinstance(one, dict) for one in value)
        )


def _child(document: Mapping[str, Any]) -> Flat:
    layout = _Layout(is_child=True)
    layout.lay(document, ())
    return layout.result()


def _field(path: _Path, shape: Shape, value: Cell) -> Field:  # noqa: PLR0917 - as `_cell` gives them
    return Field(f"data:{shape}:{_pointer(path)}", _wish(path), shape, value, commented(f"{'.'.join(path)} ({shape})"))


def _pointer(path: _Path) -> str:
    """A JSON pointer (RFC 6901): different wherever paths are, whatever their names hold."""
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in path)


def _wish(path: _Path) -> str:
    """The way there, or as much of its end as a name can hold."""
    words = [_HUMP.sub("_", name).lower() for name in path]
    while len(words) > 1 and len("_".join(words)) > _LONGEST_NAME:
        words = words[1:]
    return "_".join(words)


def _cell(value: Any) -> tuple[Shape, Cell] | None:  # noqa: ANN401 - any JSON
    if isinstance(value, bool):
        return Shape.TRUTH, value
    if isinstance(value, int | float):
        is_exact = isinstance(value, float) or abs(value) <= _LARGEST_EXACT
        return (Shape.NUMBER, float(value)) if is_exact else (Shape.TEXT, str(value))
    if isinstance(value, str):
        at = instant_of(value) if len(value) >= _SHORTEST_INSTANT and value[0].isdigit() else None
        return (Shape.TEXT, value) if at is None else (Shape.INSTANT, at)
    if isinstance(value, list) and not any(isinstance(one, dict | list) for one in value):
        return Shape.TEXT, ", ".join(_words(value))
    return None


def _words(values: Sequence[Any]) -> Iterator[str]:
    for value in values:
        if value is not None:
            yield value if isinstance(value, str) else _encode(value).decode()
