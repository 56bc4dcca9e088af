"""Rows: what a statement gives, as the struct or scalar that the caller asked for."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from tidings.store.database import Value

T = TypeVar("T")


def shaped(shape: type[T], rows: Iterable[Sequence[Value]], *, names: Sequence[str]) -> list[T]:
    """Convert rows to a scalar type, or to a msgspec struct by column names; by their order if it is array-like.

    Lax, because both engines keep flags as 0 and 1.
    """
    found: list[object]
    if not issubclass(shape, msgspec.Struct):
        found = [row[0] for row in rows]
    elif shape.__struct_config__.array_like:
        found = list(rows)
    else:
        found = [dict(zip(names, row, strict=True)) for row in rows]
    return msgspec.convert(found, list[shape], strict=False)  # type: ignore[valid-type]  # the shape is a value here
