"""Dashboards over HTTP: their charts as Vega-Lite specs with data, and as pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from tidings.access.scope import TABLES_READ
from tidings.core.errors import NotFound
from tidings.core.route import Call, Parameter, Route
from tidings.dashboards.charts import drawable
from tidings.dashboards.drawing import Drawing, Picture
from tidings.dashboards.showing import Look, Showing, ShownChart
from tidings.web.cursor import LIST_PARAMETERS, limit_of
from tidings.web.instant import read_instant
from tidings.web.openapi import SECURITY, refusals
from tidings.web.page import Page
from tidings.web.tables_login import TablesLogin

_TAG = "Dashboards"
_TYPES = {Picture.SVG: "image/svg+xml", Picture.PNG: "image/png"}
_MEANINGS = {
    "since": "Only what was from then on: epoch milliseconds, or a time with its offset",
    "until": "Only what was before",
    "group": "Only what was in that group, by its id",
    "responder": "Only what that person sent, by phone number",
    "question": "Only the chart of that question, by its title or its column",
}
_FILTERS = tuple(
    Parameter(name=name, meaning=meaning, schema={"type": "string", "maxLength": 500})
    for name, meaning in _MEANINGS.items()
)


class ListedChart(msgspec.Struct):
    """A chart; `kind` is figure, timeline, bars, histogram, dates, places or texts."""

    name: str
    title: str
    kind: str


class ListedDashboard(msgspec.Struct):
    """A dashboard and what it shows."""

    name: str
    title: str
    charts: list[ListedChart]


class ListedDashboards(msgspec.Struct):
    """Dashboards by name; with a `cursor` if there may be more."""

    dashboards: list[ListedDashboard]
    cursor: str | UnsetType = UNSET


class ToldChart(msgspec.Struct, omit_defaults=True):
    """A chart: a Vega-Lite spec, and the data that it calls `table`. Of numbers, `summary` has count, sum and ends."""

    name: str
    title: str
    kind: str
    spec: dict[str, Any]
    data: list[dict[str, Any]]
    summary: dict[str, float | None] = {}


class ToldDashboard(msgspec.Struct):
    """A dashboard with its charts, as its tables are now."""

    name: str
    title: str
    charts: list[ToldChart]


class DashboardsApi:
    """Serves dashboards."""

    def __init__(self, showing: Showing, drawing: Drawing, *, login: TablesLogin) -> None:
        self._showing = showing
        self._drawing = drawing
        self._login = login

    def routes(self) -> Sequence[Route]:
        return [
            Route(
                method="GET",
                path="/v1/dashboards",
                name="listDashboards",
                summary="List the dashboards and their charts",
                handler=self._list,
                needs=TABLES_READ,
                answers=ListedDashboards,
                parameters=LIST_PARAMETERS,
                tag=_TAG,
            ),
            Route(
                method="GET",
                path="/v1/dashboards/{name}",
                name="getDashboard",
                summary="Get a dashboard: each chart's spec and data",
                handler=self._get,
                needs=TABLES_READ,
                answers=ToldDashboard,
                parameters=_FILTERS,
                errors=(NotFound,),
                tag=_TAG,
            ),
        ]

    def page(self) -> Page:
        in_path = [{"name": name, "in": "path", "required": True, "schema": _NAME} for name in ("name", "file")]
        in_query = [
            {"name": one.name, "in": "query", "description": one.meaning, "schema": one.schema} for one in _FILTERS
        ]
        picture = {"description": "The picture", "content": {kind: {"schema": _BINARY} for kind in _TYPES.values()}}
        return Page(
            path="/v1/dashboards/{name}/{file}",
            name="drawChart",
            summary="Draw a chart, called CHART.svg or CHART.png",
            endpoint=self._login.admitting(self._draw),
            operation={
                "description": f"Needs the scope `{TABLES_READ}`; the token may be the password of Basic.",
                "security": [*SECURITY, {"basic": []}],
                "parameters": [*in_path, *in_query],
                "responses": {"200": picture, **refusals(400, 401, 403, 404, 429, 500, 503)},
            },
            tag=_TAG,
        )

    async def _list(self, call: Call) -> ListedDashboards:
        limit, cursor = limit_of(call), call.query.get("cursor", "")
        boards = [board for name, board in (await self._showing.boards()).items() if name > cursor]
        listed = [
            ListedDashboard(
                name=board.name,
                title=board.title,
                charts=[ListedChart(name=one.name, title=one.title, kind=one.kind.value) for one in board.charts],
            )
            for board in boards[:limit]
        ]
        return ListedDashboards(dashboards=listed, cursor=listed[-1].name if len(boards) > limit else UNSET)

    async def _get(self, call: Call) -> ToldDashboard:
        board, charts = await self._showing.board(call.path["name"], _look(call.query))
        return ToldDashboard(name=board.name, title=board.title, charts=[_told(chart) for chart in charts])

    async def _draw(self, request: Request) -> Response:
        chart, _, suffix = request.path_params["file"].rpartition(".")
        if not chart or suffix not in set(Picture):
            raise NotFound(f"charts are called CHART.{' or CHART.'.join(Picture)}")
        shown = await self._showing.chart(request.path_params["name"], chart, look=_look(request.query_params))
        drawn = await self._drawing.draw(drawable(shown.spec, shown.data), Picture(suffix))
        headers = {"content-security-policy": "sandbox", "x-content-type-options": "nosniff"}
        return Response(drawn, media_type=_TYPES[Picture(suffix)], headers=headers)


_NAME = {"type": "string", "minLength": 1}
_BINARY = {"type": "string", "format": "binary"}


def _look(query: Mapping[str, str]) -> Look:
    since, until = query.get("since"), query.get("until")
    return Look(
        since=None if since is None else read_instant(since, place="since"),
        until=None if until is None else read_instant(until, place="until"),
        group=query.get("group", ""),
        responder=query.get("responder", ""),
        question=query.get("question", ""),
    )


def _told(shown: ShownChart) -> ToldChart:
    return ToldChart(
        name=shown.name,
        title=shown.title,
        kind=shown.kind,
        spec=shown.spec,
        data=shown.data,
        summary=shown.summary,
    )
