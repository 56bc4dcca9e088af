"""Cursors of lists: the last number that was shown, or its instant and id, as text."""

from tidings.core.errors import Invalid

# The database's numbers have 64 bits.
_LIMIT = 2**63
_LONGEST = len(str(_LIMIT))


def read_cursor(text: str, *, start: int) -> int:
    """Where a list goes on; `start` if there is no cursor yet. Raises Invalid if no list of ours made it."""
    if not text:
        return start
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST else _LIMIT
    if number >= _LIMIT:
        raise Invalid("cursor: give the cursor of the answer before, or none to begin anew")
    return number


def written_place(at: int, identifier: str) -> str:
    """Where a list by instant and id, the newest first, goes on."""
    return f"{at}.{identifier}"


def read_place(text: str) -> tuple[int, str]:
    """Where that was; the top if there is no cursor yet. Raises Invalid if no list of ours made it."""
    at, _, identifier = text.partition(".")
    return read_cursor(at, start=_LIMIT - 1), identifier
