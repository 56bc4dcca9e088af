"""Bin page: what a bin caught, for people: read without a script, and live with a small one.

Jinja2 escapes whatever comes from outside, and the page's policy runs nothing but its own script.
"""

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from jinja2 import Environment, PackageLoader
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tidings.core.dialect import Reader
from tidings.core.errors import Forbidden, Invalid, NotFound
from tidings.core.reply import LONGEST_DELAY_MS
from tidings.core.secret import Secret
from tidings.core.verdict import Scheme
from tidings.dashboards.moment import moment_text
from tidings.inbox.inspector import MOST_REQUESTS, Inspector
from tidings.store.bins import NEWEST, Bin, Capture, Glimpse
from tidings.web.bin_copies import as_curl, as_python
from tidings.web.bin_export import BinExport
from tidings.web.bin_form import replies_in
from tidings.web.bin_keys import BinKeys, number_in
from tidings.web.bin_routes import judged, previewed, wish_in
from tidings.web.bin_shapes import cell_text, requests_difference
from tidings.web.bin_view import showable, view_of
from tidings.web.body import read_body

_MOST_LISTED = 50
_MOST_FOUND = 20
# Bytes: what a bin may answer, percent-encoded, and a little more.
_LARGEST_FORM = 256 * 1024
_MOST_FIELDS = 20
_SEE_OTHER = 303
_ONE, _ALL = ("raw", "curl", "python"), ("har", "ndjson")


def _showable(value: object) -> str:
    return showable(str(value))


def _json(value: object) -> list[str]:
    """A value as JSON; none for what is not there."""
    return [] if value is UNSET else [msgspec.json.encode(value).decode()]


def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("tidings.web"), autoescape=True, trim_blocks=True)
    environment.filters |= {"moment": moment_text, "showable": _showable, "json": _json}
    environment.globals |= {"cell": cell_text}
    return environment


def _own(name: str) -> tuple[str, str]:
    """A file of ours, and how a policy names it."""
    text = (files("tidings.web") / "templates" / name).read_text("utf-8")
    return text, f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_PAGES = _environment()
