"""Timing: each answer says how long we took to make it, where browsers show it."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from tidings.core.clock import Clock

Endpoint = Callable[[Request], Awaitable[Response]]


def timed(endpoint: Endpoint, *, clock: Clock) -> Endpoint:
    """`Server-Timing: page;dur=…` in milliseconds, until the answer begins; what is streamed takes its own time."""

    async def answer(request: Request) -> Response:
        began = clock.monotonic()
        response = await endpoint(request)
        response.headers["server-timing"] = f"page;dur={(clock.monotonic() - began) * 1_000:.1f}"
        return response

    return answer
