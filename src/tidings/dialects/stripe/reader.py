"""The reader of Stripe's webhooks."""

from typing import Any

import msgspec

from tidings.core.cell import instant_of, truth
from tidings.core.clock import MINUTE, SECOND
from tidings.core.dialect import EVER_MS
from tidings.core.errors import Unauthenticated
from tidings.core.json_text import read_typed
from tidings.core.proof import signed
from tidings.core.receipt import Receipt
from tidings.core.row import Reading
from tidings.core.secret import Secret
from tidings.core.told import Told, changes_of, identified

# What Stripe's own libraries allow.
TOLERANCE_MS = 5 * MINUTE
# While a secret is rolled there are two.
_MOST_SIGNATURES = 16
_LONGEST_TIME = 12


class _Data(msgspec.Struct, frozen=True, kw_only=True):
    object: dict[str, Any]


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    type: str
    created: int = 0
    livemode: bool = False
    data: _Data


class StripeReader:
    """Reads events of Stripe: the object that each is about, in the table of its type. An event's id is its own."""

    name: str = "stripe"
    window_ms: int = EVER_MS

    def check(self, receipt: Receipt, *, secret: Secret, now: int) -> None:
        """Raises Unauthenticated if it is not signed with this secret, within five minutes."""
        parts = [part.strip().partition("=") for part in receipt.header("stripe-signature").split(",")]
        at = next((value for name, _, value in parts if name == "t"), "")
        given = [Secret(value) for name, _, value in parts if name == "v1"][:_MOST_SIGNATURES]
        if not (at.isascii() and at.isdigit() and len(at) <= _LONGEST_TIME) or not given:
            raise Unauthenticated("expected the header Stripe-Signature with `t=…,v1=…`")
        if abs(now - int(at) * SECOND) > TOLERANCE_MS:
            raise Unauthenticated(f"Stripe-Signature is more than {TOLERANCE_MS // SECOND} seconds off")
        if not secret or signed(b"%b.%b" % (at.encode(), receipt.body), secret=secret) not in given:
            raise Unauthenticated("Stripe-Signature was not made with this secret over this body")

    def read(self, receipt: Receipt) -> Reading:
        """What it says. Raises Invalid, naming the field that is wrong."""
        event = read_typed(receipt.body, _decoder, limit=len(receipt.body))
        told = Told(
            id=identified(receipt.source, event.id),
            source=receipt.source,
            type=event.type,
            wire_id=event.id,
            at=instant_of(event.created * SECOND) or receipt.at,
            arrived_at=receipt.at,
        )
        also = (truth("livemode", event.livemode, comment="Whether it was not a test."),)
        return Reading(once=told.id, type=told.type, changes=changes_of(told, event.data.object, also=also))


_decoder = msgspec.json.Decoder(_Event)
