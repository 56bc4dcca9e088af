"""Door of the console: who comes in, whether a form is really theirs, and what is shown when something is wrong."""

import contextlib
import hmac
import logging
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from tidings.console.entrance import Entrance, csrf_of
from tidings.console.form import Form, form_of
from tidings.console.page import Pages
from tidings.console.place import Place
from tidings.console.rights import WHO, Right, may
from tidings.console.session_cookie import SessionCookie
from tidings.console.visit import SAFE, Visit
from tidings.core.errors import Forbidden, Invalid, NotFound, Throttled, TidingsError, Unauthenticated, Unavailable
from tidings.store.sessions import Session
from tidings.web.page import Page as WebPage
from tidings.web.peer import Proxies
from tidings.web.refusal import status_of

log = logging.getLogger(__name__)

_SIGN_IN = "/console/sign-in"
_STRANGE_FORM = "this form did not come from a page of yours here; load the page again, and send it from there"
_HEADINGS = {
    HTTPStatus.FORBIDDEN: "You may not do this",
    HTTPStatus.NOT_FOUND: "There is nothing here",
    HTTPStatus.CONFLICT: "That does not go together",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Something is not as it must be",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "That is too large",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many tries",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not just now",
}


class ConsoleDoor:
    """Leads to places. `public_url` says which origin is ours."""

    def __init__(
        self,
        places: Sequence[Place],
        *,
        pages: Pages,
        entrance: Entrance,
        cookie: SessionCookie,
        proxies: Proxies,
        public_url: str,
    ) -> None:
        self._places = places
        self._pages = pages
        self._entrance = entrance
        self._cookie = cookie
        self._proxies = proxies
        self._origin = _origin(public_url)

    def pages(self) -> Sequence[WebPage]:
        """All places, for the door of the server, and what is said where there is none."""
        nothing = Place(path="/{rest:path}", does=_nothing, needs=Right.ENTER)
        return [
            WebPage(
                path=f"/console{place.path}",
                name="console",
                summary="A page for people",
                endpoint=self._leading_to(place),
                methods=(place.method,),
            )
            for place in (*self._places, nothing)
        ]

    def _leading_to(self, place: Place) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            visit = self._visit(request, None)
            try:
                session = await self._session(request)
                visit = self._visit(request, session)
                if not visit.may(place.needs):
                    return self._turned_away(visit, place)
                if request.method in SAFE:
                    return self._for_as_long(await place.does(visit), visit, needs=place.needs)
                return await self._changing(visit, place)
            except (TidingsError, TimeoutError) as error:
                return _wrong(visit, error)
            except ClientDisconnect:
                raise
            except Exception:  # the request's outermost door
                log.exception("console.failed path=%s", place.path)
                return visit.page(
                    "wrong.html", block="wrong", status=500, heading="This is our fault", error_text=_OUR_FAULT
                )

        return answer

    def _for_as_long(self, response: Response, visit: Visit, *, needs: Right) -> Response:
        """What goes on for as long as somebody listens ends when they may listen no more."""
        if isinstance(response, StreamingResponse) and response.media_type == "text/event-stream":
            response.body_iterator = self._told(
                response.body_iterator, token=self._cookie.token_in(visit.request), needs=needs
            )
        return response

    async def _told(self, pieces: AsyncIterable[Any], *, token: str, needs: Right) -> AsyncIterator[Any]:
        async with contextlib.aclosing(aiter(pieces)) as told:  # type: ignore[type-var]  # they are generators
            async for piece in told:
                try:
                    role = await self._entrance.role_of(token)
                except TidingsError as error:
                    log.warning("console.listening_ended error=%r", error.message)
                    return
                if not may(role, needs):
                    return
                yield piece

    async def _changing(self, visit: Visit, place: Place) -> Response:
        self._must_be_ours(visit.request)
        async with form_of(visit.request, limit=place.largest) as form:
            if visit.session is not None:
                proof = visit.request.headers.get("x-csrf-token") or form.text("csrf")
                if not hmac.compare_digest(proof.encode(), visit.csrf.encode()):
                    raise Forbidden(_STRANGE_FORM)
            return await place.does(self._visit(visit.request, visit.session, form=form))

    def _must_be_ours(self, request: Request) -> None:
        """Raise Forbidden unless the browser says that a page of ours sent this.

        Failure policy: refuse. What says neither where it is from nor whose page sent it is no browser of today.
        """
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        is_ours = origin is not None and origin in {
            self._origin,
            f"{request.url.scheme}://{request.headers.get('host')}",
        }
        if site not in {None, "same-origin"} or not (is_ours or (origin is None and site == "same-origin")):
            raise Forbidden(_STRANGE_FORM)

    def _visit(self, request: Request, session: Session | None, *, form: Form | None = None) -> Visit:
        peer = request.client.host if request.client else ""
        return Visit(
            request=request,
            pages=self._pages,
            session=session,
            csrf=csrf_of(self._cookie.token_in(request)) if session is not None else "",
            form=form or Form(),
            address=self._proxies.client_of(peer, request.headers.getlist("x-forwarded-for")),
        )

    async def _session(self, request: Request) -> Session | None:
        token = self._cookie.token_in(request)
        return await self._entrance.session(token) if token else None

    def _turned_away(self, visit: Visit, place: Place) -> Response:
        if visit.session is not None:
            raise Forbidden(f"this is for {WHO[place.needs]}; ask an owner for that role")
        if visit.is_fragment:
            return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"hx-redirect": _SIGN_IN})
        if visit.request.method not in SAFE or "text/html" not in visit.request.headers.get("accept", ""):
            return visit.page(
                "wrong.html",
                status=HTTPStatus.UNAUTHORIZED,
                heading="Sign in first",
                error_text="You are not signed in, or no longer; nothing was changed.",
            )
        path = visit.request.url.path + (f"?{visit.request.url.query}" if visit.request.url.query else "")
        where = _SIGN_IN if path.rstrip("/") == "/console" else f"{_SIGN_IN}?next={quote(path, safe='')}"
        return RedirectResponse(where, HTTPStatus.SEE_OTHER)


_OUR_FAULT = "Something went wrong that should not have; the server's log says what. Try again, or go another way."


async def _nothing(visit: Visit) -> Response:
    del visit
    raise NotFound("there is no page at this address; it may have moved, or what it showed is gone")


def _wrong(visit: Visit, error: TidingsError | TimeoutError) -> Response:
    if isinstance(error, TimeoutError):
        error = Unavailable("it took too long; try again")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if isinstance(error, Invalid) else HTTPStatus(status_of(type(error)))
    if isinstance(error, Unauthenticated):
        status = HTTPStatus.FORBIDDEN
    response = visit.page(
        "wrong.html",
        block="wrong",
        status=status,
        heading=_HEADINGS.get(status, "That did not work"),
        error_text=error.message[:1].upper() + error.message[1:],
    )
    if isinstance(error, Throttled | Unavailable):
        response.headers["retry-after"] = str(error.retry_after)
    if visit.is_fragment:
        # Said in a corner, so that the page that asked stays as it is.
        response.headers["hx-retarget"], response.headers["hx-reswap"] = "#told", "beforeend"
    return response


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
