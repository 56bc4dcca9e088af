"""SharePoint: rows kept in a list, an item for each key, however often and in whatever order they are told."""

import hashlib
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote

import msgspec

from tidings.core.clock import SECOND, Clock
from tidings.core.row import Shape
from tidings.dashboards.graph import Graph, Part, Reply
from tidings.dashboards.list_columns import TITLE, Column, ListColumns, Wish
from tidings.dashboards.parcel import Gone, Said, Told, ToldRow

# Columns of ours: by which an item is found again, and how new the row is that it holds.
KEY, VERSION = "TidingsKey", "TidingsVersion"
_OURS = {KEY: Wish(shape=Shape.TEXT, is_key=True, is_unique=True), VERSION: Wish(shape=Shape.WHOLE)}
# Items that one request takes away; Graph tells by a link that there are more.
_GONE_AT_ONCE = 100
# Where Graph does not say how long to wait: a guess, doubled each time.
_FIRST_WAIT_MS = SECOND
_ITEM = f"$expand=fields($select={VERSION})"
# A column that was there before us need not be indexed.
_BY_ANY_COLUMN = {"Prefer": "HonorNonIndexedQueriesWarningMayFailRandomly"}

Values = Mapping[str, Said]
T = TypeVar("T")


class _Fields(msgspec.Struct, frozen=True):
    version: float | None = msgspec.field(name=VERSION, default=None)


class _Item(msgspec.Struct, frozen=True):
    id: str
    tag: str = msgspec.field(name="eTag", default="")
    fields: _Fields = _Fields()

    @property
    def version(self) -> float:
        return -math.inf if self.fields.version is None else self.fields.version


