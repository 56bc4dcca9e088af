"""Promotion: a bin becomes a source, and what it caught goes the way of all callbacks."""

from collections.abc import Sequence
from dataclasses import dataclass

from tidings.core.dialect import Reader
from tidings.core.errors import Forbidden, Unauthenticated, Unavailable
from tidings.core.receipt import Receipt
from tidings.core.row import Family, Reading, Row
from tidings.inbox.inbox import Inbox
from tidings.inbox.inspector import Inspector
from tidings.store.bins import Bin, Capture
from tidings.store.receipts import Source

_STEP = 20
# What an answer holds: a guess at what anybody looks at.
MOST_ROWS = 200
MOST_REFUSED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The rows that a reader lays of a request, at most `MOST_ROWS`; `count` is how many there are."""

    reading: Reading
    rows: Sequence[Row]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A request that did not pass the source's checks, by its number in the bin."""

    number: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted:
    """A new source, how many requests it took, and those that it did not take."""

    source: Source
    kept: int
    refused: Sequence[Refused]


def receipt_of(capture: Capture, *, source: str) -> Receipt:
    """A caught request, as it reaches a source."""
    request = capture.request
    return Receipt(
        source=source,
        at=request.at,
        query=request.query,
        headers=request.headers,
        body=request.body,
        peer=request.client,
    )


def preview(capture: Capture, *, reader: Reader, source: str) -> Preview:
    """What would be laid, whoever sent it. Raises Invalid if the reader does not understand it."""
    reading = reader.read(receipt_of(capture, source=source))
    rows = [row for change in reading.changes for row in (change.rows if isinstance(change, Family) else (change,))]
    return Preview(reading=reading, rows=rows[:MOST_ROWS], count=len(rows))


async def promote(
    bin_: Bin, *, inspector: Inspector, inbox: Inbox, source: str, dialect: str, secret: str | None, actor: str
) -> Promoted:
    """Make a source, and have it receive what the bin has caught so far, oldest first, with all its checks.

    Only what was sent by POST: the rest is no callback. Raises Invalid and Conflict as `Inbox.create_source`.
    """
    made = await inbox.create_source(source, dialect=dialect, secret=secret, actor=actor)
    kept, refused, last, is_whole = 0, list[Refused](), 0, False
    while not is_whole and last < bin_.captured:
        found = await inspector.caught(bin_.name, after=last, most=_STEP, wait_s=0)
        last, is_whole = found.last, found.is_whole
        for capture in found.captures:
            if capture.number > bin_.captured or capture.request.method != "POST":
                continue
            try:
                await inbox.receiving.receive(receipt_of(capture, source=source))
                kept += 1
            except (Unauthenticated, Forbidden, Unavailable) as error:
                refused.append(Refused(number=capture.number, why=error.message))
    return Promoted(source=made, kept=kept, refused=refused)
