"""Web Connector over HTTP: what a ConnectReport server calls below a base URL that holds its token.

ConnectReport knows no way to log in, but calls whatever base URL it was given.
"""

import base64
import hashlib
import html
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tidings.access.scope import TABLES_READ
from tidings.core.errors import Forbidden, Invalid, Throttled, TidingsError, Unauthenticated, Unavailable
from tidings.core.json_text import read_typed
from tidings.dialects.connectreport.connector import WebConnector
from tidings.dialects.connectreport.wire import connector as wire
from tidings.web.body import read_body
from tidings.web.counter import failed
from tidings.web.login import Login
from tidings.web.openapi import answer, schema_of
from tidings.web.page import Page
from tidings.web.refusal import status_of
from tidings.web.throttle import Throttle

log = logging.getLogger(__name__)

_Endpoint = Callable[[Request], Awaitable[Response]]
_TAG = "Web Connector"
_BASE = "/web-connector/{token}"
# Bytes; an answer has at most so many values, and a question names them.
_LARGEST = 1 << 20
# Pixels of a picture, where none are asked for, and at most.
_WIDTH, _HEIGHT, _MOST_PIXELS = 480, 320, 4_000
# ConnectReport waits for one of these two to be called.
_SCRIPT = (
    'const chart = document.getElementById("chart");'
    "const told = () => window.completedVizLoad && window.completedVizLoad();"
    'const failed = () => window.vizLoadError && window.vizLoadError({message: "the picture cannot be shown"});'
    "if (chart.complete) { chart.naturalWidth ? told() : failed(); }"
    " else { chart.onload = told; chart.onerror = failed; }"
)
_HASH = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
_CAUTION = {
    "content-security-policy": (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{_HASH}'"
    ),
    "x-content-type-options": "nosniff",
}
_table = msgspec.json.Decoder(wire.TableAsked)
_values = msgspec.json.Decoder(wire.ValuesAsked)
_metadata = msgspec.json.Decoder(wire.MetadataAsked)
_selections = msgspec.json.Decoder(list[wire.Selection])


class WebConnectorPages:
    """Tells whoever has a token with the scope `tables.read`; what goes wrong, as ConnectReport understands it."""

    def __init__(self, connector: WebConnector, *, login: Login, throttle: Throttle | None = None) -> None:
        self._connector = connector
        self._login = login
        self._throttle = throttle

    def pages(self) -> Sequence[Page]:
        query = [
            _in_query("vizId", "The chart, by its id in the metadata", is_required=True),
            _in_query("selections", "JSON, as in getTable"),
            _in_query("width", "Pixels", kind="integer"),
            _in_query("height", "Pixels", kind="integer"),
        ]
        answering = self._answering
        return [
            _posted(
                "getMetadata",
                "Tell which tables and charts there are",
                endpoint=answering(self._get_metadata),
                shapes=(wire.MetadataAsked, wire.ConnectorMetadata),
            ),
            _posted(
                "getTable",
                "Tell rows of a table",
                endpoint=answering(self._get_table),
                shapes=(wire.TableAsked, wire.ConnectorRows),
            ),
            _posted(
                "getFieldValues",
                "Tell the values of a column",
                endpoint=answering(self._get_values),
                shapes=(wire.ValuesAsked, wire.FieldValues),
            ),
            Page(
                path=f"{_BASE}/loadVisualization",
                name="connectorLoadVisualization",
                summary="Show a chart as a page",
                endpoint=answering(self._load_visualization),
                operation=_operation({"description": "The page", "content": {"text/html": {"schema": {}}}}, query),
                shapes=(wire.ConnectorError,),
                tag=_TAG,
            ),
        ]

    def _answering(self, endpoint: _Endpoint) -> _Endpoint:
        async def respond(request: Request) -> Response:
            try:
                token = request.path_params["token"]
                caller = await self._login.caller({"accesstoken": token}, needs=TABLES_READ)
                if self._throttle is not None:
                    self._throttle.admit(caller.connector)
                return await endpoint(request)
            except TidingsError as error:
                return _refused(error)
            except TimeoutError:
                return _told("the question did not arrive in time; send it again", status=500, is_final=False)
            except ClientDisconnect:
                raise
            except Exception:  # noqa: BLE001 - the door would log the path, and the token in it
                return _told(failed(f"web connector, {request.method}").message, status=500, is_final=False)

        return respond

    async def _get_metadata(self, request: Request) -> Response:
        read_typed(await read_body(request, limit=_LARGEST) or b"{}", _metadata)
        return _json(await self._connector.metadata())

    async def _get_table(self, request: Request) -> Response:
        asked = read_typed(await read_body(request, limit=_LARGEST), _table)
        return _json(await self._connector.table(asked.options))

    async def _get_values(self, request: Request) -> Response:
        asked = read_typed(await read_body(request, limit=_LARGEST), _values)
        return _json(await self._connector.field_values(asked.options))

    async def _load_visualization(self, request: Request) -> Response:
        query = request.query_params
        selections = read_typed((query.get("selections") or "[]").encode("utf-8", "surrogatepass"), _selections)
        drawn = await self._connector.visualization(query.get("vizId", ""), selections)
        width = _pixels(query, "width", otherwise=_WIDTH)
        height = _pixels(query, "height", otherwise=_HEIGHT)
        picture = html.escape(f"data:image/svg+xml;base64,{base64.b64encode(drawn).decode()}")
        page = (
            '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Chart</title>'
            "<style>body{margin:0}img{display:block;object-fit:contain}</style>"
            f'<img id="chart" alt="" width="{width}" height="{height}" src="{picture}">'
            f"<script>{_SCRIPT}</script></html>"
        )
        return Response(page, media_type="text/html", headers=_CAUTION)


