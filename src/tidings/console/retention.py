"""Retention: what is kept for how long, how much that is, and the settings in force."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import Response

from tidings.access.token import LIVES_MS, Purpose
from tidings.console.counting import KEPT_MS as MINUTES_KEPT_MS
from tidings.console.entrance import IDLE_MS, LONGEST_MS
from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.errors import TidingsError
from tidings.inbox.inspector import LIFE_MS as CAPTURES_KEPT_MS
from tidings.store.sizes import Sizes

_MOST_TABLES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Something that is kept: for how long (None: until somebody ends it), and since when there is some of it."""

    what: str
    for_ms: int | None
    why: str = ""
    setting: str = ""
    oldest: int | None = None


class RetentionPages:
    """Read only: settings are made where the server is started."""

    def __init__(self, offers: Offers) -> None:
        self._sizes = Sizes(offers.database)
        self._offers = offers

    def places(self) -> Sequence[Place]:
        return [Place(path="/settings/retention", does=self._show, needs=Right.LOOK)]

    async def _show(self, visit: Visit) -> Response:
        return visit.page(
            "settings/retention.html",
            engine=self._offers.database.engine,
            size=await self._sizes.whole(),
            tables_file=await self._tables_file(),
            tables=await self._sizes.tables(most=_MOST_TABLES),
            kept=self._kept(await self._sizes.oldest()),
            settings=self._offers.settings,
        )

    def _kept(self, oldest: dict[str, int | None]) -> Sequence[Kept]:
        offers = self._offers
        return (
            Kept(
                what="Events that are finished, and attempts",
                for_ms=offers.retention_ms,
                setting="TIDINGS_RETENTION",
                why="What is still owed then is given up, and counted as cancelled",
                oldest=oldest["event"],
            ),
            Kept(
                what="Received callbacks",
                for_ms=offers.receipt_retention_ms,
                setting="TIDINGS_RECEIPT_RETENTION",
                why="The tables can be rebuilt out of them",
                oldest=oldest["receipt"],
            ),
            Kept(what="Rows of tables", for_ms=None, why="They stay when the callbacks are gone"),
            Kept(what="What bins caught", for_ms=CAPTURES_KEPT_MS, oldest=oldest["capture"]),
            Kept(what="Groups, messages, actions, answers, files", for_ms=None, why="Until somebody deletes them"),
            Kept(what="People", for_ms=None, why="Until somebody erases them"),
            Kept(what="Refresh tokens", for_ms=LIVES_MS[Purpose.REFRESH], why="Or until they are revoked"),
            Kept(what="Access tokens", for_ms=LIVES_MS[Purpose.ACCESS]),
            Kept(
                what="Keys", for_ms=LIVES_MS[Purpose.STATIC], why="Until they are revoked, or end as they were made to"
            ),
            Kept(what="Sessions of this console, unused", for_ms=IDLE_MS),
            Kept(what="Sessions of this console, in use", for_ms=LONGEST_MS),
            Kept(what="Counts for the charts of Home", for_ms=MINUTES_KEPT_MS),
            Kept(what="Audit log", for_ms=None, why="For good: ids alone, never names", oldest=oldest["audit"]),
        )

    async def _tables_file(self) -> int | None:
        """Bytes of the file of the tables, where it is a file of their own."""
        # What cannot be opened just now is not told.
        with contextlib.suppress(TidingsError, OSError):
            return await asyncio.to_thread(self._bytes_of_tables)
        return None

    def _bytes_of_tables(self) -> int | None:
        url = self._offers.open_tables().engine.url
        if url.get_backend_name() != "sqlite" or not url.database:
            return None
        file = Path(url.database)
        log = file.with_name(f"{file.name}-wal")
        return file.stat().st_size + (log.stat().st_size if log.exists() else 0)
