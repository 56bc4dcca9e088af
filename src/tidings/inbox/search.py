"""Search: which of the requests that a bin caught somebody wants to see."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import msgspec

from tidings.core import json_text
from tidings.core.errors import Invalid
from tidings.core.path import Path, parse_path
from tidings.store.bins import Capture, Request

# What one search looks at, so that it costs a bounded time and memory, whatever is in a bin: guesses, at 1 GB/s 16 ms.
_STEP = 20
_MOST_LOOKED_AT = 500
_MOST_BYTES = 16 << 20
# A path, whose quoted names may hold anything, and what stands after the first = outside of quotes.
_PLACE = re.compile(r'((?:"(?:[^"\\]|\\.)*"|[^="])*)(?:=(.*))?', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a JSON body that must be there, and one of the `values` that it must have; none if any will do.

    A value stands beside whether it is a boolean, where Python would take true for 1.
    """

    path: Path
    values: frozenset[tuple[bool, object]] | None

    def is_in(self, body: bytes) -> bool:
        try:
            found = self.path.values(json_text.read(body))
        except Invalid:
            return False
        if self.values is None:
            return bool(found)
        scalars = (one for one in found if not isinstance(one, dict | list))
        return any((isinstance(one, bool), one) in self.values for one in scalars)


def parse_place(text: str, *, place: str) -> Place:
    """Read `data.customer.id=42`: 42 is the number and the text, "42" in quotes the text alone. Raises Invalid.

    Without `=` it is enough that something is there. `place` is where it stands, for the message.
    """
    parts = _PLACE.fullmatch(text)
    way, value = parts.groups() if parts else (text, None)
    return Place(path=parse_path(way.strip(), place=place), values=None if value is None else _read_as(value.strip()))


def _read_as(text: str) -> frozenset[tuple[bool, object]]:
    values: set[tuple[bool, object]] = {(False, text)}
    try:
        read: object = msgspec.json.decode(text.encode("utf-8", "replace"))
    except msgspec.DecodeError:
        return frozenset(values)
    if not isinstance(read, dict | list):
        values.add((isinstance(read, bool), read))
    return frozenset(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a request must have, in any case; what is empty does not matter.

    `path` stands somewhere in path and query, `text` in the body, `header` in a line `name: value`; `json` is a place
    in the body, whose names and values are as they are written.
    """

    method: str = ""
    path: str = ""
    header: str = ""
    text: str = ""
    json: Place | None = None

    def __bool__(self) -> bool:
        return bool(self.method or self.path or self.header or self.text or self.json)

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
        if self.text and self.text.encode("utf-8", "replace").lower() not in request.body.lower():
            return False
        return self.json is None or self.json.is_in(request.body)


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
        # JSON of 20 MiB is parsed for a second.
        fits = await asyncio.to_thread(_fitting, captures, wish) if wish else [True] * len(captures)
        for one, is_wanted in zip(captures, fits, strict=True):
            last, looked_at, size = one.number, looked_at + 1, size + len(one.request.body)
            if is_wanted:
                found.append(one)
            if len(found) == most:
                return Found(captures=found, last=last, is_whole=False)
        if len(captures) < length:
            return Found(captures=found, last=last, is_whole=True)
    return Found(captures=found, last=last, is_whole=False)


def _fitting(captures: Sequence[Capture], wish: Wish) -> list[bool]:
    return [wish.is_met_by(one.request) for one in captures]
