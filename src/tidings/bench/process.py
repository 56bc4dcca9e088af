"""Processes of a run: started, asked, weighed by what the kernel says of them, and ended whatever happens."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from tidings.bench.child import LONGEST_LINE
from tidings.core.errors import Unavailable

T = TypeVar("T")

# Seconds in which a process that was told to end does so; the server promises ten.
_END_WITHIN_S = 15.0
_PROC = Path("/proc")
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Process:
    """A process of the run."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, *, log: Path) -> None:
        self.name = name
        self.pid = process.pid
        self._process = process
        self._log = log

    async def ask(self, order: msgspec.Struct, answer: type[T]) -> T:
        """Give a child an order and wait for its answer, however long that takes."""
        assert self._process.stdin is not None  # noqa: S101 - it was started with one
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")
        return msgspec.json.decode(await self.line(), type=answer)

    async def line(self) -> bytes:
        """The next line that it prints. Raises Unavailable with what it logged if it ended instead."""
        assert self._process.stdout is not None  # noqa: S101 - as above
        line = await self._process.stdout.readline()
        if not line:
            said = self._log.read_text("utf-8", "replace").splitlines()
            last = next((text for text in reversed(said) if any(map(str.isalpha, text))), "it said nothing")
            raise Unavailable(f"the {self.name} ended early: {last.strip(' |')}")
        return line

    async def end(self) -> None:
        """End it in good order, or by force."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(_END_WITHIN_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@contextlib.asynccontextmanager
async def started(
    name: str, *arguments: str, folder: Path, environ: Mapping[str, str] | None = None
) -> AsyncIterator[Process]:
    """A Python process that runs in that folder, where it leaves its log, and ends with the context."""
    log = folder / f"{name}.log"
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(  # noqa: TID251 - no store is open here, whose locks could be held
            sys.executable,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=file,
            limit=LONGEST_LINE,
            cwd=folder,
            env=environ,
            start_new_session=True,  # Ctrl-C is ours: we end them, in order
        )
    running = Process(name, process, log=log)
    try:
        yield running
    finally:
        await running.end()


def cpu_us(pid: int) -> int:
    """What a process has used of the processors, in microseconds; the kernel counts in hundredths of a second."""
    # Its second field is the program's name in brackets, and may hold spaces.
    fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    return (user + system) * 1_000_000 // TICKS_A_SECOND


def peak_rss_mb(pid: int) -> float:
    """The most memory that a process has had."""
    lines = (_PROC / str(pid) / "status").read_text().splitlines()
    kilobytes = next(line for line in lines if line.startswith("VmHWM:")).split()[1]
    return int(kilobytes) / 1_024


def children_of(pid: int) -> list[int]:
    """The processes that a process has begun, in whichever of its threads."""
    found = []
    for path in _PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
    return found


def listeners(port: int) -> int:
    """How many sockets of this machine listen at that port of any address of version 4."""
    lines = [line.split() for line in (_PROC / "net" / "tcp").read_text().splitlines()[1:]]
    return sum(state == "0A" and int(local.rpartition(":")[2], 16) == port for _, local, _, state, *_ in lines)


def backends(database: str) -> list[int]:
    """PostgreSQL's processes on this machine that work for that database: their titles say so."""
    found = []
    for path in _PROC.glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if (title := path.read_bytes()).startswith(b"postgres: ") and database.encode() in title:
                found.append(int(path.parent.name))
    return found
