"""Connections to a SQLite file: how they are set up, and what their errors mean."""

from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from tidings.core.errors import TidingsError, Unavailable

# Measured with two publishers: SQLite's own 1,000 pages cost 7 % of the events, 10,000 gain nothing more. The log
# levels off at these 16 MB and one batch.
CHECKPOINT_PAGES = 4_000

# Prepared ones that are kept: the seven hot ones, each for all its 23 numbers of rows, and those of the API.
STATEMENTS = 400

_SETUP = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};
"""

# What may pass by itself, and what whoever looks after the machine should do about it.
_MEANING: dict[type[apsw.Error], str] = {
    apsw.FullError: "the disk is full; make room",
    apsw.BusyError: "another process keeps the database locked; let it finish",
    apsw.ReadOnlyError: "the database cannot be written; make its disk writable, and give this process the right to",
    apsw.CantOpenError: "the database cannot be opened; check that its folder exists and may be written",
    apsw.IOError: "the database's disk answers with errors; look at it",
    apsw.InterruptError: "the query took too long; ask for less at once",
    apsw.NotADBError: "the file is not a SQLite database; name another, or restore a backup",
    apsw.CorruptError: "the database is damaged; restore a backup",
}
UNAVAILABLE = tuple(_MEANING)


def connect(path: str, *, busy_ms: int) -> apsw.Connection:
    """Open the file, made if need be. Raises Unavailable."""
    with unavailable():
        connection = apsw.Connection(path, statementcachesize=STATEMENTS)
        connection.set_busy_timeout(busy_ms)
        if not connection.pragma("page_count"):
            # In a new file alone: in others it would take the lock for writing, and change nothing without VACUUM.
            connection.pragma("auto_vacuum", "INCREMENTAL")
        connection.execute(_SETUP).fetchall()
    return connection


def meaning(error: apsw.Error, *, is_fate_unknown: bool = False) -> TidingsError:
    """Say what such an engine's error, one of UNAVAILABLE, means to a caller."""
    words = next(words for kind, words in _MEANING.items() if isinstance(error, kind))
    return Unavailable(f"nothing can be kept just now: {words}", is_fate_unknown=is_fate_unknown)


@contextmanager
def unavailable() -> Iterator[None]:
    """Raise the engine's errors that may pass by themselves as Unavailable."""
    try:
        yield
    except UNAVAILABLE as error:
        raise meaning(error) from error
