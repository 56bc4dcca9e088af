"""Bins over HTTP: the addresses that catch anything, and the API that shows what they caught."""

import base64
from collections.abc import Sequence

import msgspec
from starlette import requests
from starlette.responses import PlainTextResponse, Response

from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from tidings.core.route import Call, Parameter, Route
from tidings.inbox.inspector import Inspector, is_view_token
from tidings.store.bins import Bin, Capture, Request
from tidings.web.body import read_body
from tidings.web.login import Login, caller_of, token_in
from tidings.web.openapi import answer, refusals
from tidings.web.page import ANY_METHOD, Page
from tidings.web.peer import Proxies

SCOPE = "bin"
# Characters. A handshake's token has a few digits; an endpoint that echoes anything is of use to other people.
LONGEST_ECHO = 256
LONGEST_WAIT_S = 30
# At 1 MiB each, what one answer may have to hold.
MOST_SHOWN = 20
_TAG = "Request inspector"
# What is sent here is anybody's: no browser may run it, and none is told anything.
_CAUTION = {"content-security-policy": "sandbox", "x-content-type-options": "nosniff"}


class BinOrder(msgspec.Struct):
    """What bin to make; without a name it gets a random one."""

    name: str | None = None


class BinMade(msgspec.Struct, rename="camel"):
    """A bin, its address, and the token that shows what is in it, told this once."""

    name: str
    url: str
    view_token: str
    expires_at: int


class Shown(msgspec.Struct, rename="camel", omit_defaults=True):
    """A caught request. Its body stands in `body` if it is text in UTF-8, else in `bodyBase64`."""

    number: int
    at: int
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    peer: str
    client: str
    body: str | None = None
    body_base64: str | None = None


class ShownRequests(msgspec.Struct, rename="camel"):
    """Caught requests, oldest first; `next` is the `after` that continues."""

    requests: list[Shown]
    next: int


class Ended(msgspec.Struct):
    """Nothing more to say: it is done."""


class BinDoor:
    """Serves an inspector. `public_url` ends in a slash."""

    def __init__(self, inspector: Inspector, *, login: Login, proxies: Proxies, clock: Clock, public_url: str) -> None:
        self._inspector = inspector
        self._login = login
        self._proxies = proxies
        self._clock = clock
        self._public_url = public_url

    def pages(self) -> Sequence[Page]:
        """The addresses that catch. Whatever follows the name is caught as well."""
        kept = answer("It is kept; a `validationToken` in the query comes back", {"type": "string"}, kind="text/plain")
        told = {"responses": {"200": kept, **refusals(400, 404, 408, 413, 500, 503)}}
        return [
            Page(
                path=path,
                name="catch",
                summary="Catch any request",
                endpoint=self._catch,
                methods=(ANY_METHOD,),
                operation=operation,
                tag=_TAG,
            )
            for path, operation in (("/bin/{name}", told), ("/bin/{name}/{rest:path}", {}))
        ]

    def routes(self) -> Sequence[Route]:
        return [
            Route(
                method="POST",
                path="/v1/bins",
                name="makeBin",
                summary="Make a bin, or prolong your own one of that name with a new view token",
                handler=self._make,
                needs=SCOPE,
                body=BinOrder,
                answers=BinMade,
                errors=(Conflict,),
                tag=_TAG,
            ),
            *self._routes_of_one(),
        ]

    def _routes_of_one(self) -> Sequence[Route]:
        whose = (NotFound, Unauthenticated, Forbidden)
        return [
            Route(
                method="GET",
                path="/v1/bins/{name}/requests",
                name="listBinRequests",
                summary="What a bin caught, for its view token or the connector that made it",
                handler=self._show,
                needs=None,
                answers=ShownRequests,
                parameters=(
                    Parameter(
                        name="after",
                        meaning="The number of the last request that you have seen",
                        schema={"type": "integer", "minimum": 0, "default": 0, "maximum": 2**53},
                    ),
                    Parameter(
                        name="wait",
                        meaning="Seconds to wait for a request if there is none yet",
                        schema={"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT_S, "default": 0},
                    ),
                ),
                errors=whose,
                tag=_TAG,
            ),
            Route(
                method="DELETE",
                path="/v1/bins/{name}",
                name="endBin",
                summary="End a bin, and forget what it caught",
                handler=self._end,
                needs=None,
                answers=Ended,
                errors=whose,
                tag=_TAG,
            ),
        ]

    async def _catch(self, request: requests.Request) -> Response:
        peer = request.client.host if request.client else ""
        caught = Request(
            at=self._clock.now(),
            method=request.method,
            path=request.scope["raw_path"].decode("latin-1"),
            query=request.scope["query_string"].decode("latin-1"),
            headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw),
            body=await read_body(request),
            peer=peer,
            client=self._proxies.client_of(peer, request.headers.getlist("x-forwarded-for")),
        )
        await self._inspector.catch(request.path_params["name"], caught)
        echo = request.query_params.get("validationToken", "kept\n")
        if len(echo) > LONGEST_ECHO:
            raise Invalid(f"validationToken: has {len(echo)} characters; at most {LONGEST_ECHO} are echoed")
        return PlainTextResponse(echo, headers=_CAUTION)

    async def _make(self, call: Call) -> BinMade:
        order: BinOrder = call.body
        made = await self._inspector.make(order.name, connector=caller_of(call).connector)
        return BinMade(
            name=made.name,
            url=f"{self._public_url}bin/{made.name}",
            view_token=made.view_token,
            expires_at=made.expires_at,
        )

    async def _show(self, call: Call) -> ShownRequests:
        found = await self._bin(call)
        after = int(call.query.get("after", "0"))
        caught = await self._inspector.caught(
            found.name, after=after, most=MOST_SHOWN, wait_s=int(call.query.get("wait", "0"))
        )
        return ShownRequests(requests=[_shown(one) for one in caught.captures], next=caught.last)

    async def _end(self, call: Call) -> Ended:
        await self._inspector.end(await self._bin(call))
        return Ended()

    async def _bin(self, call: Call) -> Bin:
        name, token = call.path["name"], token_in(call.headers)
        if is_view_token(token):
            return await self._inspector.shown_to(name, token)
        caller = await self._login.caller(call.headers, needs=SCOPE)
        return await self._inspector.belonging_to(name, caller.connector)


def _shown(capture: Capture) -> Shown:
    request = capture.request
    try:
        body, encoded = request.body.decode(), None
    except UnicodeDecodeError:
        body, encoded = None, base64.b64encode(request.body).decode()
    return Shown(
        number=capture.number,
        at=request.at,
        method=request.method,
        path=request.path,
        query=request.query,
        headers=request.headers,
        peer=request.peer,
        client=request.client,
        body=body,
        body_base64=encoded,
    )
