"""Dialect: how a source speaks on the wire."""

from typing import Protocol

from tidings.core.event import Event
from tidings.core.receipt import Receipt
from tidings.core.row import Reading
from tidings.core.secret import Secret
from tidings.core.subscription import Subscription

# However long ago it was.
EVER_MS = 2**62


class Dialect(Protocol):
    """Writes callbacks. Implementations: the packages in `tidings.dialects`."""

    name: str
    content_type: str

    def write(self, event: Event, subscription: Subscription) -> bytes:
        """The callback's body: a pure function of both, because the object in it is the subscription's."""
        ...


class Reader(Protocol):
    """Understands what a source sends. Implementations: the packages in `tidings.dialects`.

    Equal receipts (`Reading.once`) within `window_ms` are repetitions of one.
    """

    name: str
    window_ms: int

    def check(self, receipt: Receipt, *, secret: Secret, now: int) -> None:
        """Raises Unauthenticated, saying which check failed, if the receipt is not from who has the secret."""
        ...

    def read(self, receipt: Receipt) -> Reading:
        """What it says. Raises Invalid, saying what is wrong and where, if it cannot be understood."""
        ...
