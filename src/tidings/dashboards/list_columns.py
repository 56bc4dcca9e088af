"""Columns of a SharePoint list: which of them hold those of a table, and new ones where there are none."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from tidings.core.row import Shape
from tidings.dashboards.graph import Graph, Reply
from tidings.dashboards.parcel import Said

# Every list has it, and shows it as the item's name.
TITLE = "Title"
# What SharePoint bears in a line of text, and in several.
_A_LINE, _LINES = 255, 63_999
# A guess at how often a name can be taken: by SharePoint's own columns, and by one of another kind.
_NAMES_TRIED = 5
_SHOWN = "id,name,displayName,hidden,readOnly,text,number,boolean,dateTime"
_KINDS = {
    Shape.TEXT: "text",
    Shape.NUMBER: "number",
    Shape.WHOLE: "number",
    Shape.TRUTH: "boolean",
    Shape.INSTANT: "dateTime",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A column that is needed. By keys items are looked for, so they are indexed, and a line of text at most."""

    shape: Shape
    is_key: bool = False
    is_unique: bool = False


class _Text(msgspec.Struct, frozen=True, rename="camel"):
    allow_multiple_lines: bool = False


class _Kind(msgspec.Struct, frozen=True):
    pass


class Column(msgspec.Struct, frozen=True, rename="camel"):
    """A column of a list; `name` is what it is called in an item's fields."""

    name: str
    display_name: str = ""
    hidden: bool = False
    read_only: bool = False
    text: _Text | None = None
    number: _Kind | None = None
    boolean: _Kind | None = None
    date_time: _Kind | None = None

    def holds(self, kind: str) -> bool:
        """Whether values of that kind can be written there."""
        found = {"text": self.text, "number": self.number, "boolean": self.boolean, "dateTime": self.date_time}
        return found[kind] is not None and not (self.hidden or self.read_only)

    def cut(self, value: Said) -> Said:
        """The value, no longer than the column bears."""
        if not isinstance(value, str) or self.text is None:
            return value
        return value[: _LINES if self.text.allow_multiple_lines else _A_LINE]


class _Columns(msgspec.Struct, frozen=True):
    value: list[Column]


class ListColumns:
    """The columns of one list, remembered until they are forgotten."""

    def __init__(self, path: str, graph: Graph) -> None:
        self._path = f"{path}/columns"
        self._graph = graph
        self._known: dict[str, Column] = {}
        # A list takes one new column at a time.
        self._widening = asyncio.Lock()

    def forget(self) -> None:
        self._known = {}

    async def read(self, *, until: float) -> Reply:
        """Learn which there are."""
        reply = await self._graph.get(f"{self._path}?$select={_SHOWN}", until=until)
        if not reply.is_good:
            return reply
        try:
            found = msgspec.json.decode(reply.body, type=_Columns).value
        except msgspec.DecodeError:
            return Reply(error="the answer is no list of columns")
        # The names that they have for programs come before those that people gave them.
        self._known = {one.display_name.lower(): one for one in found} | {one.name.lower(): one for one in found}
        return reply

    async def ready(self, wishes: Mapping[str, Wish], *, until: float) -> Mapping[str, Column] | Reply:
        """A column for each wish by its name, and the title; what Graph said if one cannot be had."""
        async with self._widening:
            if not self._known:
                reply = await self.read(until=until)
                if not reply.is_good:
                    return reply
            columns: dict[str, Column] = {}
            for name, wish in wishes.items():
                found = self._found(name, wish) or await self._made(name, wish, until=until)
                if isinstance(found, Reply):
                    self.forget()
                    return found
                columns[name] = found
            title = self._known.get(TITLE.lower())
            return columns | ({TITLE: title} if title is not None and title.holds("text") else {})

    def _found(self, name: str, wish: Wish) -> Column | None:
        kind = _KINDS[wish.shape]
        candidates = (self._known.get(one.lower()) for one in _names(name))
        return next((one for one in candidates if one is not None and one.holds(kind)), None)

    async def _made(self, name: str, wish: Wish, *, until: float) -> Column | Reply:
        reply = Reply(error="all names for a column are taken")
        for free in (one for one in _names(name) if one.lower() not in self._known):
            reply = await self._graph.post(self._path, _definition(free, wish), until=until)
            if reply.is_good:
                return self._noted(free, reply)
            if reply.status not in {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT}:
                break
            # Somebody may have made it meanwhile, or SharePoint keeps the name to itself.
            again = await self.read(until=until)
            if found := self._found(name, wish):
                return found
            if not again.is_good:
                return again
        return reply

    def _noted(self, name: str, made: Reply) -> Column | Reply:
        try:
            column = msgspec.json.decode(made.body, type=Column)
        except msgspec.DecodeError:
            return Reply(error="the answer is no column")
        # SharePoint may have shortened the name.
        self._known |= {name.lower(): column, column.name.lower(): column}
        return column


def _names(name: str) -> Iterator[str]:
    """What a column may be called: some names are SharePoint's own, or of a column of another kind.

    No column of a table ends in two underscores.
    """
    return (name + "__" * number for number in range(_NAMES_TRIED))


def _definition(name: str, wish: Wish) -> dict[str, object]:
    kind = _KINDS[wish.shape]
    facet = {"allowMultipleLines": not wish.is_key, "textType": "plain"} if kind == "text" else {}
    return {
        "name": name,
        "displayName": name,
        "indexed": wish.is_key,
        "enforceUniqueValues": wish.is_unique,
        kind: facet,
    }
