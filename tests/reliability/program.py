"""Program: `tidings serve` or `tidings worker` as a process that is killed, frozen, stopped and started again."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

# Seconds; two on a machine that is not busy, and more than thirty on one that has five times more to do than it can.
STARTS_WITHIN_S = 120.0
# What a stop in good order may take: ten, of which a busy machine makes more, and less than `PATIENT` waits.
STOPS_WITHIN_S = 45.0


class Program:
    """One place in the installation. `is_up` tells whether somebody answers there.

    `prefix` is a command that replaces itself by the program, as `("ip", "netns", "exec", "one")`.
    """

    def __init__(self, *arguments: str, folder: Path, settings: Mapping[str, str], prefix: Sequence[str] = ()) -> None:
        self.is_up = asyncio.Event()
        self.log = folder / f"{arguments[0]}-{settings.get('TIDINGS_PORT', '0')}.log"
        self._command = [*prefix, sys.executable, "-m", "tidings", *arguments]
        self._folder = folder
        # Measuring coverage doubles the time of a start, and a process that is killed could not report it.
        rest = {name: value for name, value in os.environ.items() if not name.startswith(("TIDINGS_", "COV"))}
        self._environ = rest | dict(settings)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    async def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        await self.begin()
        await self.serving()

    async def begin(self) -> None:
        self._process = await asyncio.to_thread(self._begun)

    async def serving(self) -> None:
        """Wait until what was begun says that it is ready."""
        async with asyncio.timeout(STARTS_WITHIN_S):
            said = await asyncio.to_thread(self._pipe.readline)
        assert said.startswith(b"Tidings "), self.log.read_text()
        self.is_up.set()

    async def kill(self) -> None:
        """As the kernel does when memory runs out."""
        self.is_up.clear()
        self.process.kill()
        await self._ended()

    def freeze(self) -> None:
        self.is_up.clear()
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.is_up.set()

    def tell_to_stop(self) -> None:
        self.is_up.clear()
        self.process.terminate()

    async def stopped(self) -> int:
        """Wait for its end, for as long as it may take; its exit code."""
        async with asyncio.timeout(STOPS_WITHIN_S):
            return await self._ended()

    async def end(self) -> None:
        """Leave nothing behind, whatever happened before."""
        if self._process is not None and self._process.poll() is None:
            await self.kill()

    async def _ended(self) -> int:
        # To the end, so that its pipe is closed too.
        await asyncio.to_thread(self.process.communicate)
        return self.process.returncode

    @property
    def _pipe(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout

    def _begun(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
