"""Child: a process of the bench's own, which takes orders on its input and answers on its output, in lines of JSON."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import msgspec
import uvloop

# Characters of a line; the answer with the most in it lists what was refused.
LONGEST_LINE = 64 * 1024 * 1024


def serve_orders(answer: Callable[[bytes], Awaitable[msgspec.Struct]]) -> None:
    """Answer each line until the input ends: with our parent, however it ended, we are gone."""
    uvloop.run(_serve(answer))


async def _serve(answer: Callable[[bytes], Awaitable[msgspec.Struct]]) -> None:
    lines = asyncio.StreamReader(limit=LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        sys.stdout.buffer.write(msgspec.json.encode(await answer(line)) + b"\n")
        sys.stdout.buffer.flush()
