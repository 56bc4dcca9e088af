"""Callback: the request that tells a subscriber of an event."""

import base64
from collections.abc import Mapping
from functools import lru_cache

from tidings.core.dialect import Dialect
from tidings.core.errors import Invalid
from tidings.core.event import Event
from tidings.core.identifier import outside
from tidings.core.signature import Signer
from tidings.core.subscription import Subscription
from tidings.egress.request import Request, header_lines

# Of an event that goes to many, one after the other; a guess at how many are on their way at once.
_EVENTS_KEPT = 256


class Caller:
    """Writes the callbacks of one subscription; what they share is made once."""

    def __init__(self, subscription: Subscription, dialects: Mapping[str, Dialect]) -> None:
        self._subscription = subscription
        # Another process may be newer and know more of them.
        self._dialect = dialects.get(subscription.format)
        self._signer = Signer(subscription.secrets)
        certificate = subscription.client_certificate
        self._certificate = certificate.reveal() if certificate else None
        self._lines = header_lines(_standing_headers(subscription, self._dialect)) if self._dialect else b""

    def request(self, event: Event, *, at: int) -> Request:
        """The callback of an event, signed for that instant. Its `webhook-id` is equal over all attempts.

        Raises Invalid if this process does not know the webhook's format.
        """
        subscription = self._subscription
        if self._dialect is None:
            raise Invalid(f"the format {subscription.format!r} is not known here; bring this process up to date")
        body = self._dialect.write(event, subscription)
        name = outside(event.id, subscription.number)
        seconds = at // 1000
        signature = self._signer.sign(name, seconds, body)
        return Request(
            method="POST",
            url=subscription.url,
            lines=b"%bwebhook-id: %b\r\nwebhook-timestamp: %d\r\nwebhook-signature: %b\r\n%b"
            % (self._lines, name.encode(), seconds, signature.encode(), _event_lines(event.id, event.at)),
            body=body,
            timeout_ms=subscription.timeout_ms,
            client_certificate=self._certificate,
        )


@lru_cache(_EVENTS_KEPT)
def _event_lines(identifier: int, at: int) -> bytes:
    return b"tidings-event-id: %b\r\ntidings-event-time: %d\r\n" % (outside(identifier).encode(), at)


def _standing_headers(subscription: Subscription, dialect: Dialect) -> list[tuple[str, str]]:
    headers = [("content-type", dialect.content_type)]
    if subscription.token:
        headers.append(("kz-callback-token", subscription.token.reveal()))
    if subscription.basic_auth:
        encoded = base64.b64encode(subscription.basic_auth.reveal().encode()).decode()
        headers.append(("authorization", f"Basic {encoded}"))
    return [*headers, *subscription.headers]
