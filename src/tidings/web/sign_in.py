"""Sign-in: the page on which people sign in to a program through their browser, and where it trades the code.

The pages need no script and load nothing. Jinja2 escapes whatever comes from outside.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tidings.access.access import Access, AccessToken
from tidings.core.errors import Invalid, Throttled, TidingsError, Unauthenticated
from tidings.store.connectors import Connector
from tidings.web.body import read_body
from tidings.web.openapi import answer, refusals, schema_of
from tidings.web.page import Page
from tidings.web.peer import Proxies
from tidings.web.refusal import ErrorBody, refusal_of

# Bytes; what a page of ours sends has some hundreds, and `state` is the program's to fill.
_LARGEST_FORM = 65_536
_MOST_FIELDS = 20
_TAG = "Signing in"
_STYLE = (files("tidings.web") / "templates" / "sign_in.css").read_text("utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_WRONG_PIN = "That PIN is wrong, used or older than ten minutes; try again, or have a new one sent"
_WRONG_PHONE = "That is no phone number with country code; write it like +91 00000 00001"
_environment = Environment(loader=PackageLoader("tidings.web"), autoescape=True, trim_blocks=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Who sent the browser, and where it is sent back to."""

    connector: Connector
    redirect_uri: str
    state: str | None

    def fields(self) -> dict[str, str]:
        state = {} if self.state is None else {"state": self.state}
        return {"client_id": self.connector.id, "redirect_uri": self.redirect_uri, **state}

    def answered(self, code: str) -> str:
        sign = "&" if "?" in self.redirect_uri else "?"
        state = {} if self.state is None else {"state": self.state}
        return self.redirect_uri + sign + urlencode({"code": code, **state})


class SignInPages:
    """The code flow of OAuth 2.0. `granted` says in the API's shape, of type `answers`, what a code was traded for."""

    def __init__(
        self, access: Access, *, proxies: Proxies, granted: Callable[[AccessToken], Any], answers: type[msgspec.Struct]
    ) -> None:
        self._access = access
        self._proxies = proxies
        self._granted = granted
        self._answers = answers

    def pages(self) -> list[Page]:
        # As Kaizala spells them; the door knows them in any case.
        return [
            Page(
                path="/api/Oauth/Authorize",
                name="authorize",
                summary="Show the page on which somebody signs in to a program",
                endpoint=self.authorize,
                operation=_SHOWING,
                tag=_TAG,
            ),
            Page(
                path="/api/Oauth/Authorize",
                name="bringPin",
                summary="Send a PIN, and take it for a code that the browser brings back to the program",
                endpoint=self.authorize,
                methods=("POST",),
                operation=_SIGNING_IN,
                tag=_TAG,
            ),
            Page(
                path="/api/oauth/token",
                name="tradeCode",
                summary="Trade the code of a sign-in for tokens",
                endpoint=self.trade,
                methods=("POST",),
                operation=_trading(self._answers),
                shapes=(self._answers,),
                tag=_TAG,
            ),
        ]

    async def authorize(self, request: Request) -> Response:
        """Show the page; send a PIN to who asks; send who brings it back to the program, with a code."""
        try:
            form = await _form(request) if request.method == "POST" else dict(request.query_params)
            asked = await self._asked(form)
        except Invalid as error:
            return _page(trouble=error.message, status=400)
        phone, pin = form.get("phone", ""), form.get("pin", "")
        if request.method != "POST":
            return _page(asked)
        address = self._address_of(request)
        has_pin = "pin" in form
        try:
            if not has_pin or "again" in form:
                await self._access.generate_pin(phone, application_id=asked.connector.id, address=address)
                return _page(asked, phone=phone, has_pin=True)
            code = await self._access.authorize(
                phone,
                application_id=asked.connector.id,
                redirect_uri=asked.redirect_uri,
                pin=pin.strip(),
                address=address,
            )
        except Unauthenticated as error:
            return _refused(error, asked, phone=phone, has_pin=True, trouble=_WRONG_PIN)
        except Throttled as error:
            return _refused(error, asked, phone=phone, has_pin=has_pin, trouble=error.message.capitalize())
        except Invalid as error:
            return _refused(error, asked, phone=phone, trouble=_WRONG_PHONE)
        # 303: the browser goes on with GET, and does not bring the PIN along.
        return RedirectResponse(asked.answered(code), status_code=303)

    async def trade(self, request: Request) -> Response:
        """Answer tokens for a code."""
        form = await _form(request)
        for name in ("client_id", "client_secret", "code"):
            if not form.get(name):
                raise Invalid(f"{name}: is missing; send it in the form")
        token = await self._access.trade_code(
            form["code"],
            application_id=form["client_id"],
            application_secret=form["client_secret"],
            redirect_uri=form.get("redirect_uri") or None,
        )
        return Response(msgspec.json.encode(self._granted(token)), media_type="application/json")

    async def _asked(self, form: Mapping[str, str]) -> _Asked:
        uri = form.get("redirect_uri", "")
        connector = await self._access.asked_by(form.get("client_id", ""), redirect_uri=uri)
        return _Asked(connector=connector, redirect_uri=uri, state=form.get("state"))

    def _address_of(self, request: Request) -> str:
        peer = request.client.host if request.client else ""
        return self._proxies.client_of(peer, request.headers.getlist("x-forwarded-for"))


