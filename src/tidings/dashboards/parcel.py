"""Parcel: rows as they are sent on, so many together, by the names that their tables and columns have."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from tidings.core.errors import NotFound
from tidings.core.row import Cell, Change, Family, Field, Row, Shape
from tidings.dashboards.moment import moment_text

if TYPE_CHECKING:
    from tidings.tables.tables import Tables

# Guesses at what every receiver takes; a single row may have more bytes.
MOST_ROWS, LARGEST = 100, 256_000


class Item(msgspec.Struct, frozen=True, gc=False):
    """A row, or with `is_gone` a word on rows that are no more, as JSON."""

    json: bytes
    is_gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """The data of one event, and the receipts that are told completely with it."""

    data: bytes
    receipts: Sequence[int]


# What a cell is in JSON.
Said = str | int | float | bool | None


class ToldRow(msgspec.Struct, frozen=True):
    """A row as it is told: its key and the values that were said, by the columns' names."""

    table: str
    key: dict[str, Said]
    version: int
    values: dict[str, Said]


class Gone(msgspec.Struct, frozen=True, rename="camel"):
    """Rows with these values are no more, if they are of an older version."""

    table: str
    where: dict[str, Said]
    older_than: int


class Told(msgspec.Struct, frozen=True):
    """What a parcel says."""

    rows: list[ToldRow]
    gone: list[Gone]


class _Callback(msgspec.Struct, frozen=True):
    data: Told


def told_by(callback: bytes) -> Told:
    """What the callback of a parcel says."""
    return msgspec.json.decode(callback, type=_Callback).data


def items_of(changes: Sequence[Change], *, tables: "Tables", wish: str) -> Iterator[Item]:
    """What there is to tell of the table that is wished for, or with an empty wish of all. It may block."""
    for change in changes:
        # The tables of old surveys make room for those of new ones; their answers are told of as rows of `answers`.
        with contextlib.suppress(NotFound):
            yield from list(_items(change, tables=tables, wish=wish))


def _items(change: Change, *, tables: "Tables", wish: str) -> Iterator[Item]:
    if isinstance(change, Row):
        yield from _row(change, tables=tables, wish=wish)
        return
    table, where = _named(change, change.parent, tables=tables)
    if wish in {"", table}:
        gone = {"table": table, "where": where, "olderThan": change.version}
        yield Item(msgspec.json.encode(gone), is_gone=True)
    for row in change.rows:
        yield from _row(row, tables=tables, wish=wish)


def parcels_of(told: Mapping[int, Sequence[Item]], *, sink: str) -> Iterator[Parcel]:
    """The items of receipts, packed in their order. Receipts without any are in no parcel."""
    packed: list[Item] = []
    size, receipts = 0, list[int]()
    for receipt, items in told.items():
        for item in items:
            if packed and (len(packed) == MOST_ROWS or size + len(item.json) > LARGEST):
                yield _packed(packed, sink=sink, receipts=receipts)
                packed, size, receipts = [], 0, []
            packed.append(item)
            size += len(item.json)
        if items:
            receipts.append(receipt)
    if packed:
        yield _packed(packed, sink=sink, receipts=receipts)


def _packed(items: Sequence[Item], *, sink: str, receipts: Sequence[int]) -> Parcel:
    data = {
        "sink": sink,
        "rows": [msgspec.Raw(item.json) for item in items if not item.is_gone],
        "gone": [msgspec.Raw(item.json) for item in items if item.is_gone],
    }
    return Parcel(data=msgspec.json.encode(data), receipts=tuple(receipts))


def _row(row: Row, *, tables: "Tables", wish: str) -> Iterator[Item]:
    table, cells = _named(row, (*row.key, *row.fields), tables=tables)
    if wish in {"", table}:
        # A key is never left out of a table, and its names come first.
        names = list(cells)[: len(row.key)]
        key = {name: cells.pop(name) for name in names}
        yield Item(msgspec.json.encode({"table": table, "key": key, "version": row.version, "values": cells}))


def _named(change: Row | Family, fields: Sequence[Field], *, tables: "Tables") -> tuple[str, dict[str, Cell]]:
    table, names = tables.named_as(change.place, fields)
    return table, {name: _cell(one) for name, one in zip(names, fields, strict=True) if name}


def _cell(one: Field) -> Cell:
    if one.shape is Shape.INSTANT and isinstance(one.value, int):
        return moment_text(one.value)
    return bool(one.value) if one.shape is Shape.TRUTH and one.value is not None else one.value
