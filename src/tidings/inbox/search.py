"""Search: which of the requests that a bin caught somebody wants to see."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tidings.store.bins import Capture, Request

# What one search looks at, so that it costs a bounded time and memory, whatever is in a bin: guesses, at 1 GB/s 16 ms.
_STEP = 20
_MOST_LOOKED_AT = 500
_MOST_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a request must have, in any case; what is empty does not matter.

    `path` stands somewhere in path and query, `text` in the body, `header` in a line `name: value`.
    """

    method: str = ""
    path: str = ""
    header: str = ""
    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.method or self.path or self.header or self.text)

    def is_met_by(self, request: Request) -> bool:
        if self.method and self.method.lower() != request.method.lower():
            return False
        if self.path and self.path.lower() not in f"{request.path}?{request.query}".lower():
            return False
        if self.header and not any(
            self.header.lower() in f"{name}: {value}".lower() for name, value in request.headers
        ):
            return False
        # Letters beyond ASCII only as they are written: lower case of bytes knows no others.
        return not self.text or self.text.encode("utf-8", "replace").lower() in request.body.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Requests that were wanted. `last` was looked at last; `is_whole` if there was nothing after it."""

    captures: Sequence[Capture]
    last: int
    is_whole: bool


async def search(
    step: Callable[[int, int], Awaitable[Sequence[Capture]]], wish: Wish, *, start: int, most: int
) -> Found:
    """Look through what `step(number, most)` gives from a number on, for so many at most."""
    found: list[Capture] = []
    last, looked_at, size = start, 0, 0
    length = min(most, _STEP) if wish else most
    while looked_at < _MOST_LOOKED_AT and size < _MOST_BYTES:
        captures = await step(last, length)
        for one in captures:
            last, looked_at, size = one.number, looked_at + 1, size + len(one.request.body)
            if wish.is_met_by(one.request):
                found.append(one)
            if len(found) == most:
                return Found(captures=found, last=last, is_whole=False)
        if len(captures) < length:
            return Found(captures=found, last=last, is_whole=True)
    return Found(captures=found, last=last, is_whole=False)
