"""Dialect: how a source speaks on the wire."""

from typing import Protocol

from tidings.core.event import Event
from tidings.core.subscription import Subscription


class Dialect(Protocol):
    """Writes callbacks. Implementations: the packages in `tidings.dialects`."""

    name: str
    content_type: str

    def write(self, event: Event, subscription: Subscription) -> bytes:
        """The callback's body: a pure function of both, because the object in it is the subscription's."""
        ...
