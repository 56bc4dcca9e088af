"""Lazily: the tables and what reads them, opened when they are first asked for."""

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from tidings.app.once import Once
from tidings.app.settings import Settings
from tidings.core.clock import Clock

if TYPE_CHECKING:
    from tidings.tables.pieces import Pieces
    from tidings.tables.query import Query
    from tidings.tables.tables import Tables


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
