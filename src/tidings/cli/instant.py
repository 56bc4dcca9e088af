"""Instants as people write them on the command line."""

from datetime import UTC, datetime

from tidings.core.duration import parse_duration
from tidings.core.errors import Invalid


def read_instant(text: str, *, now: int, option: str) -> int:
    """Epoch milliseconds: `2h` for two hours ago, ISO 8601 (UTC if it names no zone), or epoch milliseconds."""
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        return now - parse_duration(text)
    except Invalid:
        pass
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(
            f"{option}: write how long ago (like 2h), a date like 2026-03-16T06:00:00Z, or epoch milliseconds"
        ) from error
    return int((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() * 1_000)
