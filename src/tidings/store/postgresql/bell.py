"""The bell between processes: LISTEN and NOTIFY, whose losses cost one poll."""

import asyncio
import secrets
from contextlib import suppress

from tidings.core.errors import Unavailable
from tidings.store.postgresql.connection import Connections, meant
from tidings.store.postgresql.session import Connection

_CHANNEL = "tidings"
# What a lost ring costs; a revoked token must be refused within a second.
_POLL_S = 1.0
# So many polls without a ring, and the ear is asked whether it hears: a server that disappears says nothing.
_ASKED_EVERY = 10


class Bell:
    """Rings in all other processes, and hears them on a connection of its own, which is opened anew when it is lost."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._name = secrets.token_hex(8)
        self._ear: Connection | None = None
        self._rung: dict[str, None] = {}  # each topic once, in the order in which they came
        self._something = asyncio.Event()
        self._silent = 0

    async def ring(self, topic: str) -> None:
        # Nothing is lost with a ring: the others find out at their next poll.
        with suppress(Unavailable):
            await self._connections.fetch("rung", channel=_CHANNEL, message=f"{self._name} {topic}")

    async def heard(self) -> str:
        with suppress(Unavailable):
            await self._listen()
        with suppress(TimeoutError):
            async with asyncio.timeout(_POLL_S):
                await self._something.wait()
        if not self._rung:
            self._silent += 1
            if self._silent % _ASKED_EVERY == 0:
                await self._ask()
            return "poll"
        self._silent = 0
        topic = next(iter(self._rung))
        del self._rung[topic]
        if not self._rung:
            self._something.clear()
        return topic

    async def close(self) -> None:
        if self._ear is not None:
            await self._connections.disconnect(self._ear)
            self._ear = None

    async def _listen(self) -> None:
        if self._ear is None or self._ear.is_closed():
            self._ear = await self._connections.connect()
            with meant(self._ear):
                await self._ear.add_listener(_CHANNEL, self._hear)

    async def _ask(self) -> None:
        if self._ear is not None and not self._ear.is_closed():
            try:
                with meant(self._ear):
                    await self._ear.execute("SELECT", timeout=_POLL_S)
            except Unavailable:
                self._ear.terminate()

    def _hear(self, _: Connection, __: int, ___: str, message: object) -> None:
        name, topic = str(message).split(" ", 1)
        if name != self._name:
            self._rung[topic] = None
            self._something.set()
