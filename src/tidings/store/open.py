"""Opening the store: which engine a URL means."""

from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.store.database import Database


async def open_database(url: str, *, clock: Clock, serving: bool = False) -> Database:
    """Open `sqlite:PATH` or `postgresql://…`. Raises Invalid, and Unavailable when the store does not answer.

    `serving`: this process is to be the one that serves a SQLite store; Conflict if another one does.
    """
    engine, _, path = url.partition(":")
    if engine == "sqlite" and path:
        from tidings.store.sqlite.database import open_sqlite  # noqa: PLC0415 - nobody loads an engine that is not theirs

        return await open_sqlite(path, clock=clock, serving=serving)
    if engine == "postgresql":
        from tidings.store.postgresql.database import open_postgresql  # noqa: PLC0415 - as above

        return await open_postgresql(url, clock=clock)
    raise Invalid(f"cannot tell what store {engine!r} is; write sqlite:PATH or postgresql://…")
