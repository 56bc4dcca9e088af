"""Hosts: the servers that a URL of PostgreSQL names, asked in turn until one answers that takes writes."""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from tidings.core.descriptors import DESCRIPTORS

# Seconds that each is given. asyncpg's own limit is for all of them together, so that one which swallows everything
# would use it up.
CONNECT_S = 5.0
_WRITES = "target_session_attrs=read-write"
# The next one may do: nobody listens there, it is about to end or to begin, or it takes no writes.
_NEXT = (
    OSError,
    TimeoutError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresConnectionError,
    asyncpg.TargetServerAttributeNotMatched,
)


class Hosts:
    """`postgresql://user@one:5432,two:5432/database`. The one that answered last is asked first."""

    def __init__(self, url: str) -> None:
        self._urls = _each(url)
        self._first = 0

    async def connect(self, *__: object, **options: Any) -> "asyncpg.Connection[asyncpg.Record]":  # noqa: ANN401 - asyncpg's
        """Connect as `asyncpg.connect` does; raises what the last one raised. A pool calls it with its own URL too."""
        # Our own count: several connect at once, and each that fails must not send the others back to where it was.
        *places, last = (place % len(self._urls) for place in range(self._first, self._first + len(self._urls)))
        for place in places:
            try:
                return await self._ask(place, **options)
            except _NEXT:
                continue
        return await self._ask(last, **options)

    async def _ask(self, place: int, **options: Any) -> "asyncpg.Connection[asyncpg.Record]":  # noqa: ANN401 - as `connect`
        try:
            connected: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
                self._urls[place], timeout=CONNECT_S, **options
            )
        except OSError as error:
            DESCRIPTORS.missed(error)
            raise
        self._first = place
        return connected


def _each(url: str) -> list[str]:
    """A URL for each host; of several only one that takes writes will do, unless the URL says otherwise."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return [url]  # which asyncpg will not be able to read either
    login, at, places = parts.netloc.rpartition("@")
    if "," not in places:
        return [url]
    query = parts.query
    if "target_session_attrs" not in query:
        query = f"{query}&{_WRITES}" if query else _WRITES
    return [urlunsplit(parts._replace(netloc=f"{login}{at}{place}", query=query)) for place in places.split(",")]
