"""Moment: an instant as every feed writes it, RFC 3339 in UTC."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(instant: int) -> datetime:
    """The instant of epoch milliseconds, in UTC."""
    return _EPOCH + timedelta(milliseconds=instant)


def moment_text(instant: int) -> str:
    """Like `2024-01-31T09:00:00.000Z`."""
    return moment(instant).isoformat(timespec="milliseconds")[:-6] + "Z"
