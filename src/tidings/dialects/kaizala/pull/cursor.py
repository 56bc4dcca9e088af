"""Cursor: how far a pull has come, kept as JSON between its steps."""

from enum import StrEnum

import msgspec

from tidings.core.clock import MINUTE
from tidings.core.errors import Invalid

# What is committed late carries the time when it began: a guess at the longest that a request waits for its commit.
OVERLAP_MS = MINUTE


class Manner(StrEnum):
    """How a server tells what is new."""

    UNKNOWN = "unknown"  # it has told nothing yet
    CHANGES = "changes"  # in the order of changes, as Tidings does
    DATES = "dates"  # by dates of actions alone, as the documented API does


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """A list in the order of changes: read since that instant, at that page, the latest change seen so far."""

    since: int = 0
    page: str = ""
    latest: int = 0

    def after(self, *, page: str, latest: int) -> "Changes":
        """Past a page that named the next, or none: then the next round begins a little before the latest change."""
        seen = max(self.latest, latest)
        return Changes(since=self.since if page else max(0, seen - OVERLAP_MS), page=page, latest=seen)


class Dates(msgspec.Struct, frozen=True, kw_only=True):
    """Actions by date: read from that second on, but not those that are over and were read when they were."""

    since: int = 0
    over: tuple[str, ...] = ()


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    manner: Manner = Manner.UNKNOWN
    actions: Changes = Changes()
    responses: Changes = Changes()
    dates: Dates = Dates()

    @property
    def text(self) -> str:
        return msgspec.json.encode(self).decode()


def read_cursor(text: str) -> Cursor:
    """Raises Invalid for what no pull has written."""
    try:
        return msgspec.json.decode(text, type=Cursor) if text else Cursor()
    except msgspec.DecodeError as error:
        raise Invalid("the pull's cursor is not one of ours; end the pull and make it anew") from error
