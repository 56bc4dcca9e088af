"""Ledger: what has been published where, so that nothing is published twice."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

# Tidings delivers again for two days; by hand, what is younger than its retention.
KEPT_S = 90 * 86_400

SCHEMA = """
CREATE TABLE IF NOT EXISTS published (
    report TEXT NOT NULL,
    target TEXT NOT NULL,       -- a destination, and what of the report goes there
    at INTEGER NOT NULL,        -- seconds since 1970
    place TEXT NOT NULL,        -- where it is; empty if it was refused for good
    PRIMARY KEY (report, target)
);
CREATE INDEX IF NOT EXISTS published_at ON published (at);
"""


class Ledger:
    """A SQLite file, for one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with closing(self._connect()) as database:
            database.executescript(SCHEMA)

    def place(self, report: str, target: str) -> str | None:
        """Where it is already; empty if it was refused for good, None if it is still to be published."""
        query = "SELECT place FROM published WHERE report = ? AND target = ?"
        with closing(self._connect()) as database:
            row = database.execute(query, (report, target)).fetchone()
        return None if row is None else str(row[0])

    def note(self, report: str, target: str, *, place: str) -> None:
        now = int(time.time())
        with closing(self._connect()) as database, database:
            database.execute("INSERT OR REPLACE INTO published VALUES (?, ?, ?, ?)", (report, target, now, place))
            database.execute("DELETE FROM published WHERE at < ?", (now - KEPT_S,))

    def forget(self, report: str) -> None:
        """It is published anew, wherever it was."""
        with closing(self._connect()) as database, database:
            database.execute("DELETE FROM published WHERE report = ?", (report,))

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=10)
