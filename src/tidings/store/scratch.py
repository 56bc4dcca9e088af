"""A fresh database on the engine and the disk that are to be measured, gone when the run is over."""

import contextlib
import secrets
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tidings.core.errors import Invalid
from tidings.store.postgresql.connection import meant, pooled

PREFIX = "tidings_bench_"


@contextlib.asynccontextmanager
async def scratch_database(url: str) -> AsyncIterator[str]:
    """A database of its own: beside the file that `sqlite:PATH` names, or on the server of `postgresql://…`.

    What the URL itself names is not touched. Raises Invalid if nothing can be made there, Unavailable if the server
    does not answer.
    """
    engine, _, path = url.partition(":")
    if engine == "sqlite" and path:
        try:
            with tempfile.TemporaryDirectory(prefix=PREFIX, dir=Path(path).parent) as folder:
                yield f"sqlite:{folder}/tidings.db"
        except FileNotFoundError as error:
            raise Invalid(f"--database: there is no folder {Path(path).parent}; make it, or name another") from error
        return
    if engine not in {"postgresql", "postgres"}:
        raise Invalid("--database: write sqlite:PATH or postgresql://…")
    name = PREFIX + secrets.token_hex(6)
    await _execute(url, f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        await _execute(url, f"DROP DATABASE {name} WITH (FORCE)")


async def _execute(url: str, statement: str) -> None:
    connections = await pooled(url)
    try:
        connection = await connections.connect()
        with meant(connection):
            await connection.execute(statement, timeout=60)
        await connections.disconnect(connection)
    finally:
        await connections.close()
