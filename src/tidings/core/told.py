"""Told: what a source told us of, in the table of all events and, laid flat, in one of its own."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from tidings.core.cell import LONGEST_KEY, commented, instant, key, text, whole
from tidings.core.errors import Invalid
from tidings.core.flat import Flat, lay_flat
from tidings.core.row import Change, Family, Field, Place, Row, row_of

EVENTS = Place("events", "events", "Every event: one row an event, however often it was told.")
_ID = "Equal however often the event was told."


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event as a source told it.

    `id` is what it is known by for good (see `identified`), `wire_id` what the source calls it. `at` is when it
    happened, `arrived_at` when we were told, both in epoch milliseconds. `type` may be empty.
    """

    id: str
    source: str
    type: str
    wire_id: str = ""
    at: int
    arrived_at: int

    @property
    def version(self) -> int:
        """Of an event that is told again the first telling stays, in whatever order they are laid."""
        return -self.arrived_at


def identified(*parts: str | bytes) -> str:
    """An id of 32 characters, equal for equal parts alone."""
    said = hashlib.sha256()
    for part in parts:
        octets = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        said.update(b"%d:%b" % (len(octets), octets))
    return said.hexdigest()[:32]


def event_row(told: Told) -> Row:
    """Its row in the table of all events."""
    fields = (
        instant("at", told.at, comment="When it was said."),
        text("source", told.source, comment="Who told it."),
        text("type", told.type),
        text("wire_id", told.wire_id, comment="What the source calls the event."),
    )
    return row_of(place=EVENTS, key=(key("event_id", told.id, comment=_ID),), fields=fields, version=told.version)


def changes_of(told: Told, document: Mapping[str, Any], *, also: Sequence[Field] = ()) -> tuple[Change, ...]:
    """The event, its data in a table for that source and type, and the data's arrays of objects in tables below it.

    `also` are fields of the event that do not stand in its data. Raises Invalid for what cannot name a table.
    """
    if len(told.type) > LONGEST_KEY:
        raise Invalid(f"type: has {len(told.type)} characters; at most {LONGEST_KEY} can name a table")
    return (event_row(told), *_laid(told, lay_flat(document), also=also))


def _laid(told: Told, flat: Flat, *, also: Sequence[Field]) -> Iterator[Change]:
    name = f"{told.source}_{told.type}" if told.type else told.source
    what = f"{told.type} of {told.source}" if told.type else told.source
    place = Place(f"told:{told.source}:{told.type}", name, commented(f"Data of {what}."))
    event = key("event_id", told.id, comment=_ID)
    at = instant("at", told.at, comment="When it was said.")
    yield row_of(place=place, key=(event,), fields=(at, *also, *flat.fields), version=told.version)
    for path, items in flat.lists.items():
        # The length says where the type ends, which may hold anything.
        origin = f"items:{told.source}:{len(told.type)}:{told.type}:{path}"
        child = Place(origin, f"{name}_{path}", commented(f"The items of {path} in data of {what}."))
        rows = tuple(
            row_of(place=child, key=(event, _item(number)), fields=(at, *item.fields), version=told.version)
            for number, item in enumerate(items)
        )
        yield Family(place=child, parent=(event,), rest=(_item(0),), rows=rows, version=told.version)


def _item(number: int) -> Field:
    return whole("item", number, comment="In the array, from 0.")
