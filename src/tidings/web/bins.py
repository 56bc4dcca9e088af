"""Bins over HTTP: the addresses that catch anything, with the page, files and API that show what they caught."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from tidings.core.clock import SECOND, Clock
from tidings.core.dialect import Reader
from tidings.core.errors import Invalid
from tidings.core.reply import Reply
from tidings.core.route import Route
from tidings.inbox.inbox import Inbox
from tidings.inbox.inspector import Inspector
from tidings.store.bins import Request
from tidings.web.arrival import headers_of, tls_of
from tidings.web.bin_export import BinExport
from tidings.web.bin_keys import BinKeys, number_in, without_our_cookie
from tidings.web.bin_live import BinLive
from tidings.web.bin_page import BinPage
from tidings.web.bin_promotion import BinPromotion
from tidings.web.bin_routes import TAG, BinRoutes
from tidings.web.body import read_body
from tidings.web.login import Login
from tidings.web.openapi import SECURITY, answer, refusals
from tidings.web.page import ANY_METHOD, Page
from tidings.web.peer import Proxies

# Characters. A handshake's token has a few digits; an endpoint that echoes anything is of use to other people.
LONGEST_ECHO = 256
# By which senders ask whether somebody listens: Kaizala and Graph, WebSub, and others.
_HANDSHAKES = ("validationToken", "hub.challenge", "challenge")
# What is sent here is anybody's, and so is what is answered: no browser may run it, and none is told anything.
_CAUTION = {"content-security-policy": "sandbox", "x-content-type-options": "nosniff"}
_BINARY = {"type": "string", "format": "binary"}
_FILES = {
    "raw": ("Get the body of a request as it came", "application/octet-stream"),
    "curl": ("Get a request as a command of curl", "text/plain"),
    "python": ("Get a request as a program in Python", "text/plain"),
}
_EXPORTS = {
    "har": ("Get everything that a bin caught, as HAR 1.2", "application/json"),
    "ndjson": ("Get everything that a bin caught, one request a line", "application/x-ndjson"),
}


class BinDoor:
    """Serves an inspector. `public_url` ends in a slash; `is_open` lets anybody make bins."""

    def __init__(
        self,
        inspector: Inspector,
        *,
        login: Login,
        proxies: Proxies,
        clock: Clock,
        public_url: str,
        readers: Mapping[str, Reader],
        inbox: Inbox | None = None,
        is_open: bool = False,
    ) -> None:
        self._inspector = inspector
        self._proxies = proxies
        self._clock = clock
        self._keys = BinKeys(inspector, login=login, public_url=public_url)
        self._export = BinExport(inspector, public_url=public_url)
        self._live = BinLive(inspector, keys=self._keys)
        promotion = None if inbox is None else BinPromotion(inspector, inbox=inbox, public_url=public_url)
        self._page = BinPage(
            inspector,
            keys=self._keys,
            export=self._export,
            readers=readers,
            promotion=promotion,
            public_url=public_url,
        )
        self._routes = BinRoutes(
            inspector,
            keys=self._keys,
            readers=readers,
            promotion=promotion,
            clock=clock,
            is_open=is_open,
        )

    def routes(self) -> Sequence[Route]:
        return self._routes.routes()

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
                tag=TAG,
            )
            for path, operation in (("/bin/{name}", told), ("/bin/{name}/{rest:path}", {}))
        ]

    def files(self) -> Sequence[Page]:
        """What a bin caught, as files."""
        return [
            *(
                _file(f"/v1/bins/{{name}}/requests/{{number}}/{kind}", kind, what=what, endpoint=self._one_as(kind))
                for kind, what in _FILES.items()
            ),
            *(
                _file(f"/v1/bins/{{name}}/requests.{kind}", kind, what=what, endpoint=self._all_as(kind))
                for kind, what in _EXPORTS.items()
            ),
        ]

    async def _catch(self, request: HttpRequest) -> Response:
        if request.url.path.count("/") == 2 and (ours := self._ours(request)):  # noqa: PLR2004 - /bin/NAME
            return await ours(request)
        began = self._clock.monotonic()
        peer, tls = request.client.host if request.client else "", tls_of(request)
        caught = Request(
            at=self._clock.now(),
            method=request.method,
            path=request.scope["raw_path"].decode("latin-1"),
            query=request.scope["query_string"].decode("latin-1"),
            headers=tuple(
                (name, without_our_cookie(value) if name.lower() == "cookie" else value)
                for name, value in headers_of(request)
            ),
            body=await read_body(request),
            peer=peer,
            client=self._proxies.client_of(peer, request.headers.getlist("x-forwarded-for")),
            http_version=request.scope["http_version"],
            is_tls=request.scope["scheme"] == "https",
            tls_version=tls.version,
            tls_cipher=tls.cipher,
            took_ms=round((self._clock.monotonic() - began) * SECOND),
        )
        echo = next((request.query_params[name] for name in _HANDSHAKES if name in request.query_params), None)
        if echo is not None and len(echo) > LONGEST_ECHO:
            await self._inspector.catch(request.path_params["name"], caught, instead=Reply(status=400))
            raise Invalid(f"validationToken: has {len(echo)} characters; at most {LONGEST_ECHO} are echoed")
        handshake = None if echo is None else Reply(body=echo)
        reply = await self._inspector.catch(request.path_params["name"], caught, instead=handshake)
        del caught
        await self._inspector.pause(reply)
        return _response(reply)

    def _ours(self, request: HttpRequest) -> Callable[[HttpRequest], Awaitable[Response]] | None:
        """Who answers instead of catching: the page and its live list, which stand first in the query."""
        asked = request.scope["query_string"].partition(b"&")[0].partition(b"=")[0]
        if asked == b"inspect" and request.method in {"GET", "HEAD", "POST"}:
            return self._page.answer
        return self._live.answer if asked == b"events" and request.method == "GET" else None

    def _one_as(self, kind: str) -> Callable[[HttpRequest], Awaitable[Response]]:
        async def file(request: HttpRequest) -> Response:
            found = await self._keys.opened(request.path_params["name"], request.headers)
            capture = await self._inspector.one(found.name, number_in(request.path_params["number"]))
            return self._export.one_of(found, capture, kind=kind)

        return file

    def _all_as(self, kind: str) -> Callable[[HttpRequest], Awaitable[Response]]:
        async def file(request: HttpRequest) -> Response:
            return self._export.all_of(await self._keys.opened(request.path_params["name"], request.headers), kind)

        return file


def _response(reply: Reply) -> Response:
    response = Response(reply.content, reply.status, media_type=reply.content_type)
    for name, value in reply.headers:
        if name.lower() != "content-type":
            response.headers.append(name.lower(), value)
    response.headers.update(_CAUTION)
    return response


def _file(
    path: str, kind: str, *, what: tuple[str, str], endpoint: Callable[[HttpRequest], Awaitable[Response]]
) -> Page:
    summary, media_type = what
    shapes = {"text/plain": {"type": "string"}, "application/json": {"type": "object"}}
    content = answer("The file", shapes.get(media_type, _BINARY), kind=media_type)
    return Page(
        path=path,
        name=f"getBinRequestAs{kind.capitalize()}" if "{number}" in path else f"getBinAs{kind.capitalize()}",
        summary=summary,
        endpoint=endpoint,
        operation={"security": SECURITY, "responses": {"200": content, **refusals(400, 401, 403, 404, 500, 503)}},
        tag=TAG,
    )
