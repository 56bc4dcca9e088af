"""OData: the door of the feed that Power BI, Excel and Tableau read."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tidings.access.scope import TABLES_READ
from tidings.core.errors import Invalid
from tidings.dashboards.odata.root import PAGE, Question, Service
from tidings.web.openapi import SECURITY
from tidings.web.page import Page
from tidings.web.refusal import Refusal
from tidings.web.tables_login import TablesLogin

ROOT = "odata/v4/"
_VERSION = {"odata-version": "4.0"}
_PAGE_WISH = re.compile(r"(?:odata\.)?maxpagesize\s*=\s*(\d{1,9})(?![\w.])", re.ASCII)
_TAG = "Tables"
_OPTIONS = {
    "$select": "Columns, separated by commas",
    "$filter": "Which rows: eq ne gt ge lt le in and or not, contains startswith endswith tolower toupper length,"
    " year month day hour minute second date",
    "$orderby": "Columns, each with asc or desc, separated by commas",
    "$top": "How many at most",
    "$skip": "How many to leave out",
    "$count": "`true` counts them all",
    "$skiptoken": "Where to go on; part of @odata.nextLink",
}


class ODataPages:
    """The OData service, whose addresses begin with `public_url`, or as the request's own does."""

    def __init__(self, service: Service, *, login: TablesLogin, public_url: str) -> None:
        self._service = service
        self._login = login
        self._public_url = public_url

    def pages(self) -> Sequence[Page]:
        endpoint = self._login.admitting(self._answer, tell=_refused)
        return [
            Page(
                path=f"/{ROOT}",
                name="listEntitySets",
                summary="The OData 4.0 service document; $metadata under it describes the tables",
                endpoint=endpoint,
                operation=_operation({}),
                tag=_TAG,
            ),
            Page(
                path=f"/{ROOT}{{resource:path}}",
                name="readEntitySet",
                summary="Rows of a table, page by page; one row by its key; $metadata; TABLE/$count",
                endpoint=endpoint,
                operation=_operation(_OPTIONS, in_path=True),
                tag=_TAG,
            ),
        ]

    async def _answer(self, request: Request) -> Response:
        page, accepts = _page_size(request), request.headers.get("accept", "")
        question = Question(
            root=(self._public_url or str(request.base_url)) + ROOT,
            path=request.path_params.get("resource", ""),
            query=request.query_params.multi_items(),
            page=page or PAGE,
            is_bare="odata.metadata=none" in accepts + request.query_params.get("$format", ""),
        )
        answer = await asyncio.to_thread(self._service.answer, question)
        headers = _VERSION | ({"preference-applied": f"odata.maxpagesize={page}"} if page else {})
        return Response(answer.body, headers=headers, media_type=answer.content_type)


def _page_size(request: Request) -> int | None:
    found = _PAGE_WISH.search(request.headers.get("prefer", ""))
    if found is None:
        return None
    if not int(found[1]):
        raise Invalid("Prefer: odata.maxpagesize is at least 1")
    return min(int(found[1]), PAGE)


def _refused(refusal: Refusal) -> Response:
    told = {"error": {"code": refusal.code, "message": refusal.message}}
    headers = _VERSION | dict(refusal.headers)
    return Response(msgspec.json.encode(told), refusal.status, headers=headers, media_type="application/json")


def _operation(options: dict[str, str], *, in_path: bool = False) -> dict[str, Any]:
    path = {"name": "resource", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    error = {
        "description": "What went wrong, as OData tells it",
        "content": {"application/json": {"schema": {"type": "object", "required": ["error"]}}},
    }
    return {
        "description": f"Needs the scope `{TABLES_READ}`; the token may be the password of Basic, with any user name.",
        "security": [*SECURITY, {"basic": []}],
        "parameters": [
            *([path] if in_path else []),
            *(
                {"name": name, "in": "query", "description": meaning, "schema": {"type": "string"}}
                for name, meaning in options.items()
            ),
        ],
        "responses": {
            "200": {"description": "As OData 4.0 says", "content": {"*/*": {"schema": {}}}},
            **{str(status): error for status in (400, 401, 403, 404, 429, 500, 503)},
        },
    }
