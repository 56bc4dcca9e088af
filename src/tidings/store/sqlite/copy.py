"""Copies of a SQLite store, made by SQLite itself while others write to it."""

from collections.abc import Callable
from pathlib import Path

from tidings.core.errors import Unavailable
from tidings.store.sqlite.connection import connect, unavailable

_BUSY_MS = 5_000
# Pages of 4 kB at a time: about ten milliseconds between two reports.
_PAGES = 1_000

Progress = Callable[[float], None]


def copy_store(source: str, *, target: str, progress: Progress) -> None:
    """Replace what is in the target by the state of the source at this moment; all of it or nothing.

    Telling how much is done, from 0 to 1. The source may be written meanwhile; its log is not taken back into the file
    before the copy is done, and so grows for as long. Raises Unavailable.
    """
    with unavailable():
        origin, copy = connect(source, busy_ms=_BUSY_MS), connect(target, busy_ms=_BUSY_MS)
        try:
            # One snapshot: without it the copy would begin anew with each commit of somebody else.
            origin.execute("BEGIN; SELECT count(*) FROM sqlite_schema").fetchall()
            with copy.backup("main", origin, "main") as work:
                while not work.done:
                    work.step(_PAGES)
                    progress(1 - work.remaining / max(1, work.page_count))
        finally:
            copy.close()
            origin.close()


def is_store(path: Path) -> bool:
    """Whether a file is a SQLite store of ours, and whole."""
    try:
        with unavailable():
            connection = connect(str(path), busy_ms=_BUSY_MS)
            try:
                if connection.pragma("quick_check") != "ok":
                    return False
                return bool(connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'migration'").fetchall())
            finally:
                connection.close()
    except Unavailable:
        return False
