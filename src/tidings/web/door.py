"""Door: where every request comes in; it finds what is asked for, knows the caller, and tells what went wrong."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tidings.core import json_text, lenient_json
from tidings.core.errors import Invalid, NotFound, TidingsError
from tidings.core.route import Call, Route
from tidings.web.body import read_body
from tidings.web.counter import failed, present
from tidings.web.login import Login
from tidings.web.page import ANY_METHOD, Page
from tidings.web.parameters import CaseBlind, Parameters
from tidings.web.peer import Proxies
from tidings.web.refusal import Refusal, refusal_of
from tidings.web.table import Table
from tidings.web.throttle import Throttle
from tidings.web.upload import uploads_in

# What browser clients of Kaizala's API send (Kaizala API reference 1.0), and what ours do. Tokens come in headers,
# never in cookies, so that any origin may ask.
_CORS_HEADERS = ["Authorization", "Content-Type", "Idempotency-Key", "X-CSRF-Token"]
_CORS_HEADERS += ["accessToken", "refreshToken", "applicationId", "applicationSecret", "X-API-KEY"]
# Where in a scope the path stands that a route or page was told with.
_PLACE = "tidings.place"
_SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


class Door:
    """An ASGI application out of routes and pages. Calls of routes that need a token are counted by the throttle."""

    def __init__(
        self,
        *,
        routes: Sequence[Route],
        pages: Sequence[Page],
        login: Login,
        throttle: Throttle | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        self._login = login
        self._throttle = throttle
        self._proxies = proxies or Proxies()
        self._table: Table[tuple[str, Callable[[Request], Awaitable[Response]]]] = Table()
        for route in routes:
            self._table.add((route.path, self._answering(route)), method=route.method, path=route.path)
        for page in pages:
            for method in page.methods:
                self._table.add((page.path, page.endpoint), method=method, path=page.path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: PLR0917 - ASGI's own signature
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        for name, value in _SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except TidingsError as error:
            return refusal_of(error).response()
        except TimeoutError:
            return Refusal(
                status=408,
                code="Timeout",
                message="the body did not arrive in time; send it faster, or less of it",
                headers={"connection": "close"},
            ).response()
        except ClientDisconnect:
            raise
        except Exception:  # noqa: BLE001 - the outermost place
            # Not the path as it was sent: what stands for a parameter may open a file, or a source.
            return failed(f"{request.method} {request.scope[_PLACE]}").response()

    async def _answer(self, request: Request) -> Response:
        request.scope[_PLACE] = "nowhere"
        raw_path = request.scope.get("raw_path") or request.scope["path"].encode()
        found = self._table.find(raw_path.decode("latin-1"))
        if not found:
            raise NotFound("there is nothing at this path; /openapi.json lists what there is")
        # What can be got can be asked for its head; the server leaves the body out.
        method = "GET" if request.method == "HEAD" and "HEAD" not in found else request.method
        hit = found.get(method) or found.get(ANY_METHOD)
        if hit is None:
            allowed = ", ".join(sorted({*found, *(["HEAD"] if "GET" in found else [])}))
            return Refusal(
                status=405,
                code="MethodNotAllowed",
                message=f"{request.method} is not possible here; use {allowed}",
                headers={"allow": allowed},
            ).response()
        (request.scope[_PLACE], endpoint), values = hit
        if "\x00" in "".join((*values.values(), *request.query_params.values())):
            raise Invalid("the path or the query holds a NUL character, which cannot be part of anything; leave it out")
        request.scope["path_params"] = values
        return await endpoint(request)

    def _answering(self, route: Route) -> Callable[[Request], Awaitable[Response]]:
        parameters = Parameters(route.parameters)
        decoder = None if route.body is None else msgspec.json.Decoder(route.body)
        read = lenient_json.read_typed if route.is_lenient else json_text.read_typed

        async def answer(request: Request) -> Response:
            caller = await self._login.caller(request.headers, needs=route.needs) if route.needs is not None else None
            if caller is not None and self._throttle is not None:
                self._throttle.admit(caller.connector)
            query = CaseBlind(request.query_params.multi_items()) if route.is_lenient else request.query_params
            parameters.check(query, request.headers)
            call = partial(
                Call,
                caller=caller,
                path=request.path_params,
                query=query,
                headers=request.headers,
                address=self.address_of(request),
            )
            if route.takes_files:
                async with uploads_in(request, limit=route.largest) as uploads:
                    return _json(await route.handler(call(body=uploads)))
            body = None
            if decoder is not None:
                body = read(present(await read_body(request, limit=route.largest)), decoder, limit=route.largest)
            return _json(await route.handler(call(body=body)))

        return answer

    def address_of(self, request: Request) -> str:
        """The address of whoever sent the request, as far as the trusted proxies tell."""
        peer = request.client.host if request.client else ""
        return self._proxies.client_of(peer, request.headers.getlist("x-forwarded-for"))


def _json(told: object) -> Response:
    return Response(msgspec.json.encode(told), media_type="application/json")


def opened(door: ASGIApp) -> ASGIApp:
    """The door for browser programs of any origin too."""
    return CORSMiddleware(
        door,
        allow_origins=["*"],
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=_CORS_HEADERS,
        expose_headers=["Retry-After"],
        max_age=3600,
    )