def _posted(
    name: str, summary: str, *, endpoint: _Endpoint, shapes: tuple[type[msgspec.Struct], type[msgspec.Struct]]
) -> Page:
    """A page of a question and an answer in JSON."""
    body, told = shapes
    content = {"required": True, "content": {"application/json": {"schema": schema_of(body)}}}
    return Page(
        path=f"{_BASE}/{name}",
        name=f"connector{name[0].upper()}{name[1:]}",
        summary=summary,
        endpoint=endpoint,
        methods=("POST",),
        operation={**_operation(answer("Done", schema_of(told))), "requestBody": content},
        shapes=(*shapes, wire.ConnectorError),
        tag=_TAG,
    )


def _json(told: object) -> Response:
    return Response(msgspec.json.encode(told), media_type="application/json")


def _refused(error: TidingsError) -> Response:
    """Whoever has no token is told so; all else is the 500 that ConnectReport knows."""
    is_closed = isinstance(error, Unauthenticated | Forbidden)
    is_passing = isinstance(error, Throttled | Unavailable)
    if not is_closed:
        log.info("connector.refused code=%s", error.code)
    return _told(error.message, status=status_of(type(error)) if is_closed else 500, is_final=not is_passing)


def _told(message: str, *, status: int, is_final: bool) -> Response:
    told = wire.ConnectorError(message=message, disable_retry=is_final)
    return Response(msgspec.json.encode(told), status, media_type="application/json")


def _pixels(query: Mapping[str, str], name: str, *, otherwise: int) -> int:
    text = query.get(name) or str(otherwise)
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_MOST_PIXELS)) and int(text) > 0):
        raise Invalid(f"{name}: write a number of pixels from 1 to {_MOST_PIXELS}")
    return min(int(text), _MOST_PIXELS)


def _operation(done: Mapping[str, Any], in_query: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    meanings = {
        "401": "The token is missing, forged, expired or revoked",
        "403": "The token may not read the tables",
        "500": "Nothing else can be told: what is wrong with the question, or with us",
    }
    token = {"name": "token", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    return {
        "description": (
            f"For a ConnectReport server, whose Base URL ends in a token with the scope `{TABLES_READ}`;"
            " give it one of its own, so that it can be revoked."
        ),
        "parameters": [token, *in_query],
        "responses": {
            "200": done,
            **{status: answer(meaning, schema_of(wire.ConnectorError)) for status, meaning in meanings.items()},
        },
    }


def _in_query(name: str, meaning: str, *, kind: str = "string", is_required: bool = False) -> dict[str, Any]:
    schema = {"type": kind}
    return {"name": name, "in": "query", "description": meaning, "required": is_required, "schema": schema}
