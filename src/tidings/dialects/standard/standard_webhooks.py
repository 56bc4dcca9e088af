"""`standard`: the body that the Standard Webhooks specification recommends.

`{"type": …, "timestamp": …, "data": …}`: the event's type, when it happened (ISO 8601, UTC), and its data as published.
"""

from datetime import UTC, datetime, timedelta

import msgspec

from tidings.core.event import Event
from tidings.core.subscription import Subscription

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode


class _Body(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    type: str
    timestamp: datetime
    data: msgspec.Raw


class StandardWebhooks:
    """Writes `{type, timestamp, data}`."""

    name: str = "standard"
    content_type: str = "application/json"

    def __init__(self) -> None:
        self._last: tuple[Event | None, bytes] = (None, b"")

    def write(self, event: Event, subscription: Subscription) -> bytes:  # noqa: ARG002 - a dialect is asked with both
        """The same for every subscription; written once for an event that goes to many, one after the other."""
        last, body = self._last
        if event is not last:
            at = _EPOCH + timedelta(milliseconds=event.at)
            body = _encode(_Body(type=event.type, timestamp=at, data=msgspec.Raw(event.data)))
            self._last = (event, body)
        return body
