"""Network: machines apart from their database, and the cable between, which can be cut, dropped and slowed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from tidings.core.clock import Clock

# Seconds that a slow cable keeps each piece, either way: a database in another part of the world.
SLOW_S = 0.05
_PIECE = 1 << 16


class Cable(Protocol):
    """What lies between a machine and its databases."""

    async def cut(self) -> None:
        """Let nothing pass; connections stay open, as when a plug is pulled."""

    async def drop(self) -> None:
        """Reset every connection, as a firewall does that lost its memory."""

    async def slow(self) -> None:
        """Let things pass late."""

    async def mend(self) -> None:
        """Let everything pass again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a PostgreSQL listens: the folder of its socket, or an address with a port."""

    host: str
    port: int = 5432

    @property
    def authority(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A machine: the address that it listens on, the store as it sees it, and how programs are run there."""

    host: str
    database: str
    cable: Cable
    prefix: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Machines, and the address at which they reach the outside world.

    `lose` takes a database off the network, without a word to whoever speaks with it; they are counted from 0.
    """

    outside: str
    sites: Sequence[Site]
    lose: Callable[[int], Awaitable[None]]


def url_of(places: Sequence[Standing], name: str) -> str:
    """A store on whichever of the servers takes writes."""
    return f"postgresql://postgres@{','.join(place.authority for place in places)}/{name}"


@contextlib.asynccontextmanager
async def loopback(servers: Sequence[Standing], name: str, *, count: int) -> AsyncIterator[Network]:
    """Machines on addresses of loopback of their own, 127.0.0.2 and on, each with a wire to each server."""
    async with contextlib.AsyncExitStack() as stack:
        sites, cables = [], []
        for number in range(2, count + 2):
            host = f"127.0.0.{number}"
            wires = [await stack.enter_async_context(_Wire(server, host=host)) for server in servers]
            database = url_of([wire.standing for wire in wires], name)
            sites.append(Site(host=host, database=database, cable=_Wires(wires)))
            cables.append(wires)

        async def lose(server: int) -> None:
            for wires in cables:
                wires[server].passes.clear()

        yield Network(outside="127.0.0.1", sites=sites, lose=lose)


class _Wire:
    """Carries bytes between a port of its own and a server."""

    def __init__(self, server: Standing, *, host: str) -> None:
        self.passes = asyncio.Event()
        self.passes.set()
        self.is_slow = False
        self._server = server
        self._host = host
        self._clock = Clock()
        self._carrying: set[asyncio.Task[None]] = set()
        self._ends: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._join, self._host)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listener.close()
        self.passes.set()
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)
        self.drop()

    @property
    def standing(self) -> Standing:
        return Standing(host=self._host, port=self._listener.sockets[0].getsockname()[1])

    def drop(self) -> None:
        for end in self._ends:
            end.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        self._ends.add(writer)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self.passes.wait()
            there, back = await self._reached()
            self._ends.add(back)
            await asyncio.gather(self._carry(reader, back), self._carry(there, writer), return_exceptions=True)
            back.transport.abort()
            self._ends.discard(back)
        writer.transport.abort()
        self._ends.discard(writer)
        self._carrying.discard(task)

    async def _reached(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._server.host.startswith("/"):
            return await asyncio.open_unix_connection(f"{self._server.host}/.s.PGSQL.{self._server.port}")
        return await asyncio.open_connection(self._server.host, self._server.port)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One way. What comes while nothing passes is taken all the same, as the buffers on the way would."""
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def take() -> None:
            piece = b"-"
            while piece:
                try:
                    piece = await reader.read(_PIECE)
                except OSError:
                    piece = b""
                pieces.put_nowait((self._clock.monotonic() + SLOW_S * self.is_slow, piece))

        async def pass_on() -> None:
            piece = b"-"
            while piece:
                at, piece = await pieces.get()
                await self._clock.sleep(max(0.0, at - self._clock.monotonic()))
                await self.passes.wait()
                writer.write(piece)
                await writer.drain()
            writer.close()

        await asyncio.gather(take(), pass_on())


class _Wires:
    """All wires of a machine: its cable."""

    def __init__(self, wires: Sequence[_Wire]) -> None:
        self._wires = wires

    async def cut(self) -> None:
        for wire in self._wires:
            wire.passes.clear()

    async def drop(self) -> None:
        for wire in self._wires:
            wire.drop()

    async def slow(self) -> None:
        for wire in self._wires:
            wire.is_slow = True

    async def mend(self) -> None:
        for wire in self._wires:
            wire.is_slow = False
            wire.passes.set()
