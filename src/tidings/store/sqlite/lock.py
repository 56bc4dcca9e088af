"""The lock file: one process serves a SQLite store, and whoever gets the lock knows that no other one lives."""

import fcntl
import os
from pathlib import Path

from tidings.core.errors import Conflict


class ServingLock:
    """Held until closed, or until the process ends however it ends. Raises Conflict if another process has it."""

    def __init__(self, path: str) -> None:
        self._file = Path(f"{path}.lock").open("a+", encoding="ascii")  # noqa: SIM115 - closing it is giving up the lock
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise Conflict(f"another process serves {path} already; stop it, or use PostgreSQL for several") from error
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()
