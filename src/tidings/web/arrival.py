"""Arrival: what ASGI does not tell of how a request came: its headers' names as they were written, and its TLS."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.requests import Request

# Where it matters to the byte what came. All else is spared the few nanoseconds a header.
_SPELLED = (b"/bin/", b"/receive/")
_EXTENSION = "tidings.arrival"


class Tls(NamedTuple):
    """How a request was encrypted on its way to us, as OpenSSL names it; empty where TLS did not end here."""

    version: str = ""
    cipher: str = ""


def is_spelled(target: bytes) -> bool:
    """Whether the names of the headers are kept as they come, where a request goes there."""
    return target.startswith(_SPELLED)


def arrival(names: list[bytes], *, transport: asyncio.BaseTransport) -> dict[str, dict[object, object]]:
    """The `extensions` of a request's scope."""
    return {_EXTENSION: {"names": names, "transport": transport}}


def headers_of(request: Request) -> tuple[tuple[str, str], ...]:
    """The headers in the order and, where they are kept, the case in which they came."""
    return headers_in(request.scope)


def headers_in(scope: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The same, where there is no request object yet."""
    raw = scope["headers"]
    names = _told(scope).get("names") or [name for name, _ in raw]
    pairs = zip(names, raw, strict=True)
    return tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, (_, value) in pairs])


def tls_of(request: Request) -> Tls:
    transport = _told(request.scope).get("transport")
    connection: ssl.SSLObject | None = None if transport is None else transport.get_extra_info("ssl_object")
    cipher = connection and connection.cipher()
    return Tls(version=connection.version() or "", cipher=cipher[0]) if connection and cipher else Tls()


def _told(scope: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = scope.get("extensions", {}).get(_EXTENSION, {})
    return told
