"""Report documents: the files of reports, for whoever has a token, or a link that has not run out."""

import re
from collections.abc import AsyncIterator
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tidings.access.scope import REPORTS_READ
from tidings.core.errors import NotFound
from tidings.core.report import REPORT_TYPES, ReportFile, ReportFormat, ReportRole, is_at_least
from tidings.dialects.connectreport.api.reports import is_published
from tidings.reports.opening import Reports
from tidings.reports.pages import SERVED_POLICY
from tidings.reports.roles import role_of_scopes
from tidings.web.login import Login
from tidings.web.openapi import SECURITY, refusals
from tidings.web.page import Page
from tidings.web.throttle import Throttle

_NO_DOCUMENT = (
    "there is no such document, or it is not yours to see; GET /api/v1/reports/{id} tells where its files are"
)
# A template and its data are anybody's: no browser may run what is in them, or fetch what they name.
_CAUTION = {
    "content-security-policy": f"{SERVED_POLICY}; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}
# All else is saved: a browser would open it with a program of its own, outside of all caution.
_SHOWN = frozenset({ReportFormat.HTML, ReportFormat.PNG})
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u2028-\u202e\u2066-\u2069]")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ._()-]")
_LONGEST_NAME = 150
_BINARY = {"type": "string", "format": "binary"}
_QUERY = {
    "attachmentName": "What the file is to be saved as",
    "name": "As the link has it",
    "expires": "As the link has it",
    "signature": "As the link has it",
}
_OPERATION = {
    "description": (
        f"Needs the scope `{REPORTS_READ}`, or a link as callbacks and jobs tell it, which needs no token and runs out."
    ),
    "security": [*SECURITY, {}],
    "parameters": [
        *(
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
            for name in ("format", "name")
        ),
        *(
            {"name": name, "in": "query", "description": meaning, "schema": {"type": "string"}}
            for name, meaning in _QUERY.items()
        ),
    ],
    "responses": {
        "200": {"description": "The file", "content": {kind: {"schema": _BINARY} for kind in REPORT_TYPES.values()}},
        **refusals(400, 401, 403, 404, 429, 500, 503),
    },
}


class ReportDocuments:
    """Gives out files a piece at a time."""

    def __init__(self, reports: Reports, *, login: Login, throttle: Throttle | None = None) -> None:
        self._reports = reports
        self._login = login
        self._throttle = throttle

    def page(self) -> Page:
        return Page(
            path="/api/v1/documents/{format}/{name}",
            name="getDocument",
            summary="Get a file of a report",
            endpoint=self._serve,
            operation=_OPERATION,
            tag="Reports",
        )

    async def _serve(self, request: Request) -> Response:
        format_, name = request.path_params["format"].lower(), request.path_params["name"]
        identifier, query = name.removesuffix(f".{format_}"), request.query_params
        if "signature" in query:
            expires = query.get("expires", "")
            self._reports.files.verify(identifier, expires=expires, signature=query["signature"])
            file = await self._reports.files.get(identifier)
        else:
            file = await self._admitted(request, identifier)
        if file.format != format_:
            raise NotFound(_NO_DOCUMENT)
        headers = {
            **_CAUTION,
            "content-disposition": disposition(file, wanted=query.get("attachmentName", "")),
            "content-length": str(file.size),
        }
        kind = REPORT_TYPES[file.format]
        if request.method == "HEAD":
            return Response(headers=headers, media_type=kind)
        return StreamingResponse(self._chunks(file), headers=headers, media_type=kind)

    async def _admitted(self, request: Request, identifier: str) -> ReportFile:
        """The file, if the caller may see it. Raises Unauthenticated, Forbidden and NotFound."""
        caller = await self._login.caller(request.headers, needs=REPORTS_READ)
        if self._throttle is not None:
            self._throttle.admit(caller.connector)
        file = await self._reports.files.get(identifier)
        if is_at_least(role_of_scopes(caller.scopes), ReportRole.AUTHOR):
            return file
        if not file.report or not is_published(await self._reports.history.get(file.report)):
            raise NotFound(_NO_DOCUMENT)
        return file

    async def _chunks(self, file: ReportFile) -> AsyncIterator[bytes]:
        async for chunk in self._reports.files.chunks(file.id):
            yield chunk


def disposition(file: ReportFile, *, wanted: str = "") -> str:
    """How a browser treats a file, and what it calls it: by RFC 6266, and in plain letters for those that do not."""
    name = _UNSAFE.sub("_", wanted or file.name)[:_LONGEST_NAME] or f"report.{file.format}"
    shown = "inline" if file.format in _SHOWN and not wanted else "attachment"
    plain = _NOT_PLAIN.sub("_", name)
    return f"{shown}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='', errors='replace')}"
