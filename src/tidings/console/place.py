"""Place: something in the console that has an address, and what it needs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

from tidings.console.rights import Right
from tidings.console.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`path` is below `/console`. Whoever lacks the right does not get there; unsafe methods need the session's proof.

    `largest` is how many bytes its form may have, files included.
    """

    path: str
    does: Callable[[Visit], Awaitable[Response]]
    needs: Right
    method: str = "GET"
    largest: int = 1 << 20
