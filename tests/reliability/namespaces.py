"""Namespaces: machines as the kernel keeps them apart, each with a cable to the databases and one to the outside.

Only root can make them, with iproute2. What is made is named after our process and gone in the end.
"""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence

from tests.reliability.network import Network, Site, Standing, url_of

# What a slow cable carries. A delay, as on loopback, needs netem, which not every kernel has.
_SLOW = ("tbf", "rate", "2mbit", "burst", "16kb", "latency", "400ms")


def can_be_made() -> bool:
    """Whether we are root, with iproute2, on a kernel that has namespaces to give."""
    if os.geteuid() or shutil.which("ip") is None or shutil.which("ss") is None:
        return False
    name = f"td{os.getpid()}x"
    tried = subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True)
    if tried.returncode == 0:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
    return tried.returncode == 0


class Plan:
    """Names and addresses, which no other run on this machine has."""

    def __init__(self) -> None:
        self.prefix = f"td{os.getpid()}"
        block = f"10.{20 + os.getpid() % 200}"
        self.databases, self.outside = f"{block}.1", f"{block}.2"
        self.network = f"{block}.0.0/16"

    def servers(self, count: int) -> list[Standing]:
        return [Standing(host=f"{self.databases}.{number}", port=5432) for number in range(1, count + 1)]


@contextlib.asynccontextmanager
async def grounds(plan: Plan, *, servers: int) -> AsyncIterator[None]:
    """The addresses of the databases and of the outside, to which machines are connected later."""
    inner, outer = f"{plan.prefix}d", f"{plan.prefix}o"
    try:
        await _ip(
            f"link add {inner} type bridge",
            f"link add {outer} type bridge",
            f"addr add {plan.databases}.254/24 dev {inner}",
            f"addr add {plan.outside}.254/24 dev {outer}",
            # Alone in their blocks, so that one can go without the other.
            *(f"addr add {server.host}/32 dev {inner}" for server in plan.servers(servers)),
            f"link set {inner} up",
            f"link set {outer} up",
        )
        yield
    finally:
        await _ip(f"link del {inner}", f"link del {outer}", is_forced=True)


@contextlib.asynccontextmanager
async def namespaces(plan: Plan, name: str, *, servers: int, count: int) -> AsyncIterator[Network]:
    """Machines on those grounds."""
    database = url_of(plan.servers(servers), name)
    sites: list[Site] = []

    async def lose(server: int) -> None:
        await _ip(f"addr del {plan.servers(servers)[server].host}/32 dev {plan.prefix}d")

    try:
        for number in range(1, count + 1):
            host, cable = await _machine(plan, number)
            prefix = ("ip", "netns", "exec", cable.name)
            sites.append(Site(host=host, database=database, cable=cable, prefix=prefix))
        yield Network(outside=f"{plan.outside}.254", sites=sites, lose=lose)
    finally:
        for number in range(1, count + 1):
            name = plan.prefix
            await _ip(
                f"link del {name}d{number}", f"link del {name}o{number}", f"netns del {name}n{number}", is_forced=True
            )


async def _machine(plan: Plan, number: int) -> tuple[str, "_Veth"]:
    name, inner, outer = f"{plan.prefix}n{number}", f"{plan.prefix}d{number}", f"{plan.prefix}o{number}"
    host = f"{plan.outside}.{number}"
    await _ip(
        f"netns add {name}",
        f"link add {inner} type veth peer name inner netns {name}",
        f"link add {outer} type veth peer name outer netns {name}",
        f"link set {inner} master {plan.prefix}d up",
        f"link set {outer} master {plan.prefix}o up",
    )
    await _ip(
        f"addr add {plan.databases}.{100 + number}/24 dev inner",
        f"addr add {host}/24 dev outer",
        "link set lo up",
        "link set inner up",
        "link set outer up",
        within=name,
    )
    return host, _Veth(name, inner=inner, databases=f"{plan.databases}.0/24")


class _Veth:
    """A cable that ends in a bridge."""

    def __init__(self, name: str, *, inner: str, databases: str) -> None:
        self.name = name
        self._inner = inner
        self._databases = databases

    async def cut(self) -> None:
        await _ip(f"link set {self._inner} down")

    async def drop(self) -> None:
        await _run("ip", "netns", "exec", self.name, "ss", "--kill", "--tcp", "dst", self._databases)

    async def slow(self) -> None:
        await _run("tc", "qdisc", "replace", "dev", self._inner, "root", *_SLOW)

    async def mend(self) -> None:
        await _run("tc", "qdisc", "del", "dev", self._inner, "root", is_forced=True)  # there may be none
        await _ip(f"link set {self._inner} up")


async def _ip(*commands: str, within: str = "", is_forced: bool = False) -> None:
    """Commands of iproute2, in order; with `is_forced` each whatever became of the one before."""
    options: Sequence[str] = (*(("-netns", within) if within else ()), *(("-force",) if is_forced else ()))
    await _run("ip", *options, "-batch", "-", said="\n".join(commands), is_forced=is_forced)


async def _run(*command: str, said: str = "", is_forced: bool = False) -> None:
    await asyncio.to_thread(
        subprocess.run, command, check=not is_forced, capture_output=True, input=said.encode() + b"\n"
    )