class _Items(msgspec.Struct, frozen=True):
    value: list[_Item]
    more: str = msgspec.field(name="@odata.nextLink", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What an item is to hold, at least."""

    version: int
    values: Values


class SharePointList:
    """One list, at a path in Graph. Several deliveries may be kept at a time."""

    def __init__(self, path: str, *, graph: Graph, clock: Clock) -> None:
        self._items = f"{path}/items"
        self._graph = graph
        self._clock = clock
        self._columns = ListColumns(path, graph)

    async def look(self, *, until: float) -> Reply:
        """Read its columns: whether it is there, and may be entered."""
        return await self._columns.read(until=until)

    async def keep(self, told: Told, *, shapes: Mapping[str, Shape], until: float) -> Sequence[Reply]:
        """Bring the list up to what is told; what Graph said of that which it did not take.

        An item whose version is greater stays. What fails for the moment is tried again by itself, when Graph wants it
        to be, until then. `shapes` are those of the table's columns.
        """
        keys = {name for row in told.rows for name in row.key} | {name for gone in told.gone for name in gone.where}
        names = dict.fromkeys([*keys, *(name for row in told.rows for name in row.values)])
        wishes = {name: Wish(shape=shapes.get(name, Shape.TEXT), is_key=name in keys) for name in names}
        columns = await self._columns.ready(_OURS | wishes, until=until)
        if isinstance(columns, Reply):
            return [columns]
        wanted = {key: _fitted(one, columns) for key, one in _folded(told.rows).items()}
        filters = {str(number): _filter(gone, columns) for number, gone in enumerate(told.gone)}
        failed = [
            *await self._insist(partial(self._write, until=until), wanted, until=until),
            *await self._insist(partial(self._remove, until=until), filters, until=until),
        ]
        if failed:
            # Somebody may have changed a column.
            self._columns.forget()
        return failed

    async def _insist(
        self,
        work: Callable[[Mapping[str, T]], Awaitable[Mapping[str, Reply]]],
        pending: Mapping[str, T],
        *,
        until: float,
    ) -> Sequence[Reply]:
        """Do the work, and that which fails for the moment again; what Graph said of the rest."""
        given_up: list[Reply] = []
        wait_ms = _FIRST_WAIT_MS
        is_first = True
        while pending:
            failed = await work(pending)
            # What is refused is looked at once more: somebody may have made the very item meanwhile.
            again = {name: reply for name, reply in failed.items() if reply.is_passing or is_first}
            given_up += [reply for name, reply in failed.items() if name not in again]
            is_first = False
            pause_ms = max((reply.retry_after_ms for reply in again.values()), default=0) or wait_ms
            if again and self._clock.monotonic() + pause_ms / SECOND >= until:
                return [*given_up, *again.values()]
            if again:
                await self._clock.sleep(pause_ms / SECOND)
            wait_ms *= 2
            pending = {name: pending[name] for name in again}
        return given_up

    async def _write(self, wanted: Mapping[str, _Wanted], *, until: float) -> Mapping[str, Reply]:
        """Change the items of those keys, or make them; what failed, by key."""
        asked = [Part(method="GET", url=f"{self._items}?{_ITEM}&$top=1&$filter={_equal(KEY, key)}") for key in wanted]
        failed: dict[str, Reply] = {}
        parts: dict[str, Part] = {}
        for key, reply in zip(wanted, await self._graph.batch(asked, until=until), strict=True):
            found = _items_of(reply)
            if isinstance(found, Reply):
                failed[key] = found
            elif not found.value:
                parts[key] = Part(method="POST", url=self._items, body={"fields": wanted[key].values})
            elif found.value[0].version <= wanted[key].version:
                parts[key] = self._changing(found.value[0], wanted[key])
        replies = zip(parts, await self._graph.batch(list(parts.values()), until=until), strict=True)
        return failed | {key: reply for key, reply in replies if not reply.is_good}

    def _changing(self, item: _Item, wanted: _Wanted) -> Part:
        headers = {"If-Match": item.tag} if item.tag else {}
        return Part(method="PATCH", url=f"{self._items}/{quote(item.id)}/fields", headers=headers, body=wanted.values)

    async def _remove(self, filters: Mapping[str, str], *, until: float) -> Mapping[str, Reply]:
        """Take away the items that pass a filter; what failed, by filter's name."""
        failed: dict[str, Reply] = {}
        while filters:
            more: dict[str, str] = {}
            parts: list[tuple[str, Part]] = []
            asked = [
                Part(
                    method="GET",
                    url=f"{self._items}?{_ITEM}&$top={_GONE_AT_ONCE}&$filter={one}",
                    headers=_BY_ANY_COLUMN,
                )
                for one in filters.values()
            ]
            for name, reply in zip(filters, await self._graph.batch(asked, until=until), strict=True):
                found = _items_of(reply)
                if isinstance(found, Reply):
                    failed[name] = found
                    continue
                parts += [(name, Part(method="DELETE", url=f"{self._items}/{quote(one.id)}")) for one in found.value]
                more |= {name: filters[name]} if found.more and found.value else {}
            replies = await self._graph.batch([part for _, part in parts], until=until)
            for (name, _), reply in zip(parts, replies, strict=True):
                if not reply.is_good and reply.status != HTTPStatus.NOT_FOUND:
                    failed[name] = reply
            filters = {name: one for name, one in more.items() if name not in failed}
        return failed


def _items_of(reply: Reply) -> _Items | Reply:
    if not reply.is_good:
        return reply
    try:
        return msgspec.json.decode(reply.body, type=_Items)
    except msgspec.DecodeError:
        return Reply(error="the answer is no list of items")


def _folded(rows: Sequence[ToldRow]) -> Mapping[str, _Wanted]:
    """What each item is to hold after all of the rows, by its key, in the names of the table."""
    folded: dict[str, _Wanted] = {}
    for row in rows:
        key = _key(row)
        before = folded.get(key, _Wanted(version=row.version, values={}))
        if row.version >= before.version:
            title = ", ".join(str(value) for value in row.key.values())
            ours: Values = {TITLE: title, KEY: key, VERSION: row.version}
            folded[key] = _Wanted(version=row.version, values={**before.values, **ours, **row.key, **row.values})
    return folded


def _fitted(wanted: _Wanted, columns: Mapping[str, Column]) -> _Wanted:
    """The same in the names of the list."""
    named = ((columns[name], value) for name, value in wanted.values.items() if name in columns)
    return _Wanted(version=wanted.version, values={column.name: column.cut(value) for column, value in named})


def _key(row: ToldRow) -> str:
    """A row's key as a word: SharePoint compares texts without regard to case, and indexes no long ones."""
    text = msgspec.json.encode([row.table, row.key], order="sorted")
    return hashlib.sha256(text).hexdigest()[:40]


def _filter(gone: Gone, columns: Mapping[str, Column]) -> str:
    found = [_equal(columns[name].name, value) for name, value in gone.where.items()]
    return "%20and%20".join([*found, f"fields/{columns[VERSION].name}%20lt%20{gone.older_than}"])


def _equal(name: str, value: Said) -> str:
    """A condition as it stands in a URL."""
    if isinstance(value, bool):
        literal = str(int(value))
    elif isinstance(value, str):
        literal = quote("'" + value.replace("'", "''") + "'", safe="'")
    else:
        literal = "null" if value is None else repr(value)
    return f"fields/{name}%20eq%20{literal}"
