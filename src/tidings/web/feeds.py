"""Feeds: the tables as files, for whoever has a token to read them."""

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from tidings.access.scope import TABLES_READ
from tidings.core.errors import Invalid, NotFound
from tidings.dashboards.feeds import CONTENT_TYPES, Feeds, Format, Wish
from tidings.tables.selection import Sheet
from tidings.web.cursor import DEFAULT_LIMIT, LARGEST_LIMIT
from tidings.web.instant import read_instant
from tidings.web.openapi import SECURITY, answer, refusals, schema_of
from tidings.web.page import Page
from tidings.web.tables_login import TablesLogin

_MOST_DIGITS = 15
_TAG = "Tables"
_SECURITY = [*SECURITY, {"basic": []}]
_NEEDS = f"Needs the scope `{TABLES_READ}`; the token may be the password of Basic, with any user name."
_FILE = {
    "description": "The rows by key, sent as they are read",
    "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
}
_FILE_NAME = {"name": "file", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
_INSTANT = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "format": "date-time"}]}
_Meanings = dict[str, tuple[str, dict[str, Any]]]
_LIMIT = {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT}
_LIST_PARAMETERS: _Meanings = {
    "limit": ("How many at most", _LIMIT),
    "cursor": ("Where to go on: the `cursor` of the answer before", {"type": "string"}),
}
_FORMULAS = (
    "In CSV a text that begins with = + - @, a tab or a carriage return gets an apostrophe in front, so that no"
    " spreadsheet takes it for a formula; `true` leaves it as it is"
)
_FILE_PARAMETERS: _Meanings = {
    "columns": ("Names of columns, separated by commas; all if absent", {"type": "string"}),
    "since": ("Only rows of that time or later, by the table's column of time", _INSTANT),
    "until": ("Only rows before that time", _INSTANT),
    "limit": ("How many rows at most", {"type": "integer", "minimum": 1}),
    "raw": (_FORMULAS, {"type": "boolean", "default": False}),
}


class ListedColumn(msgspec.Struct, rename="camel"):
    """A column; `type` is text, number, whole, truth or instant."""

    name: str
    type: str
    is_key: bool
    comment: str


class ListedTable(msgspec.Struct, rename="camel"):
    """A table; `time` is the name of the column that tells when, and may be of none."""

    name: str
    comment: str
    time: str
    columns: list[ListedColumn]


class ListedTables(msgspec.Struct, rename="camel", omit_defaults=True):
    """Tables by name; `cursor` tells where to go on."""

    tables: list[ListedTable]
    cursor: str = ""


class FeedPages:
    """`/tables` and the files under it."""

    def __init__(self, feeds: Feeds, *, login: TablesLogin) -> None:
        self._feeds = feeds
        self._login = login

    def pages(self) -> Sequence[Page]:
        listed = answer("Tables by name", schema_of(ListedTables))
        return [
            Page(
                path="/tables",
                name="listTables",
                summary="List the tables and their columns",
                endpoint=self._login.admitting(self._list),
                operation=_operation(_LIST_PARAMETERS, {"200": listed, **refusals(400, 401, 403, 429, 500, 503)}),
                shapes=(ListedTables,),
                tag=_TAG,
            ),
            Page(
                path="/tables/{file}",
                name="getTable",
                summary=f"Get a table as a file, called NAME.{'|'.join(Format)}",
                endpoint=self._login.admitting(self._feed),
                operation=_operation(
                    _FILE_PARAMETERS,
                    {"200": _FILE, **refusals(400, 401, 403, 404, 429, 500, 503)},
                    in_path=[_FILE_NAME],
                ),
                tag=_TAG,
            ),
        ]

    async def _list(self, request: Request) -> Response:
        limit = _whole(request, "limit") or DEFAULT_LIMIT
        if limit > LARGEST_LIMIT:
            raise Invalid(f"limit: at most {LARGEST_LIMIT}")
        cursor = request.query_params.get("cursor", "")
        sheets = [sheet for name, sheet in (await self._feeds.sheets()).items() if name > cursor]
        told = ListedTables(tables=[_listed(sheet) for sheet in sheets[:limit]])
        if len(sheets) > limit:
            told.cursor = sheets[limit - 1].name
        return Response(msgspec.json.encode(told), media_type="application/json")

    async def _feed(self, request: Request) -> Response:
        wish = _wish(request)
        pieces = await self._feeds.pieces(wish)
        if request.method == "HEAD":
            await pieces.aclose()
            pieces = _nothing()
        headers = {"content-disposition": f'attachment; filename="{wish.table}.{wish.format}"'}
        return _Feed(pieces, headers=headers, media_type=CONTENT_TYPES[wish.format])


class _Feed(StreamingResponse):
    """Lets go of the table when whoever asked has gone."""

    def __init__(self, pieces: AsyncGenerator[bytes], *, headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(pieces, headers=headers, media_type=media_type)
        self._pieces = pieces

    async def stream_response(self, send: Send) -> None:
        async with contextlib.aclosing(self._pieces):
            await super().stream_response(send)


async def _nothing() -> AsyncGenerator[bytes]:
    return
    yield b""


def _operation(
    parameters: _Meanings,
    responses: Mapping[str, Any],
    *,
    in_path: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    in_query = [
        {"name": name, "in": "query", "description": meaning, "schema": schema}
        for name, (meaning, schema) in parameters.items()
    ]
    return {
        "description": _NEEDS,
        "security": _SECURITY,
        "parameters": [*in_path, *in_query],
        "responses": dict(responses),
    }


def _wish(request: Request) -> Wish:
    table, _, suffix = request.path_params["file"].rpartition(".")
    if suffix not in set(Format):
        raise NotFound(f"tables are called NAME.{'|'.join(Format)}; /tables lists their names")
    query = request.query_params
    raw = query.get("raw", "false").lower()
    if raw not in {"true", "false"}:
        raise Invalid("raw: write true or false")
    return Wish(
        table=table,
        format=Format(suffix),
        columns=tuple(dict.fromkeys(name.strip() for name in query.get("columns", "").split(",") if name.strip())),
        since=_instant(request, "since"),
        until=_instant(request, "until"),
        limit=_whole(request, "limit"),
        is_raw=raw == "true",
    )


def _instant(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    return None if text is None else read_instant(text, place=name)


def _whole(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS or not int(text):
        raise Invalid(f"{name}: write a whole number from 1 on")
    return int(text)


def _listed(sheet: Sheet) -> ListedTable:
    columns = [
        ListedColumn(name=one.name, type=one.shape.value, is_key=one.is_key, comment=one.comment)
        for one in sheet.columns.values()
    ]
    return ListedTable(name=sheet.name, comment=sheet.comment, time=sheet.time, columns=columns)
