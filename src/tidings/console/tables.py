"""Tables: what there is to read, and its rows, as they are and as files."""

import contextlib
from collections.abc import AsyncGenerator, Sequence

from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.sheet_filter import SheetFilter, how_for
from tidings.console.sheet_rows import SheetRows, Wish
from tidings.console.visit import Visit
from tidings.core.errors import Invalid, NotFound
from tidings.dashboards.feeds import CONTENT_TYPES, Feeds, Format
from tidings.dashboards.feeds import Wish as FileWish
from tidings.tables.selection import Sheet

_A_PAGE = 50
# What needs no extra.
_FORMATS = (Format.CSV, Format.XLSX, Format.NDJSON, Format.JSON)
_CAUTION = {"content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff"}


class TablePages:
    """Shows the tables to whoever may look."""

    def __init__(self, offers: Offers) -> None:
        self._rows = SheetRows(offers.open_query, clock=offers.clock)
        self._feeds = Feeds(offers.open_query)
        self._public_url = offers.public_url

    def places(self) -> Sequence[Place]:
        return [
            Place(path="/tables", does=self._list, needs=Right.LOOK),
            Place(path="/tables/{name}", does=self._show, needs=Right.LOOK),
            Place(path="/tables/{name}/count", does=self._count, needs=Right.LOOK),
            Place(path="/tables/{name}/{file}", does=self._file, needs=Right.LOOK),
        ]

    async def _list(self, visit: Visit) -> Response:
        sheets, cursor = await self._rows.sheets(), visit.query.get("cursor", "")
        wanted = visit.query.get("q", "").strip()[:100]
        found = [
            sheet
            for name, sheet in sheets.items()
            if name > cursor and (wanted.lower() in name or wanted.lower() in sheet.comment.lower())
        ]
        shown = found[:_A_PAGE]
        return visit.page(
            "tables/list.html",
            block="rows",
            sheets=shown,
            wanted=wanted,
            is_any=bool(sheets),
            cursor=shown[-1].name if len(found) > _A_PAGE else "",
        )

    async def _count(self, visit: Visit) -> Response:
        return visit.fragment("tables/list.html", block="count", number=await self._rows.count(visit.path["name"]))

    async def _show(self, visit: Visit) -> Response:
        sheet, filters = await self._rows.sheet(visit.path["name"]), SheetFilter.of(visit.query)
        error: Invalid | None = None
        try:
            rows = await self._rows.rows(sheet.name, _wish(sheet, filters, cursor=visit.query.get("cursor", "")))
        except Invalid as found:
            error, rows = found, await self._rows.rows(sheet.name, Wish(most=_A_PAGE))
        return visit.page(
            "tables/table.html",
            block="rows",
            error=error,
            sheet=sheet,
            # What is wrong stands in the form, to be mended, and not among what holds.
            filters=SheetFilter(lines=(), order="") if error else filters,
            tried=filters.lines[-1] if error and filters.lines else None,
            rows=rows,
            hows=[(one.value, one.value) for one in how_for(list(sheet.columns.values()))],
            formats=_FORMATS,
            public_url=self._public_url,
            has_cursor="cursor" in visit.query,
        )

    async def _file(self, visit: Visit) -> Response:
        """The same file as the feed's, for whoever is signed in here."""
        table, _, suffix = visit.path["file"].rpartition(".")
        if table != visit.path["name"] or suffix not in set(Format):
            raise NotFound(f"files are called {visit.path['name']}.{'|'.join(_FORMATS)}")
        pieces = await self._feeds.pieces(FileWish(table=table, format=Format(suffix)))
        headers = {**_CAUTION, "content-disposition": f'attachment; filename="{table}.{suffix}"'}
        return _File(pieces, headers=headers, media_type=CONTENT_TYPES[Format(suffix)])


def _wish(sheet: Sheet, filters: SheetFilter, *, cursor: str) -> Wish:
    """Raises Invalid."""
    return Wish(most=_A_PAGE, condition=filters.condition(sheet), order=filters.ordering(sheet), cursor=cursor)


class _File(StreamingResponse):
    """Lets go of the table when whoever asked has gone."""

    def __init__(self, pieces: AsyncGenerator[bytes], *, headers: dict[str, str], media_type: str) -> None:
        super().__init__(pieces, headers=headers, media_type=media_type)
        self._pieces = pieces

    async def stream_response(self, send: Send) -> None:
        async with contextlib.aclosing(self._pieces):
            await super().stream_response(send)
