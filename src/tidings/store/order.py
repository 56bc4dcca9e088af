"""Order: which of a subscription's deliveries wait for one another."""

from functools import lru_cache

import msgspec

from tidings.core.event import Event
from tidings.core.path import Path, parse_path

# When a debt is due that was found waiting behind another one of its order; it gets a real instant when that one goes.
NEVER = 2**63 - 1


def order_of(event: Event, order_key: str | None) -> str | None:
    """The order that an event falls into: None in none, equal texts one after the other.

    `order_key` is the subscription's: None, "" for one order over all its events, else a path in the event. Events that
    have nothing at the path share one order.
    """
    if not order_key:
        return order_key
    values = _path(order_key).values(event.document())
    return msgspec.json.encode(values[0]).decode() if values else ""


@lru_cache(1_024)
def _path(text: str) -> Path:
    return parse_path(text, place="orderKey")