async def _form(request: Request) -> dict[str, str]:
    """A form of the usual encoding, whatever its content type says. Raises Invalid, TooLarge and TimeoutError."""
    body = await read_body(request, limit=_LARGEST_FORM)
    try:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise Invalid("the body cannot be read; send a form, as application/x-www-form-urlencoded") from error
    if "\0" in "".join(form.values()):
        raise Invalid("the form holds a NUL character, which cannot be part of anything; leave it out")
    return form


def _refused(error: TidingsError, asked: _Asked, *, trouble: str, phone: str, has_pin: bool = False) -> Response:
    refusal = refusal_of(error)
    response = _page(asked, phone=phone, has_pin=has_pin, trouble=trouble, status=refusal.status)
    response.headers.update(refusal.headers)
    return response


def _page(
    asked: _Asked | None = None, *, phone: str = "", has_pin: bool = False, trouble: str = "", status: int = 200
) -> Response:
    origin = _origin(asked.redirect_uri) if asked else ""
    text = _environment.get_template("sign_in.html").render(
        asked=asked.fields() if asked else None,
        program=asked.connector.name if asked else "",
        place=origin,
        phone=phone,
        has_pin=has_pin,
        trouble=trouble.rstrip("."),
        style=_STYLE,
    )
    # Browsers hold the redirect that answers a form against form-action, so that has the program's origin, too.
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self' {origin}; base-uri 'none';"
        " frame-ancestors 'none'"
    )
    return HTMLResponse(text, status, headers={"content-security-policy": policy})


def _origin(uri: str) -> str:
    # Registered addresses have neither user nor odd characters (`checked_redirect_uris`).
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"


def _form_of(*names: str, required: int) -> dict[str, Any]:
    """The body with those fields, the first so many of which must be there."""
    schema = {
        "type": "object",
        "required": list(names[:required]),
        "properties": {name: {"type": "string"} for name in names},
    }
    return {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}


def _shown(meaning: str) -> dict[str, Any]:
    # What stands in no form, like a path that holds a NUL character, is refused as everywhere in the API.
    content = {"text/html": {"schema": {"type": "string"}}, "application/json": {"schema": schema_of(ErrorBody)}}
    return {"description": meaning, "content": content}


_SHOWING = {
    "parameters": [
        {"name": name, "in": "query", "description": meaning, "required": is_required, "schema": {"type": "string"}}
        for name, meaning, is_required in (
            ("client_id", "The connector's id.", True),
            ("redirect_uri", "Where the browser brings the code, one of the connector's to the letter.", True),
            ("state", "Brought back beside the code, whatever it is.", False),
        )
    ],
    "responses": {
        "200": answer("The page", {"type": "string"}, kind="text/html"),
        "400": _shown("The page says what is wrong with the address"),
        **refusals(500, 503),
    },
}
_SIGNING_IN = {
    "description": "What the page sends: first the phone number, then also the PIN, or `again` for a new one.",
    "requestBody": _form_of("client_id", "redirect_uri", "phone", "pin", "state", "again", required=3),
    "responses": {
        "200": answer("The page that asks for the PIN", {"type": "string"}, kind="text/html"),
        "303": {"description": "Back to the program, with `code` and `state` in the query"},
        "400": _shown("The page says what is wrong"),
        "401": _shown("The PIN is wrong, used or too old"),
        "429": _shown("Too many tries; wait for as many seconds as Retry-After says"),
        **refusals(408, 413, 500, 503),
    },
}


def _trading(answers: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        "description": "A code is good for a minute, once, and for the program that asked for it.",
        "requestBody": _form_of("client_id", "client_secret", "code", "redirect_uri", required=3),
        "responses": {
            "200": answer("An access token and a refresh token", schema_of(answers)),
            **refusals(400, 401, 408, 413, 500, 503),
        },
    }
