"""An office that reads words: what it receives is laid, and sent on, when it is told to."""

import asyncio
import contextlib
import dataclasses
import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from tidings.app.parts import Parts
from tidings.core.clock import Clock
from tidings.core.dialect import EVER_MS
from tidings.core.receipt import Receipt
from tidings.core.row import Change, Family, Field, Place, Reading, Row, Shape, row_of
from tidings.core.secret import Secret
from tidings.dashboards.passing import Passing
from tidings.inbox.inbox import Inbox, open_inbox
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import Endpoint

REAL = Clock()
WORDS, LISTS = Place("words", "words", "Words."), Place("lists", "lists", "Words by list.")


class Words:
    """A reader of `{"word": …, "count": …}`, a row, and `{"list": …, "words": […]}`, all rows of a list."""

    name = "words"
    window_ms = EVER_MS

    def check(self, receipt: Receipt, *, secret: Secret, now: int) -> None:
        """Everybody may tell words."""

    def read(self, receipt: Receipt) -> Reading:
        said = msgspec.json.decode(receipt.body)
        changes: tuple[Change, ...] = (self._word(said, at=receipt.at),) if "word" in said else ()
        if "list" in said:
            changes = (self._list(said["list"], said["words"], at=receipt.at),)
        return Reading(once=hashlib.sha256(receipt.body).hexdigest(), type="word", changes=changes)

    def _word(self, said: Any, *, at: int) -> Row:  # noqa: ANN401 - any JSON
        fields = (
            Field("count", "count", Shape.WHOLE, said["count"]),
            Field("at", "at", Shape.INSTANT, at),
            Field("is_long", "is_long", Shape.TRUTH, int(len(said["word"]) > 4)),
        )
        return row_of(place=WORDS, key=(Field("word", "word", Shape.TEXT, said["word"]),), fields=fields, version=at)

    def _list(self, name: str, words: list[str], *, at: int) -> Family:
        parent, rest = Field("list", "list", Shape.TEXT, name), Field("word", "word", Shape.TEXT, "")
        rows = tuple(
            row_of(place=LISTS, key=(parent, Field("word", "word", Shape.TEXT, word)), fields=(), version=at)
            for word in words
        )
        return Family(place=LISTS, parent=(parent,), rest=(rest,), rows=rows, version=at)


class Office:
    """An installation whose parts move when they are told to; only deliveries go by themselves."""

    def __init__(self, parts: Parts, endpoint: Endpoint, clock: ManualClock) -> None:
        self.parts = parts
        self.endpoint = endpoint
        self.clock = clock
        readers = {"words": Words()}
        self.inbox: Inbox = open_inbox(
            parts.database, vault=parts.vault, clock=clock, readers=readers, open_tables=parts.open_tables
        )
        self.passing: Passing = dataclasses.replace(parts.passing, readers=readers)

    async def keep(self, *said: dict[str, Any], source: str = "box") -> None:
        """Callbacks are received and laid, and sent no further yet."""
        bodies = [msgspec.json.encode(one) for one in said]
        await self.inbox.receipts.keep(
            [Receipt(source=source, at=self.clock.now(), body=body, headers=(), peer="192.0.2.1") for body in bodies]
        )
        while await self.inbox.laying.step():
            continue

    async def tell(self, *said: dict[str, Any], source: str = "box") -> None:
        """Callbacks are received, laid, and sent on."""
        await self.keep(*said, source=source)
        while await self.passing.step():
            continue

    def arrived(self, part: str = "rows") -> list[dict[str, Any]]:
        """What the sink was sent, in the order of arrival."""
        bodies = [msgspec.json.decode(request.body) for request in self.endpoint.requests]
        return [one for body in bodies for one in body["data"][part]]

    async def reaches(self, condition: Callable[[], object], *, by: int = 0) -> None:
        async with asyncio.timeout(60):
            while not condition():
                if by:
                    await self.clock.advance(by)
                await REAL.sleep(0.005)  # disk and network are real, and take real time


OpenOffice = Callable[..., contextlib.AbstractAsyncContextManager[Office]]
