"""Page: something served in a form of its own, where a `Route` would decode and answer JSON."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

ANY_METHOD = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Bytes in, bytes out. `methods` may be `ANY_METHOD` alone.

    `operation` is what OpenAPI says of it, besides name, summary and tag; empty for what is not part of the API.
    """

    path: str
    name: str
    summary: str
    endpoint: Callable[[Request], Awaitable[Response]]
    methods: tuple[str, ...] = ("GET",)
    operation: Mapping[str, Any] = field(default_factory=dict)
    shapes: tuple[Any, ...] = ()  # types whose schemas `operation` refers to
    tag: str = ""
