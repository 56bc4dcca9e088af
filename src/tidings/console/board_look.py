"""Board look: of what a dashboard is shown, as its address tells."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from tidings.core.clock import DAY, HOUR
from tidings.core.errors import Invalid
from tidings.dashboards.showing import Look

_EPOCH = date(1970, 1, 1)
# The year 2109, where identifiers end.
_LAST_DAY = date(2109, 5, 14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time that ends now; whole steps of it are counted already, and only looked up."""

    name: str
    title: str
    length_ms: int
    step_ms: int


SPANS = (
    Span(name="", title="All time", length_ms=0, step_ms=1),
    Span(name="day", title="24 hours", length_ms=DAY, step_ms=HOUR),
    Span(name="week", title="7 days", length_ms=7 * DAY, step_ms=DAY),
    Span(name="month", title="30 days", length_ms=30 * DAY, step_ms=DAY),
)
_FIELDS = ("span", "from", "to", "group", "responder", "question")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardLook:
    """What was chosen, as it was written."""

    span: Span
    first_day: str
    last_day: str
    group: str
    responder: str
    question: str

    @staticmethod
    def of(query: QueryParams) -> "BoardLook":
        span, first, last, group, responder, question = (query.get(name, "").strip()[:500] for name in _FIELDS)
        found = next((one for one in SPANS if one.name == span), SPANS[0])
        return BoardLook(
            # Days that are named say more than a span.
            span=SPANS[0] if first or last else found,
            first_day=first,
            last_day=last,
            group=group,
            responder=responder,
            question=question,
        )

    @property
    def narrows(self) -> bool:
        """Whether anything is left out."""
        return bool(self.query())

    def query(self, **changed: str) -> str:
        """As part of an address, with something changed."""
        told = {
            "span": self.span.name,
            "from": self.first_day,
            "to": self.last_day,
            "group": self.group,
            "responder": self.responder,
            "question": self.question,
        }
        return urlencode({name: value for name, value in (told | changed).items() if value})

    def at(self, now: int) -> Look:
        """What that means now. Raises Invalid."""
        since = (
            None if not self.span.length_ms else (now - self.span.length_ms) // self.span.step_ms * self.span.step_ms
        )
        if self.first_day:
            since = _instant(self.first_day, field="from")
        until = _instant(self.last_day, field="to") + DAY if self.last_day else None
        if since is not None and until is not None and until <= since:
            raise Invalid("to: is before the first day; choose a later one")
        return Look(since=since, until=until, group=self.group, responder=self.responder, question=self.question)


def _instant(text: str, *, field: str) -> int:
    """When a day begins, in UTC."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{field}: write a day like 2026-01-31") from error
    if not _EPOCH <= day <= _LAST_DAY:
        raise Invalid(f"{field}: must be between the years 1970 and 2109")
    return (day - _EPOCH).days * DAY
