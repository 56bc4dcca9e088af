"""Listing: how long lists are asked for, page by page."""

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from tidings.core.route import Call, Parameter

# Kaizala's clients know no pages: nearly all get everything at once, and nobody a megabyte.
MOST_LISTED = 1_000

PAGE = (
    Parameter(
        name="limit",
        meaning=f"How many to list, {MOST_LISTED} if absent.",
        schema={"type": "integer", "minimum": 1, "maximum": MOST_LISTED},
    ),
    Parameter(name="cursor", meaning="Where the former list ended."),
)


def limit_of(call: Call) -> int:
    return int(call.query.get("limit", MOST_LISTED))


def cursor_after(listed: Sequence[str], *, most: int) -> str | UnsetType:
    # After a full page there may be nothing; that is what the next call tells.
    return listed[-1] if len(listed) == most else UNSET
