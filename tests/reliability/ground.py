"""Ground: a network of machines without a server yet, and the databases that they share."""

import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port
from tests.reliability.cluster import Member, cluster
from tests.reliability.namespaces import Plan, grounds, namespaces
from tests.reliability.network import Network, Standing, loopback, url_of

# Named after our process, by which PostgreSQL's processes are told from those of others.
DATABASE = f"machines_{os.getpid()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """`members` are PostgreSQLs, of which the first takes writes; `database` is the store as we see it."""

    network: Network
    members: Sequence[Member]
    database: str

    async def fail_over(self) -> None:
        """The first PostgreSQL disappears without a word, and the second one takes its place."""
        await self.network.lose(0)
        self.members[0].kill()
        await self.members[1].promote()


@contextlib.asynccontextmanager
async def ground(folder: Path, *, count: int, servers: int, is_loopback: bool) -> AsyncIterator[Ground]:
    """So many machines and PostgreSQLs, in network namespaces or on addresses of loopback."""
    async with contextlib.AsyncExitStack() as stack:
        if is_loopback:
            places = [Standing(host="127.0.0.1", port=free_port()) for _ in range(servers)]
            members = await stack.enter_async_context(cluster(folder, places, network="127.0.0.0/8"))
            network = await stack.enter_async_context(loopback(places, DATABASE, count=count))
        else:
            plan = Plan()
            places = plan.servers(servers)
            await stack.enter_async_context(grounds(plan, servers=servers))
            members = await stack.enter_async_context(cluster(folder, places, network=plan.network))
            made = namespaces(plan, DATABASE, servers=servers, count=count)
            network = await stack.enter_async_context(made)
        await members[0].execute(f"CREATE DATABASE {DATABASE}")
        yield Ground(network=network, members=members, database=url_of(places, DATABASE))
