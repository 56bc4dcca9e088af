"""The reader of any JSON, for sources of whom nothing more is known."""

from tidings.core.cell import instant_of, number_of
from tidings.core.dialect import EVER_MS
from tidings.core.json_text import read
from tidings.core.receipt import Receipt
from tidings.core.row import Reading
from tidings.core.secret import Secret
from tidings.core.told import Told, changes_of, identified
from tidings.dialects.standard.signed import header, must_be_signed_or_bear


class RawReader:
    """Reads any JSON into one table, named after the source.

    Two requests that say the same are two, for two equal measurements are; unless they bring a `webhook-id` or an
    `idempotency-key`, by which they are told apart.
    """

    name: str = "raw"
    window_ms: int = EVER_MS

    def check(self, receipt: Receipt, *, secret: Secret, now: int) -> None:
        """Raises Unauthenticated if it is not signed with this secret, or does not bring it if it is a plain one."""
        must_be_signed_or_bear(receipt, secret=secret, now=now)

    def read(self, receipt: Receipt) -> Reading:
        """What it says. Raises Invalid if it is not JSON."""
        body = read(receipt.body, limit=len(receipt.body))
        name = header(receipt, "id") or receipt.header("idempotency-key")
        told = Told(
            id=identified(receipt.source, name) if name else identified(receipt.source, "", str(receipt.id)),
            source=receipt.source,
            type="",
            wire_id=name,
            at=instant_of(number_of(receipt.header("tidings-event-time"))) or receipt.at,
            arrived_at=receipt.at,
        )
        document = body if isinstance(body, dict) else {"items" if isinstance(body, list) else "value": body}
        return Reading(once=told.id, type=told.type, changes=changes_of(told, document))
