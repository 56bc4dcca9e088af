"""Stamp: what the load writes into a text of each request, and the receiver reads without decoding JSON."""

_MARK = b"bench:"
# Digits: enough for more events than a run may have, and for microseconds of a century.
_NUMBER, _INSTANT = 10, 16
_INSTANT_AT = _NUMBER + 1
LENGTH = len(_MARK) + _INSTANT_AT + _INSTANT


def stamp(number: int, *, sent_us: int) -> bytes:
    """The number of an event in the run, and when it was sent."""
    return b"%b%0*d/%0*d" % (_MARK, _NUMBER, number, _INSTANT, sent_us)


def read_stamp(body: bytes) -> tuple[int, int]:
    """The number and the instant in a callback's body. Raises ValueError if there is no stamp."""
    at = body.index(_MARK) + len(_MARK)
    return int(body[at : at + _NUMBER]), int(body[at + _INSTANT_AT : at + _INSTANT_AT + _INSTANT])
