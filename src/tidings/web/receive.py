"""Receive: where the callbacks of sources come in."""

from collections.abc import Sequence
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.core.receipt import Receipt
from tidings.inbox.receiving import Receiving
from tidings.web.body import read_body
from tidings.web.openapi import answer, refusals
from tidings.web.page import Page
from tidings.web.peer import Proxies

# Characters. A handshake's token has a few digits; an endpoint that echoes anything is of use to other people.
LONGEST_ECHO = 256
# What is sent here is anybody's: no browser may run it, and none is told anything.
_CAUTION = {"content-security-policy": "sandbox", "x-content-type-options": "nosniff"}
_TAG = "Receiving"


class ReceiveDoor:
    """Takes what sources send: 200 means that it is on disk."""

    def __init__(self, receiving: Receiving, *, proxies: Proxies, clock: Clock) -> None:
        self._receiving = receiving
        self._proxies = proxies
        self._clock = clock

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
                query=_query(request),
                headers=tuple((key.decode("latin-1"), value.decode("latin-1")) for key, value in request.headers.raw),
                body=await read_body(request),
                peer=self._proxies.client_of(peer, request.headers.getlist("x-forwarded-for")),
            )
        )
        return PlainTextResponse("kept\n", headers=_CAUTION)

    async def _greet(self, request: Request, name: str) -> Response:
        await self._receiving.source(name)
        echo = request.query_params.get("validationToken", "callbacks are taken here by POST\n")
        if len(echo) > LONGEST_ECHO:
            raise Invalid(f"validationToken: has {len(echo)} characters; at most {LONGEST_ECHO} are echoed")
        return PlainTextResponse(echo, headers=_CAUTION)


def _query(request: Request) -> str:
    """As it came, led by the key of the path, because that is where readers look for one."""
    query: str = request.scope["query_string"].decode("latin-1")
    key = request.path_params.get("key")
    return f"key={quote(key, safe='')}&{query}" if key else query
