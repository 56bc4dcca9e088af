"""Lazily: the tables and what reads them, opened when they are first asked for."""

import contextlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from tidings.app.once import Once
from tidings.app.parts import Parts
from tidings.app.settings import Settings
from tidings.core.clock import Clock
from tidings.core.errors import TidingsError

if TYPE_CHECKING:
    from tidings.tables.pieces import Pieces
    from tidings.tables.query import Query
    from tidings.tables.tables import Tables


log = logging.getLogger(__name__)

# Seconds after the start, whose own work is done by then.
_AHEAD_AFTER_S = 2.0


async def open_ahead(parts: Parts) -> None:
    """Open the tables of whoever has sources, so that the first to look does not wait for their library to load."""
    await parts.clock.sleep(_AHEAD_AFTER_S)
    try:
        if await parts.inbox.sources.list(most=1):
            await parts.showing.sheets()
    except TidingsError as error:
        log.info("tables.not_opened_ahead error=%r", error.message)


def lazily_query(open_tables: Callable[[], "Tables"], *, clock: Clock) -> Callable[[], "Query"]:
    """Reads the tables, opening them as `open_tables` does."""

    def open_() -> "Query":
        from tidings.tables.query import Query  # noqa: PLC0415 - whoever has no tables pays no memory for them

        return Query(open_tables().engine, clock=clock)

    return Once(open_)


def lazily_pieces(open_query: Callable[[], "Query"]) -> Callable[[], "Pieces"]:
    """Counts the tables, opening them as `open_query` does."""

    def open_() -> "Pieces":
        from tidings.tables.pieces import Pieces  # noqa: PLC0415 - see above

        return Pieces(open_query())

    return Once(open_)


def lazily_tables(settings: Settings, stack: contextlib.AsyncExitStack) -> Callable[[], "Tables"]:
    """Opens the tables when they are first asked for: who has none pays no memory for their library."""

    def open_() -> "Tables":
        from tidings.tables.tables import opened as opened_tables  # noqa: PLC0415 - see above

        tables = opened_tables(settings.tables_url)
        stack.callback(tables.close)
        return tables

    return Once(open_)
