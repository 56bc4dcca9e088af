"""Bin keys: who may look into a bin, by its view token, by the token of the connector that made it, or by a cookie."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from tidings.core.caller import Caller
from tidings.core.errors import Invalid, NotFound, Unauthenticated
from tidings.inbox.inspector import Inspector, is_view_token
from tidings.store.bins import Bin
from tidings.web.login import Login, token_in

SCOPE = "bin"
COOKIE = "tidings_bin"
_MOST_DIGITS = 15


class BinKeys:
    """Opens bins. `public_url` ends in a slash."""

    def __init__(self, inspector: Inspector, *, login: Login, public_url: str) -> None:
        self._inspector = inspector
        self._login = login
        self._public_url = public_url

    def url_of(self, name: str) -> str:
        return f"{self._public_url}bin/{name}"

    async def opened(self, name: str, headers: Mapping[str, str]) -> Bin:
        """A bin, for who may look. Raises NotFound, Unauthenticated and Forbidden."""
        token = token_in(headers)
        if is_view_token(token):
            return await self._inspector.shown_to(name, token)
        caller = await self._login.caller(headers, needs=SCOPE)
        return await self._inspector.belonging_to(name, caller.connector)

    async def caller(self, token: str, *, needs: str) -> Caller:
        """Who has that token, which a form brought. Raises Unauthenticated and Forbidden."""
        return await self._login.caller({"accesstoken": token}, needs=needs)

    async def known(self, headers: Mapping[str, str]) -> Caller | None:
        """Who asks, if they say so. Raises Unauthenticated for a wrong token, and Forbidden."""
        try:
            token_in(headers)
        except Unauthenticated:
            return None
        return await self._login.caller(headers, needs=SCOPE)

    async def opened_in_browser(self, request: Request) -> Bin | None:
        """A bin, for a browser that has its view token in a cookie, or a program that sends one; None for others."""
        name = request.path_params["name"]
        try:
            if token := request.cookies.get(COOKIE):
                return await self._inspector.shown_to(name, token)
            return await self.opened(name, request.headers)
        except (NotFound, Unauthenticated):
            return None

    def remember(self, response: Response, *, name: str, token: str) -> None:
        """Have the browser keep the view token, for this bin's address alone, where no script can read it."""
        response.set_cookie(
            COOKIE,
            token,
            path=urlsplit(self.url_of(name)).path,
            secure=self._public_url.startswith("https:"),
            httponly=True,
            samesite="strict",
        )

    def forget(self, response: Response, *, name: str) -> None:
        response.delete_cookie(COOKIE, path=urlsplit(self.url_of(name)).path, httponly=True, samesite="strict")


def without_our_cookie(value: str) -> str:
    """A Cookie header without the view token: what a bin shows must not open it."""
    return "; ".join(part for part in value.split("; ") if part.partition("=")[0].strip() != COOKIE)


def number_in(text: str) -> int:
    """The number of a request. Raises Invalid."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise Invalid("number: a request is known by a whole number from 1 on")
    return int(text)
