"""`raw`: the event's data as it was published, and nothing around it.

What the event is called and when it happened stands in the headers that every callback has.
"""

from tidings.core.event import Event
from tidings.core.subscription import Subscription


class Bare:
    """Writes the data alone."""

    name: str = "raw"
    content_type: str = "application/json"

    def write(self, event: Event, subscription: Subscription) -> bytes:  # noqa: ARG002 - a dialect is asked with both
        """Byte for byte what was published."""
        return event.data
