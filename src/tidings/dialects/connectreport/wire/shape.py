"""What the shapes have in common: their spelling, how instants and durations are written, and what is partly told."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tidings.core.cell import iso
from tidings.core.duration import parse_duration
from tidings.core.errors import Invalid
from tidings.core.report import Filter, Value

# The year 2109; the store's identifiers hold the instant and 20 bits more.
_LATEST = 2**42

Instant = Annotated[datetime, Meta(tz=True)]
Title = Annotated[str, Meta(min_length=1, max_length=200)]
Id = Annotated[str, Meta(min_length=1, max_length=100)]


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Names in camelCase, instants by ISO 8601 in UTC; what is not there is absent."""


class ToldFilter(Wire, frozen=True, kw_only=True):
    """Rows whose field is one of the values, of every query that has a column of that name."""

    field: Annotated[str, Meta(min_length=1, max_length=255)]
    values: Annotated[list[Value], Meta(max_length=1_000)]

    def meant(self) -> Filter:
        return Filter(field=self.field, values=tuple(self.values))


class ToldTag(Wire, frozen=True, kw_only=True):
    """A tag of tasks and reports."""

    id: str
    title: str


def told_filters(filters: tuple[Filter, ...]) -> list[ToldFilter]:
    return [ToldFilter(field=one.field, values=list(one.values)) for one in filters]


def instant_in(value: datetime, *, place: str) -> int:
    """Epoch milliseconds. Raises Invalid for what lies before 1970 or after 2109."""
    instant = round(value.timestamp() * 1_000)
    if not 0 <= instant <= _LATEST:
        raise Invalid(f"{place}: must be between the years 1970 and 2109")
    return instant


def told_instant(instant: int | None) -> str | UnsetType:
    return UNSET if instant is None else iso(instant)


def duration_in(text: str, *, place: str) -> int:
    """Milliseconds. Raises Invalid, naming the field."""
    try:
        return parse_duration(text)
    except Invalid as error:
        raise Invalid(f"{place}: {error.message}") from error
