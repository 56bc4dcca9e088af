"""Bin page: what a bin caught, for people: read without a script, and live with a small one."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tidings.access.scope import ADMIN
from tidings.core.dialect import Reader
from tidings.core.errors import Forbidden, Invalid, NotFound, TidingsError
from tidings.core.reply import LONGEST_DELAY_MS
from tidings.core.secret import Secret
from tidings.core.verdict import Scheme, scheme_of
from tidings.inbox.inspector import MOST_REQUESTS, Inspector
from tidings.inbox.promotion import receipt_of
from tidings.store.bins import Bin, Capture
from tidings.web.bin_copies import as_curl, as_python
from tidings.web.bin_export import BinExport
from tidings.web.bin_form import promotion_in, replies_in
from tidings.web.bin_keys import BinKeys, number_in
from tidings.web.bin_list import listed
from tidings.web.bin_promotion import BinPromotion
from tidings.web.bin_rendering import page
from tidings.web.bin_routes import judged, previewed
from tidings.web.bin_shapes import requests_difference
from tidings.web.bin_view import view_of
from tidings.web.body import read_body
from tidings.web.refusal import refusal_of

# Bytes: what a bin may answer, percent-encoded, and a little more.
_LARGEST_FORM = 256 * 1024
_MOST_FIELDS = 20
_SEE_OTHER = 303
_ONE, _ALL = ("raw", "curl", "python"), ("har", "ndjson")


class BinPage:
    """The page of a bin at `?inspect`, of one request at `?inspect=NUMBER`. `public_url` ends in a slash."""

    def __init__(
        self,
        inspector: Inspector,
        *,
        keys: BinKeys,
        export: BinExport,
        readers: Mapping[str, Reader],
        promotion: BinPromotion | None,
        public_url: str,
    ) -> None:
        self._inspector = inspector
        self._keys = keys
        self._export = export
        self._readers = readers
        self._promotion = promotion
        self._public_url = public_url

    async def answer(self, request: Request) -> Response:
        name, query = request.path_params["name"], request.query_params
        form = await _form(request) if request.method == "POST" else {}
        if token := query.get("token") or form.get("token"):
            return await self._enter(name, token.strip(), number=query.get("inspect", ""))
        found = await self._keys.opened_in_browser(request)
        if found is None:
            return page("bin_enter.html", status=401, name=name, number=query.get("inspect", ""))
        if form:
            return await self._do(found, form, query=query)
        if query.get("inspect"):
            return await self._of_one(found, query, form={})
        if query.get("as") in _ALL:
            return self._export.all_of(found, query["as"])
        return await self._of_all(found, query)

    async def _enter(self, name: str, token: str, *, number: str) -> Response:
        try:
            await self._inspector.shown_to(name, token)
        except NotFound:
            return page(
                "bin_enter.html", status=404, name=name, number=number, trouble="That is not this bin's view token"
            )
        # 303, so that the token stands neither in the address nor in the history.
        there = f"?inspect={number_in(number)}" if number else "?inspect"
        response = RedirectResponse(there, status_code=_SEE_OTHER)
        self._keys.remember(response, name=name, token=token)
        return response

    async def _do(self, bin_: Bin, form: Mapping[str, str], *, query: Mapping[str, str]) -> Response:
        match form.get("do"):
            case "judge" | "promote":
                return await self._of_one(bin_, {"inspect": "", **query}, form=form)
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
                raise Invalid("do: must be judge, promote, answer, empty or leave")
        return RedirectResponse("?inspect", status_code=_SEE_OTHER)

    async def _of_all(
        self,
        bin_: Bin,
        query: Mapping[str, str],
        *,
        missing: TidingsError | None = None,
        trouble: str = "",
        form: Mapping[str, str] | None = None,
    ) -> Response:
        beside = await listed(self._inspector, bin_, query=query)
        status = 400 if trouble or beside.lost else 200
        return page(
            "bin.html",
            status=status if missing is None else refusal_of(missing).status,
            **beside.values(),
            bin=bin_,
            current=0,
            url=self._keys.url_of(bin_.name),
            most=MOST_REQUESTS,
            reply=bin_.replies.reply,
            form=form or {},
            longest_delay=LONGEST_DELAY_MS,
            trouble=trouble,
            missing="" if missing is None else missing.message,
        )

    async def _of_one(self, bin_: Bin, query: Mapping[str, str], *, form: Mapping[str, str]) -> Response:
        try:
            capture = await self._inspector.one(bin_.name, number_in(query["inspect"]))
        except (Invalid, NotFound) as error:
            return await self._of_all(bin_, {}, missing=error)
        if query.get("as") in _ONE:
            return self._export.one_of(bin_, capture, kind=query["as"])
        told: dict[str, Any] = {"status": 200}
        try:
            told |= await self._asked(bin_, capture, query=query)
            told |= await self._done(bin_, capture, form=form)
        except TidingsError as error:
            told |= {"status": refusal_of(error).status, "trouble": error.message}
        beside = await listed(self._inspector, bin_, query=query)
        return page(
            "bin_request.html",
            **beside.values(),
            bin=bin_,
            current=capture.number,
            one=await asyncio.to_thread(view_of, capture),
            curl=as_curl(capture.request, public_url=self._public_url),
            python=as_python(capture.request, public_url=self._public_url),
            schemes=list(Scheme),
            scheme=form.get("scheme") or scheme_of(receipt_of(capture, source="")),
            dialects=sorted(self._readers),
            can_promote=self._promotion is not None and "promoted" not in told,
            query=query,
            form=form,
            **told,
        )

    async def _asked(self, bin_: Bin, capture: Capture, *, query: Mapping[str, str]) -> dict[str, Any]:
        """What a link asks to see beside the request. Raises Invalid and NotFound."""
        if query.get("with"):
            other = await self._inspector.one(bin_.name, number_in(query["with"]))
            return {"difference": await asyncio.to_thread(requests_difference, other, capture)}
        if query.get("preview"):
            found = await previewed(capture, dialect=query["preview"], source=bin_.name, readers=self._readers)
            return {"preview": found}
        return {}

    async def _done(self, bin_: Bin, capture: Capture, *, form: Mapping[str, str]) -> dict[str, Any]:
        """What came of a form. Raises as what it asks for."""
        match form.get("do"):
            case "judge":
                if form.get("scheme") not in list(Scheme):
                    raise Invalid(f"scheme: must be one of {', '.join(Scheme)}")
                scheme, secret = Scheme(form["scheme"]), Secret(form.get("secret", ""))
                return {"verdict": await judged(capture, scheme=scheme, secret=secret, readers=self._readers)}
            case "promote" if self._promotion is not None:
                caller = await self._keys.caller(form.get("access", ""), needs=ADMIN)
                promoted = await self._promotion.promote(bin_, promotion_in(form), actor=caller.connector)
                return {"promoted": promoted}
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
