"""Route: one thing that the API does, told once; the door mounts it, checks it and describes it in OpenAPI."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tidings.core.caller import Caller
from tidings.core.errors import TidingsError
from tidings.core.json_text import LARGEST_BODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that was let in: its body is decoded and its caller known. `caller` is None only on open routes."""

    caller: Caller | None
    body: Any = None
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    address: str = ""  # of the peer, or what a trusted proxy says of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A query parameter or a header that a route reads; `schema` is JSON Schema."""

    name: str
    meaning: str
    place: str = "query"  # or "header"
    is_required: bool = False
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One thing that the API does. `path` has its parameters in braces; `answers` is sent as JSON with status 200.

    `needs` is the scope that a token must have, None on open routes. `body` is the msgspec type that the request's JSON
    is decoded to. One that `takes_files` has uploads for its body: a tuple of `Upload`, which are closed after it. What
    is sent may have `largest` bytes. `errors` are those that the handler raises besides the ones that every route may
    answer. Where it `is_lenient`, bodies may be what Json.NET took for JSON, and names in a query are of any case. One
    that `is_busy` reads neither headers nor address, and can so be answered before any framework has looked at it.
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Callable[[Call], Awaitable[Any]]
    needs: str | None
    answers: Any
    body: Any = None
    parameters: tuple[Parameter, ...] = ()
    errors: tuple[type[TidingsError], ...] = ()
    tag: str = ""
    is_lenient: bool = False
    takes_files: bool = False
    is_busy: bool = False
    largest: int = LARGEST_BODY
