"""Limit: how long one question may keep a database busy, whatever was asked."""

import contextlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tidings.core.clock import Clock

# SQLite asks after so many steps of its machine, which take about a millisecond.
_STEPS = 20_000


@contextlib.contextmanager
def limited(connection: Connection, ms: int, *, clock: Clock) -> Iterator[None]:
    """Break off statements that take longer; the driver raises an OperationalError."""
    kind = connection.dialect.name
    if kind == "postgresql":
        # Ends with the transaction.
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {ms}")
        yield
    elif kind == "sqlite":
        driver: Any = connection.connection.driver_connection
        end = clock.monotonic() + ms / 1_000
        driver.set_progress_handler(lambda: clock.monotonic() > end, _STEPS)
        try:
            yield
        finally:
            driver.set_progress_handler(None, 0)
    else:
        connection.exec_driver_sql(f"SET max_statement_time = {ms / 1_000}")
        try:
            yield
        finally:
            # Others use the connection after us.
            with contextlib.suppress(sa.exc.DBAPIError):
                connection.exec_driver_sql("SET max_statement_time = 0")
