"""Delivery request: what an endpoint is sent, written again as it was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tidings.console.secrecy import headers, payload
from tidings.core.dialect import Dialect
from tidings.core.errors import Invalid
from tidings.core.event import Event
from tidings.core.subscription import Subscription
from tidings.dashboards.passing import SINK
from tidings.outbox.callback import Caller

# Characters of a body on a page.
_MOST_SHOWN = 64_000
# Of a receiver's answer, its content type says so; what is in it is of the receiver.
_OURS = frozenset({"content-type", "webhook-id", "webhook-timestamp", "webhook-signature"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request: the webhook's own headers and the body's secrets are only shown to whoever may see them."""

    headers: Sequence[tuple[str, str]]
    body: str
    size: int
    is_cut: bool


class Rewriting:
    """Writes requests again: a pure function of event, webhook and instant, as the webhook is now."""

    def __init__(self, dialects: Mapping[str, Dialect]) -> None:
        self._dialects = dialects

    def sent(self, event: Event, subscription: Subscription, *, at: int, is_whole: bool) -> Sent | None:
        """The request of an attempt that began then; None if it goes another way, or its format is not known here."""
        if subscription.subject.kind == SINK:
            return None
        try:
            request = Caller(subscription, self._dialects).request(event, at=at)
        except Invalid:
            return None
        lines = [line.decode("latin-1").split(": ", 1) for line in request.lines.split(b"\r\n") if line]
        own = frozenset() if is_whole else frozenset(name.lower() for name, _ in subscription.headers) - _OURS
        shown = [(name, value) for name, value in lines]
        text = payload(request.body, is_whole=is_whole).decode("utf-8", "replace")
        return Sent(
            headers=shown if is_whole else headers(shown, secret=own),
            body=text[:_MOST_SHOWN],
            size=len(request.body),
            is_cut=len(text) > _MOST_SHOWN,
        )


def answered(body: bytes, *, is_whole: bool) -> str:
    """An endpoint's answer as text."""
    return payload(body, is_whole=is_whole).decode("utf-8", "replace")
