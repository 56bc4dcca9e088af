"""Apart: a scribe in a process of its own, so that what it reads and writes takes no time from those who receive.

Messages go through its standard input and output: four bytes of length, then MessagePack. The first one tells where
the tables are, which no command line may, for it holds a password.
"""

import asyncio
import contextlib
import logging
import struct
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import BinaryIO

import msgspec

from tidings.core.errors import TidingsError, Unavailable
from tidings.core.receipt import Receipt
from tidings.inbox.scribe import Scribe, Understood, Written

log = logging.getLogger(__name__)

# Seconds for one batch: more than a database may keep a writer waiting.
_PATIENCE_S = 60.0
# Seconds that it has to end by itself.
_GRACE_S = 5.0
_LENGTH = struct.Struct("!I")


class _ToRead(msgspec.Struct, frozen=True, tag="read"):
    batch: Sequence[Receipt]
    dialects: Mapping[str, str]


class _ToWrite(msgspec.Struct, frozen=True, tag="write"):
    repeated: Collection[int]


class _Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Either of the two, or why the tables cannot be written now."""

    understood: Understood | None = None
    written: Written | None = None
    unavailable: str = ""


_order = msgspec.msgpack.Decoder(_ToRead | _ToWrite)
_answer = msgspec.msgpack.Decoder(_Answer)


class Apart:
    """Asks the scribe of another process, which begins with the first batch. Only one batch may be under way."""

    def __init__(self, module: str, *, tables_url: str) -> None:
        self._module = module
        self._tables_url = tables_url
        self._process: asyncio.subprocess.Process | None = None

    async def read(self, batch: Sequence[Receipt], dialects: Mapping[str, str]) -> Understood:
        answer = await self._ask(_ToRead(batch, dialects))
        return answer.understood or Understood(said=[], unreadable=[])

    async def write(self, repeated: Collection[int]) -> Written:
        return (await self._ask(_ToWrite(repeated))).written or Written(done=[])

    async def close(self) -> None:
        """End the process: at the end of its input it ends by itself, what it has begun finished."""
        process = self._process
        if process is not None and process.stdin is not None:
            process.stdin.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE_S):
                    await process.wait()
            await self._kill()

    async def _ask(self, order: _ToRead | _ToWrite) -> _Answer:
        is_answered = False
        try:
            async with asyncio.timeout(_PATIENCE_S):
                process = await self._started()
                assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - pipes, see below
                process.stdin.write(_framed(msgspec.msgpack.encode(order)))
                await process.stdin.drain()
                [length] = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
                answer = _answer.decode(await process.stdout.readexactly(length))
            is_answered = True
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            log.warning("scribe.lost error=%s", type(error).__name__)
            raise Unavailable("the process that lays rows has ended or hangs; another one begins") from error
        finally:
            # An answer that nobody waited for must not be taken for the next one's.
            if not is_answered:
                await self._kill()
        if answer.unavailable:
            raise Unavailable(answer.unavailable)
        return answer

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            pipe = asyncio.subprocess.PIPE
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", self._module, stdin=pipe, stdout=pipe, start_new_session=True
            )
            assert self._process.stdin is not None  # noqa: S101 - a pipe
            self._process.stdin.write(_framed(self._tables_url.encode()))
        return self._process


def scribe_for(open_scribe: Callable[[str], Scribe], *, orders: BinaryIO, answers: BinaryIO) -> None:
    """The other side: open a scribe for the tables that the first message names, and serve until the input ends."""
    first = _message(orders)
    if first is None:
        return
    scribe = open_scribe(first.decode())
    while (message := _message(orders)) is not None:
        answers.write(_framed(msgspec.msgpack.encode(_answered(scribe, _order.decode(message)))))
        answers.flush()


def _answered(scribe: Scribe, order: _ToRead | _ToWrite) -> _Answer:
    try:
        if isinstance(order, _ToRead):
            return _Answer(understood=scribe.read(order.batch, order.dialects))
        return _Answer(written=scribe.write(order.repeated))
    except TidingsError as error:
        return _Answer(unavailable=error.message)


def _message(orders: BinaryIO) -> bytes | None:
    head = orders.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    [length] = _LENGTH.unpack(head)
    message = orders.read(length)
    return message if len(message) == length else None


def _framed(message: bytes) -> bytes:
    return _LENGTH.pack(len(message)) + message
