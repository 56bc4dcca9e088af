"""Cursor: how lists are asked for in pieces, everywhere in the same way."""

from tidings.core.route import Call, Parameter

DEFAULT_LIMIT = 50
# A guess: an answer of half a megabyte at the customary kilobyte an item.
LARGEST_LIMIT = 500

LIST_PARAMETERS = (
    Parameter(
        name="limit",
        meaning="How many at most",
        schema={"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT},
    ),
    Parameter(
        name="cursor",
        meaning="Where to go on: the `cursor` of the answer before; absent there, the list has ended",
        schema={"type": "string", "maxLength": 255},
    ),
)


def limit_of(call: Call) -> int:
    """How many items the caller asks for. The door has checked the bounds."""
    return int(call.query.get("limit", DEFAULT_LIMIT))