_STYLE, _STYLE_HASH = _own("bin.css")
_SCRIPT, _SCRIPT_HASH = _own("bin.js")
_POLICY = (
    f"default-src 'none'; style-src {_STYLE_HASH}; script-src {_SCRIPT_HASH}; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class BinPage:
    """The page of a bin at `?inspect`, of one request at `?inspect=NUMBER`. `public_url` ends in a slash."""

    def __init__(
        self,
        inspector: Inspector,
        *,
        keys: BinKeys,
        export: BinExport,
        readers: Mapping[str, Reader],
        public_url: str,
    ) -> None:
        self._inspector = inspector
        self._keys = keys
        self._export = export
        self._readers = readers
        self._public_url = public_url

    async def answer(self, request: Request) -> Response:
        name, query = request.path_params["name"], request.query_params
        form = await _form(request) if request.method == "POST" else {}
        if token := query.get("token") or form.get("token"):
            return await self._enter(name, token.strip(), number=query.get("inspect", ""))
        found = await self._keys.opened_in_browser(request)
        if found is None:
            return _page("bin_enter.html", status=401, name=name, number=query.get("inspect", ""))
        if form:
            return await self._do(found, form, number=query.get("inspect", ""))
        if query.get("inspect"):
            return await self._of_one(found, query)
        if query.get("as") in _ALL:
            return self._export.all_of(found, query["as"])
        return await self._of_all(found, query)

    async def _enter(self, name: str, token: str, *, number: str) -> Response:
        try:
            await self._inspector.shown_to(name, token)
        except NotFound:
            return _page(
                "bin_enter.html", status=404, name=name, number=number, trouble="That is not this bin's view token"
            )
        # 303, so that the token stands neither in the address nor in the history.
        there = f"?inspect={number_in(number)}" if number else "?inspect"
        response = RedirectResponse(there, status_code=_SEE_OTHER)
        self._keys.remember(response, name=name, token=token)
        return response

    async def _do(self, bin_: Bin, form: Mapping[str, str], *, number: str) -> Response:
        match form.get("do"):
            case "judge":
                capture = await self._inspector.one(bin_.name, number_in(number))
                return await self._request(bin_, capture, form=form)
            case "answer":
                try:
                    await self._inspector.answer_with(bin_, replies_in(form, besides=bin_.replies))
                except Invalid as error:
                    return await self._of_all(bin_, {}, trouble=error.message, form=form)
            case "empty":
                await self._inspector.empty(bin_)
            case "leave":
                response = RedirectResponse("?inspect", status_code=_SEE_OTHER)
                self._keys.forget(response, name=bin_.name)
                return response
            case _:
                raise Invalid("do: must be judge, answer, empty or leave")
        return RedirectResponse("?inspect", status_code=_SEE_OTHER)

    async def _of_all(
        self, bin_: Bin, query: Mapping[str, str], *, trouble: str = "", form: Mapping[str, str] | None = None
    ) -> Response:
        wish = wish_in(query)
        before = number_in(query["before"]) if query.get("before") else NEWEST
        if wish:
            found = await self._inspector.newest(bin_.name, before=before, most=_MOST_FOUND, wish=wish)
            rows = [_glimpse(one) for one in found.captures]
            older = None if found.is_whole else found.last
        else:
            rows = list(await self._inspector.glimpses(bin_.name, before=before, most=_MOST_LISTED + 1))
            older = rows[_MOST_LISTED - 1].number if len(rows) > _MOST_LISTED else None
        asked = {name: query[name] for name in ("method", "path", "header", "text") if query.get(name)}
        return _page(
            "bin.html",
            status=400 if trouble else 200,
            bin=bin_,
            url=self._keys.url_of(bin_.name),
            most=MOST_REQUESTS,
            rows=rows[:_MOST_LISTED],
            asked=asked,
            older=older and urlencode({**asked, "before": older}),
            is_live=not wish and before == NEWEST,
            is_first=before == NEWEST,
            reply=bin_.replies.reply,
            form=form or {},
            longest_delay=LONGEST_DELAY_MS,
            trouble=trouble,
        )

    async def _of_one(self, bin_: Bin, query: Mapping[str, str]) -> Response:
        capture = await self._inspector.one(bin_.name, number_in(query["inspect"]))
        if query.get("as") in _ONE:
            return self._export.one_of(bin_, capture, kind=query["as"])
        return await self._request(bin_, capture, query=query)

    async def _request(
        self,
        bin_: Bin,
        capture: Capture,
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Response:
        told: dict[str, Any] = {"difference": None, "preview": None, "verdict": None, "trouble": ""}
        try:
            told |= await self._asked(bin_, capture, query=query or {}, form=form or {})
        except (Invalid, NotFound) as error:
            told["trouble"] = error.message
        return _page(
            "bin_request.html",
            status=400 if told["trouble"] else 200,
            bin=bin_,
            one=await asyncio.to_thread(view_of, capture),
            curl=as_curl(capture.request, public_url=self._public_url),
            python=as_python(capture.request, public_url=self._public_url),
            schemes=list(Scheme),
            scheme=(form or {}).get("scheme", ""),
            dialects=sorted(self._readers),
            asked=query or {},
            **told,
        )

    async def _asked(
        self, bin_: Bin, capture: Capture, *, query: Mapping[str, str], form: Mapping[str, str]
    ) -> dict[str, Any]:
        if query.get("with"):
            other = await self._inspector.one(bin_.name, number_in(query["with"]))
            return {"difference": await asyncio.to_thread(requests_difference, other, capture)}
        if query.get("preview"):
            found = await previewed(capture, dialect=query["preview"], source=bin_.name, readers=self._readers)
            return {"preview": found}
        if form:
            if form.get("scheme") not in list(Scheme):
                raise Invalid(f"scheme: must be one of {', '.join(Scheme)}")
            scheme, secret = Scheme(form["scheme"]), Secret(form.get("secret", ""))
            return {"verdict": await judged(capture, scheme=scheme, secret=secret, readers=self._readers)}
        return {}


async def _form(request: Request) -> dict[str, str]:
    """A form that a page of ours sent. Raises Invalid, Forbidden, TooLarge and TimeoutError."""
    # The cookie is not sent from elsewhere; this says no to a page of ours that was made to send it.
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden("this form was sent from another page; open the bin's own one")
    try:
        body = (await read_body(request, limit=_LARGEST_FORM)).decode()
        form = dict(parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise Invalid("the body cannot be read; send a form, as application/x-www-form-urlencoded") from error
    if "\0" in "".join(form.values()):
        raise Invalid("the form holds a NUL character, which cannot be part of anything; leave it out")
    return form or {"do": ""}


def _glimpse(capture: Capture) -> Glimpse:
    request = capture.request
    return Glimpse(
        number=capture.number,
        at=request.at,
        method=request.method,
        path=request.path,
        query=request.query,
        status=capture.status,
        size=len(request.body),
    )


def _page(template: str, *, status: int = 200, **values: Any) -> Response:  # noqa: ANN401 - what a template shows
    text = _PAGES.get_template(template).render(style=_STYLE, script=_SCRIPT, **{"trouble": "", **values})
    # Lone surrogates, of bytes that are no UTF-8, have no bytes either.
    return HTMLResponse(text.encode("utf-8", "replace"), status, headers={"content-security-policy": _POLICY})
