"""A server that says that it ends the session, and does not end it yet."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit, urlunsplit

import pytest

from tests.store.factories import kept, publication
from tidings.core.clock import Clock
from tidings.core.errors import Unavailable
from tidings.store.open import open_database

SOCKET = ".s.PGSQL.5432"
_WORDS = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
FAREWELL = b"E" + (len(_WORDS) + 4).to_bytes(4, "big") + _WORDS


class Wire:
    """Stands between a client and the server."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._clients: list[asyncio.StreamWriter] = []

    def say_farewell(self) -> None:
        """To every client there is, and leave the connections open."""
        for client in (one for one in self._clients if not one.is_closing()):
            client.write(FAREWELL)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.append(writer)
        from_server, to_server = await asyncio.open_unix_connection(self._socket)
        async with asyncio.TaskGroup() as group:
            group.create_task(_copy(reader, to_server))
            group.create_task(_copy(from_server, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(65_536):
            writer.write(piece)
    writer.close()


@pytest.fixture
async def wire(new_postgresql_database: Callable[[], str]) -> AsyncIterator[tuple[Wire, str]]:
    parts = urlsplit(new_postgresql_database())
    [folder] = parse_qs(parts.query)["host"]
    wire = Wire(f"{folder}/{SOCKET}")
    # The path of a socket must be short.
    with tempfile.TemporaryDirectory() as ours:
        async with await asyncio.start_unix_server(wire.carry, f"{ours}/{SOCKET}"):
            yield wire, urlunsplit(parts._replace(query=f"host={ours}"))


async def test_a_session_that_the_server_has_given_up_is_not_used_again(wire: tuple[Wire, str]) -> None:
    between, url = wire
    database = await open_database(url, clock=Clock())
    try:
        async with asyncio.timeout(60):
            await database.migrate()
            await kept(database, publication(1))

            between.say_farewell()
            await Clock().sleep(0.1)  # nothing shows that a client has read it
            with pytest.raises(Unavailable):
                await kept(database, publication(1))

            assert await kept(database, publication(1))
    finally:
        await database.close()
