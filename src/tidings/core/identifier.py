"""Identifiers: 64 bits inside, made by the database in the order of time; UUIDs outside."""

import uuid
from functools import lru_cache

SEQUENCE_BITS = 20
_SUBSCRIPTION_BITS = 54
# The last group of a UUID has so many bits. Any subscription's number fits but the very largest, and then nothing else
# of the event's own UUID is different.
_LAST_GROUP_BITS = 48
# What events of one time begin with is asked for when each is accepted, and again for each of its callbacks.
_SHOWN_KEPT = 4_096
_LARGEST = 2**63 - 1  # what a database's BIGINT holds
# What follows, by the last bits of the sequence: the variant and those bits.
_MIDDLES = [f"{0x8000 | last << 6:04x}-" for last in range(256)]


def identifier_at(instant: int) -> int:
    """The smallest identifier that can have been made at that instant (epoch milliseconds)."""
    return instant << SEQUENCE_BITS


def instant_of(identifier: int) -> int:
    """When an identifier was made, in epoch milliseconds."""
    return identifier >> SEQUENCE_BITS


def outside(identifier: int, subscription: int = 0) -> str:
    """Show an event, or with a subscription's number a delivery, as a UUID (version 7's layout).

    48 bits of time, the sequence's 20 bits around the variant, and the subscription's number in the last 54:
    equal over all attempts of a delivery, different between webhooks, without a dot.
    """
    if subscription >> _LAST_GROUP_BITS:
        return _written(identifier, subscription)
    # What `_written` would say, of parts that are known from others.
    return _beginning(identifier >> 8) + _MIDDLES[identifier & 0xFF] + _last_group(subscription)


@lru_cache(_SHOWN_KEPT)
def _beginning(time: int) -> str:
    """Of the UUIDs of events that have all but the last eight bits in common."""
    digits = f"{time:015x}"
    return f"{digits[:8]}-{digits[8:12]}-7{digits[12:15]}-"


@lru_cache(_SHOWN_KEPT)
def _last_group(subscription: int) -> str:
    return f"{subscription:012x}"


def _written(identifier: int, subscription: int) -> str:
    sequence = identifier & 0xFFFFF
    high = (instant_of(identifier) & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | sequence >> 8
    low = 0b10 << 62 | (sequence & 0xFF) << _SUBSCRIPTION_BITS | subscription
    text = f"{high << 64 | low:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def inside(text: str) -> tuple[int, int] | None:
    """Read an identifier that `outside` made: (event, subscription or 0), or None if it cannot be one."""
    try:
        value = uuid.UUID(text).int
    except ValueError:
        return None
    high, low = value >> 64, value & (1 << 64) - 1
    if high >> 12 & 0xF != 7 or low >> 62 != 0b10:  # noqa: PLR2004 - UUID version 7, RFC 9562 variant
        return None
    sequence = (high & 0xFFF) << 8 | low >> _SUBSCRIPTION_BITS & 0xFF
    identifier = (high >> 16) << SEQUENCE_BITS | sequence
    return None if identifier > _LARGEST else (identifier, low & (1 << _SUBSCRIPTION_BITS) - 1)
