"""Period: the time that a list is of, as a form spells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tidings.core.clock import DAY, HOUR, MINUTE
from tidings.core.errors import Invalid
from tidings.web.instant import LATEST, read_instant

# What a form offers, and how long ago that began.
SPANS: Mapping[str, tuple[str, int]] = {
    "": ("any time", 0),
    "15m": ("the last 15 minutes", 15 * MINUTE),
    "1h": ("the last hour", HOUR),
    "1d": ("the last day", DAY),
    "7d": ("the last 7 days", 7 * DAY),
    "30d": ("the last 30 days", 30 * DAY),
}
OPTIONS = [(name, title) for name, (title, _) in SPANS.items()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `since` up to `until`, in epoch milliseconds; without end if that is None."""

    since: int = 0
    until: int | None = None


def period_of(fields: Mapping[str, str], *, now: int) -> Period:
    """What `span`, `since` and `until` say; a span counts where `since` is empty. Raises Invalid for none of these."""
    span = fields.get("span", "")
    if span not in SPANS:
        raise Invalid(f"span: choose one of {', '.join(filter(None, SPANS))}, or none")
    since = read_local(fields.get("since", ""), place="since")
    until = read_local(fields.get("until", ""), place="until")
    if since is None:
        since = now - SPANS[span][1] if span else 0
    if until is not None and until <= since:
        raise Invalid("until: must be later than the start")
    return Period(since=since, until=until)


def read_local(text: str, *, place: str) -> int | None:
    """An instant as a browser's field writes it, without offset, in UTC; None for an empty field. Raises Invalid."""
    text = text.strip()
    if not text:
        return None
    if text.isdigit():
        return read_instant(text, place=place)
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return read_instant(text, place=place)
    return read_instant(value.replace(tzinfo=value.tzinfo or UTC).isoformat(), place=place)


def local(instant: int) -> str:
    """An instant as such a field shows it, to the second."""
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=min(instant, LATEST)):%Y-%m-%dT%H:%M:%S}"
