"""Instants as callers write them: epoch milliseconds, or RFC 3339 with its offset."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from tidings.core.errors import Invalid

# The year 2109; the store's identifiers hold the instant and 20 bits more.
LATEST = 2**42

Instant = Annotated[int, Meta(ge=0, le=LATEST)] | Annotated[datetime, Meta(tz=True)]


def instant_of(value: int | datetime, *, place: str) -> int:
    """Epoch milliseconds. Raises Invalid for what lies before 1970 or after 2109."""
    instant = value if isinstance(value, int) else round(value.timestamp() * 1_000)
    if not 0 <= instant <= LATEST:
        raise Invalid(f"{place}: must be between the years 1970 and 2109")
    return instant


def read_instant(text: str, *, place: str) -> int:
    """Epoch milliseconds, of what stands in a query. Raises Invalid."""
    if text.isascii() and text.isdigit():
        # Too many digits are too late, whatever they are.
        return instant_of(int(text[:20]), place=place)
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        value = None
    if value is None or value.tzinfo is None:
        raise Invalid(f"{place}: must be epoch milliseconds, or a time with its offset like 2026-01-31T09:00:00Z")
    return instant_of(value, place=place)
