"""Instants as the workspace's events write them, and as callers do."""

from datetime import UTC, datetime, timedelta

from tidings.core.errors import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(instant: int) -> str:
    """Epoch milliseconds as Kaizala's events have them: to the second, in UTC."""
    return f"{_EPOCH + timedelta(seconds=instant // 1_000):%Y-%m-%dT%H:%M:%SZ}"


def read_iso(text: str, *, field: str) -> int:
    """Epoch milliseconds of an ISO 8601 text; without an offset it is UTC. Raises Invalid, naming the field."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise Invalid(f"{field}: expected a time like 2026-01-31T09:00:00Z") from error
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(milliseconds=1)
