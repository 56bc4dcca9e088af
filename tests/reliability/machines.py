"""Machines: several servers on one PostgreSQL, each with its publisher, and the ways in which one can be lost."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.ports import free_port
from tests.reliability.network import Network, Site
from tests.reliability.program import Program
from tests.reliability.publisher import Publisher
from tests.reliability.trial import WEBHOOKS, Trial, becomes_ready, trial, until
from tests.web.conversation import ask

# Seconds. A lease is ten, PostgreSQL is given ten to answer, and the rest is for a busy machine.
PATIENCE_S = 120.0
# Deliveries, of all machines together: what is left in the end has to be delivered before a test is over.
MOST_MISSING = 500
_DELIVERED = re.compile(r"^tidings_delivered_total (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One server at its place in the network."""

    site: Site
    port: int
    program: Program
    publisher: Publisher

    async def start(self) -> None:
        await self.program.start()

    async def kill(self) -> None:
        await self.program.kill()

    async def freeze(self) -> None:
        self.program.freeze()

    async def thaw(self) -> None:
        self.program.thaw()

    async def cut(self) -> None:
        await self.site.cable.cut()

    async def mend(self) -> None:
        await self.site.cable.mend()

    async def owes(self) -> int:
        """Publish an event here; to how many webhooks it is owed."""
        return await self.publisher.publish_one()

    @property
    def reclaimed(self) -> int:
        """How many owners this server found dead."""
        return self.program.log.read_text().count("tenure.reclaimed ")

    async def keeps(self, more: int) -> None:
        """Wait until it has answered for so many more events."""
        enough = self.publisher.kept + more
        await until(lambda: self.publisher.kept >= enough, within=PATIENCE_S)

    async def delivered(self) -> int:
        """How many deliveries succeeded here since its start."""
        answer = await ask(self.port, "GET /metrics", host=self.site.host)
        found = _DELIVERED.search(answer.body.decode())
        return int(float(found[1])) if found else 0

    async def becomes_ready(self) -> None:
        await becomes_ready(self.port, host=self.site.host)


Step = Callable[[Machine], Awaitable[None]]
# How a machine can be lost, and how it comes back.
LOSSES: Mapping[str, tuple[Step, Step]] = {
    "cut off": (Machine.cut, Machine.mend),
    "killed": (Machine.kill, Machine.start),
    "frozen": (Machine.freeze, Machine.thaw),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """All of them, and the trial that they are put to."""

    trial: Trial
    all: Sequence[Machine]

    @contextlib.asynccontextmanager
    async def publishing(self, name: str = "line") -> AsyncIterator[None]:
        """Publish to each of them while in the context. Names must not repeat."""
        async with contextlib.AsyncExitStack() as stack:
            for number, machine in enumerate(self.all):
                await stack.enter_async_context(machine.publisher.publishing(f"{name}-{number}"))
            yield

    async def each_keeps(self, more: int) -> None:
        """Wait until each one has answered for so many more events."""
        enough = [(machine.publisher, machine.publisher.kept + more) for machine in self.all]
        await until(lambda: all(publisher.kept >= count for publisher, count in enough), within=PATIENCE_S)


@contextlib.asynccontextmanager
async def machines(
    folder: Path, network: Network, *, database: str, webhooks: Mapping[str, dict[str, Any]] = WEBHOOKS
) -> AsyncIterator[Machines]:
    """A server at each site, running. `database` is the store as we see it."""
    async with trial(folder, database, host=network.outside, webhooks=webhooks) as one:
        those = []
        for site in network.sites:
            port = free_port()
            program = one.server(port, prefix=site.prefix, host=site.host, database=site.database)
            publisher = one.publisher(program, port=port, host=site.host)
            those.append(Machine(site=site, port=port, program=program, publisher=publisher))
            publisher.most_missing = MOST_MISSING
        await asyncio.gather(*(machine.start() for machine in those))
        try:
            yield Machines(trial=one, all=those)
        finally:
            for machine in those:
                await machine.mend()
