"""Receive: where the callbacks of sources come in."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.core.receipt import Receipt
from tidings.inbox.receiving import Receiving
from tidings.web.arrival import headers_in, headers_of
from tidings.web.body import read_body
from tidings.web.openapi import answer, refusals
from tidings.web.page import Page
from tidings.web.peer import Proxies

# Characters. A handshake's token has a few digits; an endpoint that echoes anything is of use to other people.
LONGEST_ECHO = 256
# What is sent here is anybody's: no browser may run it, and none is told anything.
_CAUTION = {"content-security-policy": "sandbox", "x-content-type-options": "nosniff"}
_TAG = "Receiving"
PATH = "/receive/"
KEPT = b"kept\n"
# What goes above it where no framework writes the answer.
HEAD_OF_KEPT = b"content-type: text/plain; charset=utf-8\r\n" + b"".join(
    f"{name}: {value}\r\n".encode() for name, value in _CAUTION.items()
)
# What makes a request one that a browser, or a framework, has to do with.
_NEEDS_A_LOOK = frozenset({b"origin", b"expect", b"content-encoding"})


class ReceiveDoor:
    """Takes what sources send: 200 means that it is on disk."""

    def __init__(self, receiving: Receiving, *, proxies: Proxies, clock: Clock) -> None:
        self._receiving = receiving
        self._proxies = proxies
        self._clock = clock

    def begin(self, scope: Mapping[str, Any], body: bytes) -> "asyncio.Future[None] | None":
        """Keep a callback if all that decides about it is in memory; None sends it the long way."""
        target: bytes = scope["raw_path"]
        name, slash, key = target.decode("latin-1").removeprefix(PATH).partition("/")
        headers = scope["headers"]
        if "%" in key or (slash and not key) or not _NEEDS_A_LOOK.isdisjoint([header for header, _ in headers]):
            return None
        forwarded = [value.decode("latin-1") for header, value in headers if header == b"x-forwarded-for"]
        client = scope["client"]
        return self._receiving.begin(
            Receipt(
                source=name,
                at=self._clock.now(),
                query=_query(scope["query_string"], key),
                headers=headers_in(scope),
                body=body,
                peer=self._proxies.client_of(client[0] if client else "", forwarded),
            )
        )

    def pages(self) -> Sequence[Page]:
        """The second is for senders that can be told nothing but a URL."""
        kept = answer("It is kept; a `validationToken` in the query comes back", {"type": "string"}, kind="text/plain")
        operation = {"responses": {"200": kept, **refusals(400, 401, 403, 404, 408, 413, 429, 500, 503)}}
        return [
            Page(
                path=path,
                name=name,
                summary=summary,
                endpoint=self._receive,
                methods=("GET", "POST"),
                operation=operation,
                tag=_TAG,
            )
            for path, name, summary in (
                ("/receive/{source}", "receive", "Take a callback of a source, or answer its handshake"),
                ("/receive/{source}/{key:path}", "receiveWithKey", "The same, with the source's secret in the path"),
            )
        ]

    async def _receive(self, request: Request) -> Response:
        name = request.path_params["source"]
        if request.method == "GET":
            return await self._greet(request, name)
        peer = request.client.host if request.client else ""
        await self._receiving.receive(
            Receipt(
                source=name,
                at=self._clock.now(),
                query=_query(request.scope["query_string"], request.path_params.get("key", "")),
                headers=headers_of(request),
                body=await read_body(request),
                peer=self._proxies.client_of(peer, request.headers.getlist("x-forwarded-for")),
            )
        )
        return PlainTextResponse(KEPT, headers=_CAUTION)

    async def _greet(self, request: Request, name: str) -> Response:
        await self._receiving.source(name)
        echo = request.query_params.get("validationToken", "callbacks are taken here by POST\n")
        if len(echo) > LONGEST_ECHO:
            raise Invalid(f"validationToken: has {len(echo)} characters; at most {LONGEST_ECHO} are echoed")
        return PlainTextResponse(echo, headers=_CAUTION)


def _query(query: bytes, key: str) -> str:
    """As it came, led by the key of the path, because that is where readers look for one."""
    text = query.decode("latin-1")
    return f"key={quote(key, safe='')}&{text}" if key else text
