"""The reader of Kaizala's callbacks: from whom they are, and what they say."""

import hashlib

from tidings.core.dialect import EVER_MS
from tidings.core.errors import Unauthenticated
from tidings.core.receipt import Receipt
from tidings.core.row import Reading
from tidings.core.secret import Secret
from tidings.dialects.kaizala.rows.happening import SAID_AT, happening_of
from tidings.dialects.kaizala.rows.told import changes_of

_TOKEN = "kz-callback-token"  # noqa: S105 - the name of a header


class KaizalaReader:
    """Callbacks of Kaizala, or of whoever speaks like it."""

    name: str = "kaizala"
    window_ms: int = EVER_MS

    def check(self, receipt: Receipt, *, secret: Secret, now: int) -> None:  # noqa: ARG002 - a token has no time
        """Raises Unauthenticated if the callback does not bring the token that its webhook was made with."""
        if not secret or secret != Secret(receipt.header(_TOKEN)):
            raise Unauthenticated(f"{_TOKEN} is not the token of this source")

    def read(self, receipt: Receipt) -> Reading:
        """What it says. Raises Invalid if it cannot be understood."""
        said_at = receipt.header(SAID_AT)
        happening = happening_of(receipt, said_at=said_at)
        return Reading(
            once=_once(receipt, said_at=said_at),
            type=happening.callback.event_type,
            changes=tuple(changes_of(happening)),
        )


def _once(receipt: Receipt, *, said_at: str) -> str:
    # Two callbacks are one only if the event's id and all the rest are equal: the body holds both. Who answers yes,
    # then no, then yes again sends two equal bodies that are not one; where the time is told, it tells them apart.
    return hashlib.sha256(said_at.encode() + b"\n" + receipt.body).hexdigest()
