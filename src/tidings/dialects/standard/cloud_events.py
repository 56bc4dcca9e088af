"""`cloudevents`: CloudEvents 1.0, structured mode.

| attribute | is |
|---|---|
| `id` | our own id of the event; a publisher's may come twice (an update of a response), this one does not |
| `source` | `/connectors/{id}` of the program that published it, `/tidings` for events of Tidings itself |
| `subject` | `{objectType}/{objectId}` of the subject that the webhook heard |
| `time` | when it happened (RFC 3339, UTC) |
| `eventid` | an extension: the `eventId` that the publisher gave; absent if it gave none |
"""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

from tidings.core.event import Event
from tidings.core.identifier import outside
from tidings.core.subscription import Subscription

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode


class _Body(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    specversion: str = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    eventid: str | UnsetType
    datacontenttype: str = "application/json"
    data: msgspec.Raw


class CloudEvents:
    """Writes one CloudEvent a callback."""

    name: str = "cloudevents"
    content_type: str = "application/cloudevents+json"

    def write(self, event: Event, subscription: Subscription) -> bytes:
        """The subject is the one that the subscription heard; everything else is the same for all."""
        heard = next(filter(subscription.hears, event.subjects), subscription.subject)
        return _encode(
            _Body(
                id=outside(event.id),
                source=f"/connectors/{quote(event.source, safe='')}" if event.source else "/tidings",
                type=event.type,
                subject=f"{heard.kind}/{heard.id}",
                time=_EPOCH + timedelta(milliseconds=event.at),
                eventid=event.wire_id or UNSET,
                data=msgspec.Raw(event.data),
            )
        )
