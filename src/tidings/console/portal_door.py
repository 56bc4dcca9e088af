"""Portal: where subscribers look after their own webhooks, in a page of ours or framed in somebody else's.

The token is what follows the `#` of the address: no browser sends that. A script of ours sends it in a header. There is
no cookie, and so nothing that another site could make a browser send.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tidings.console.form import Form, form_of
from tidings.console.offers import Offers
from tidings.console.page import Pages
from tidings.console.portal import PORTAL, hash_of
from tidings.console.portal_desk import PortalDesk
from tidings.console.portal_guest import HEADER, Guest
from tidings.core.errors import Invalid, TidingsError, Unavailable
from tidings.store.connectors import Connectors
from tidings.store.portal_links import PortalLink, PortalLinks
from tidings.web.page import Page as WebPage
from tidings.web.refusal import status_of

log = logging.getLogger(__name__)

_LARGEST = 1 << 18
Does = Callable[[Guest], Awaitable[Response]]


class PortalDoor:
    """Leads guests to the desk, and says what is wrong."""

    def __init__(self, offers: Offers, pages: Pages) -> None:
        self._pages = pages
        self._clock = offers.clock
        self._origins = offers.portal_origins
        self._links = PortalLinks(offers.database)
        self._connectors = Connectors(offers.database)
        self._desk = PortalDesk(offers)

    def pages(self) -> Sequence[WebPage]:
        desk, one = self._desk, f"/{PORTAL}/webhooks/{{id}}"
        places: list[tuple[str, str, Does]] = [
            ("GET", f"/{PORTAL}/webhooks", desk.show_all),
            ("GET", f"/{PORTAL}/webhooks/new", desk.begin),
            ("POST", f"/{PORTAL}/webhooks/new", desk.make),
            ("GET", one, desk.show),
            ("GET", f"{one}/deliveries/{{delivery}}", desk.show_delivery),
            ("POST", f"{one}/deliveries/{{delivery}}/retry", desk.retry),
            *(("POST", f"{one}/{name}", does) for name, does in desk.acts().items()),
        ]
        return [
            _page(f"/{PORTAL}", self._frame),
            *(_page(path, self._leading_to(does), method=method) for method, path, does in places),
        ]

    async def _frame(self, request: Request) -> Response:
        return self._guest(request).shows("portal/frame.html", block="")

    def _leading_to(self, does: Does) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            guest = self._guest(request)
            try:
                link = await self._link(request.headers.get(HEADER, ""))
                guest = self._guest(request, link=link)
                _ = guest.is_on
                if request.method == "GET":
                    return await does(guest)
                async with form_of(request, limit=_LARGEST) as form:
                    return await does(self._guest(request, link=link, form=form))
            except (TidingsError, TimeoutError) as error:
                return _wrong(guest, error)
            except ClientDisconnect:
                raise
            except Exception:  # the request's outermost door
                log.exception("portal.failed path=%s", request.url.path)
                fault = "something went wrong that should not have; try again"
                return guest.shows("portal/wrong.html", status=HTTPStatus.INTERNAL_SERVER_ERROR, message=fault)

        return answer

    async def _link(self, token: str) -> PortalLink | None:
        if not token:
            return None
        link = await self._links.get(hash_of(token), now=self._clock.now())
        if link is None or not link.connector:
            return link
        connector = await self._connectors.get(link.connector)
        # Whoever lost the connector lost what was given for it; the console is none, and is never revoked.
        return None if connector is not None and connector.revoked_at is not None else link

    def _guest(self, request: Request, **given: Any) -> Guest:  # noqa: ANN401 - fields of Guest
        return Guest(request=request, pages=self._pages, origins=self._origins, **({"form": Form()} | given))


def _page(path: str, endpoint: Callable[[Request], Awaitable[Response]], *, method: str = "GET") -> WebPage:
    return WebPage(path=path, name="portal", summary="A page for subscribers", endpoint=endpoint, methods=(method,))


def _wrong(guest: Guest, error: TidingsError | TimeoutError) -> Response:
    if isinstance(error, TimeoutError):
        error = Unavailable("it took too long; try again")
    is_invalid = isinstance(error, Invalid)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_invalid else HTTPStatus(status_of(type(error)))
    return guest.shows("portal/wrong.html", status=status, message=error.message)
