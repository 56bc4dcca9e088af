"""Instants as people write them on the command line."""

from contextlib import suppress

from tidings.core.duration import parse_duration
from tidings.core.errors import Invalid
from tidings.web import instant


def read_instant(text: str, *, now: int, option: str) -> int:
    """Epoch milliseconds: of `2h` ago, or as the API takes instants. Raises Invalid."""
    with suppress(Invalid):
        return now - parse_duration(text)
    return instant.read_instant(text, place=option)
