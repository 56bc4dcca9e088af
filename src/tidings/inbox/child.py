"""Child: a process of our own that answers messages, one at a time, and may be lost without harm.

Messages go through its standard input and output: four bytes of length, and what they say. It is begun and asked in a
thread, never by the event loop: uvloop runs Python in the copy of this process that is to become the child, which then
waits for ever for a lock that some thread had, SQLite's for one, and the loop for it.
"""

import asyncio
import contextlib
import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO

from tidings.core.errors import Unavailable

# Seconds that it has to end by itself.
_GRACE_S = 5.0
_LOOK_AGAIN_S = 0.1
_LENGTH = struct.Struct("!I")


class Child:
    """Runs `python -m MODULE`, from the first question on.

    Each new process is told `first` before that; what it complains of is ours to log, unless it `is_quiet`.
    """

    def __init__(self, module: str, *, first: bytes = b"", is_quiet: bool = False) -> None:
        self._module = module
        self._first = first
        self._is_quiet = is_quiet
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=module.rpartition(".")[2])
        self._alone = asyncio.Lock()

    async def ask(self, message: bytes, *, within_s: float) -> bytes:
        """What it answers. Raises Unavailable if it ended, or did not answer in time: then it is ended."""
        async with self._alone:
            asking = asyncio.get_running_loop().run_in_executor(self._thread, self._asked, message)
            try:
                async with asyncio.timeout(within_s):
                    return await asyncio.shield(asking)
            except (TimeoutError, OSError, EOFError) as error:
                raise Unavailable(f"the process {self._module} ended, or did not answer in time") from error
            finally:
                if not asking.done() or asking.cancelled() or asking.exception() is not None:
                    await self._break_off(asking)

    async def close(self) -> None:
        """End it, with the end of its input; another one begins with the next question."""
        async with self._alone:
            await self._ended(within_s=_GRACE_S)

    async def _break_off(self, asking: "asyncio.Future[bytes]") -> None:
        """End the process: an answer that nobody waited for must not be taken for the next one's."""
        await self._ended(within_s=0.0)
        while not asking.done():
            await asyncio.wait([asking], timeout=_LOOK_AGAIN_S)
            await self._ended(within_s=0.0)  # it may have been about to begin just then
        if not asking.cancelled():
            asking.exception()  # looked at, else asyncio calls it forgotten

    def _asked(self, message: bytes) -> bytes:
        process = self._process
        if process is not None and process.poll() is not None:
            _end(process, 0.0)
            process = None
        if process is None:
            process = self._process = self._begun()
            if self._first:
                _write(process, self._first)
        _write(process, message)
        assert process.stdout is not None  # noqa: S101 - a pipe, see `_begun`
        answer = _read(process.stdout)
        if answer is None:
            raise EOFError
        return answer

    def _begun(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 - a module of ours
            [sys.executable, "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if self._is_quiet else None,
            start_new_session=True,  # what is said to our process group is meant for us, who end it in order
        )

    async def _ended(self, *, within_s: float) -> None:
        process, self._process = self._process, None
        if process is not None:
            await asyncio.to_thread(_end, process, within_s)


def messages(orders: IO[bytes]) -> Iterator[bytes]:
    """The other side: the messages that come, until the input ends."""
    while (message := _read(orders)) is not None:
        yield message


def answer(answers: IO[bytes], message: bytes) -> None:
    """The other side: answer the message that came last."""
    answers.write(_LENGTH.pack(len(message)) + message)
    answers.flush()


def _write(process: "subprocess.Popen[bytes]", message: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - a pipe, see `_begun`
    answer(process.stdin, message)


def _read(stream: IO[bytes]) -> bytes | None:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    [length] = _LENGTH.unpack(head)
    message = stream.read(length)
    return message if len(message) == length else None


def _end(process: "subprocess.Popen[bytes]", within_s: float) -> None:
    if within_s and process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(within_s)
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
