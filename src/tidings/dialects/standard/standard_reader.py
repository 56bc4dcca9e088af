"""The reader of Standard Webhooks."""

from collections.abc import Mapping
from typing import Any

from tidings.core.cell import instant_of
from tidings.core.dialect import EVER_MS
from tidings.core.json_text import read_object
from tidings.core.receipt import Receipt
from tidings.core.row import Reading
from tidings.core.secret import Secret
from tidings.core.told import Told, changes_of, identified
from tidings.dialects.standard.signed import header, must_be_signed


class StandardReader:
    """Reads `{type, timestamp, data}`; of another object, all of it is data.

    An event is known by its `webhook-id`, which is signed. Two webhooks that tell one source of one event therefore
    tell of two: give the second a source of its own.
    """

    name: str = "standard"
    window_ms: int = EVER_MS

    def check(self, receipt: Receipt, *, secret: Secret, now: int) -> None:
        """Raises Unauthenticated if it is not signed with this secret, within five minutes."""
        must_be_signed(receipt, secret=secret, now=now)

    def read(self, receipt: Receipt) -> Reading:
        """What it says. Raises Invalid if it is not a JSON object."""
        body = read_object(receipt.body, limit=len(receipt.body))
        name, kind = header(receipt, "id"), body.get("type")
        told = Told(
            id=identified(receipt.source, name or receipt.body),
            source=receipt.source,
            type=kind if isinstance(kind, str) else "",
            wire_id=name,
            at=instant_of(body.get("timestamp")) or receipt.at,
            arrived_at=receipt.at,
        )
        return Reading(once=told.id, type=told.type, changes=changes_of(told, _data(body)))


def _data(body: Mapping[str, Any]) -> Mapping[str, Any]:
    data = body.get("data")
    if isinstance(data, dict):
        return data
    return {name: value for name, value in body.items() if name not in {"type", "timestamp"}}
