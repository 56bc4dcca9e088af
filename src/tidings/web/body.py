"""Body: what a request carries, read within limits of size and time."""

import asyncio

from starlette.requests import Request

from tidings.core.errors import TooLarge
from tidings.core.json_text import LARGEST_BODY

# Seconds for a whole body; at the largest size that is 35 kB a second, slower than any link that is worth waiting for.
SLOWEST_BODY_S = 30.0
# What is read in vain, so that a client that only reads after writing sees the refusal and not a broken connection.
MOST_IN_VAIN = 8 * LARGEST_BODY


async def read_body(request: Request, *, limit: int = LARGEST_BODY) -> bytes:
    """The whole body. Raises TooLarge over `limit` bytes, however they are sent, and TimeoutError."""
    said = request.headers.get("content-length", "0")
    size = int(said) if said.isdigit() else 0
    if size > limit and (size > MOST_IN_VAIN or "expect" in request.headers):
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    async with asyncio.timeout(SLOWEST_BODY_S):
        async for chunk in request.stream():
            size += len(chunk)
            if size <= limit:
                chunks.append(chunk)
            elif size > MOST_IN_VAIN:
                break
    if size > limit:
        raise _too_large(limit)
    return b"".join(chunks)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is larger than {limit} bytes; send less at a time")
