"""Rows: what a statement gives, as the struct or scalar that the caller asked for."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from tidings.store.database import Value

T = TypeVar("T")


def shaped(shape: type[T], rows: Iterable[Sequence[Value]], *, names: Sequence[str]) -> list[T]:
    """Convert rows by column names to a msgspec struct, or one-column rows to a scalar type; 0 and 1 may be flags."""
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        found: list[object] = [dict(zip(names, row, strict=True)) for row in rows]
    else:
        found = [row[0] for row in rows]
    return msgspec.convert(found, list[shape], strict=False)  # type: ignore[valid-type]  # the shape is a value here
