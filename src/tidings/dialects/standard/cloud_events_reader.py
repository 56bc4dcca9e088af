"""The reader of CloudEvents 1.0, structured (all in the body) and binary (attributes in headers `ce-…`)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from tidings.core.cell import commented, instant_of, text
from tidings.core.dialect import EVER_MS
from tidings.core.errors import Invalid
from tidings.core.json_text import read, read_object
from tidings.core.receipt import Receipt
from tidings.core.row import Reading
from tidings.core.secret import Secret
from tidings.core.told import Told, changes_of, identified
from tidings.dialects.standard.signed import must_be_signed_or_bear

_STRUCTURED = "application/cloudevents+json"
_BATCH = "application/cloudevents-batch"
_REQUIRED = ("id", "source", "type")


class CloudEventsReader:
    """Reads one CloudEvent. Its `source` and `id` name it, as the specification has it."""

    name: str = "cloudevents"
    window_ms: int = EVER_MS

    def check(self, receipt: Receipt, *, secret: Secret, now: int) -> None:
        """Raises Unauthenticated if it is not signed with this secret, or does not bring it if it is a plain one."""
        must_be_signed_or_bear(receipt, secret=secret, now=now)

    def read(self, receipt: Receipt) -> Reading:
        """What it says. Raises Invalid, naming the attribute that is wrong."""
        attributes, data = _event(receipt)
        name, source, kind = (_required(attributes, attribute) for attribute in _REQUIRED)
        told = Told(
            id=identified(receipt.source, source, name),
            source=receipt.source,
            type=kind,
            wire_id=name,
            at=instant_of(attributes.get("time")) or receipt.at,
            arrived_at=receipt.at,
        )
        subject = attributes.get("subject")
        also = (
            text("event_source", source, comment="The event's `source`."),
            text("subject", subject if isinstance(subject, str) else None, comment="The event's `subject`."),
        )
        document = data if isinstance(data, dict) else {"data": data}
        return Reading(once=told.id, type=told.type, changes=changes_of(told, document, also=also))


def _event(receipt: Receipt) -> tuple[Mapping[str, Any], Any]:
    kind = receipt.header("content-type").lower()
    if kind.startswith(_BATCH):
        raise Invalid("a batch of CloudEvents is not read here; have them sent one a request")
    limit = len(receipt.body)
    if kind.startswith(_STRUCTURED) or not receipt.header("ce-id"):
        body = read_object(receipt.body, limit=limit)
        return body, body.get("data")
    names = (name.lower() for name, _ in receipt.headers)
    attributes = {name.removeprefix("ce-"): _decoded(receipt, name) for name in names if name.startswith("ce-")}
    return attributes, read(receipt.body, limit=limit) if receipt.body else None


def _decoded(receipt: Receipt, name: str) -> str:
    value = unquote(receipt.header(name))
    if not value.isprintable():
        raise Invalid(f"{commented(name)}: holds what is not text")
    return value


def _required(attributes: Mapping[str, Any], name: str) -> str:
    value = attributes.get(name)
    if not isinstance(value, str) or not value:
        raise Invalid(f"{name}: a CloudEvent must have it, as a text that is not empty")
    return value
