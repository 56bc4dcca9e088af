"""Dashboards: what the tables tell, drawn, and again as soon as something new has come."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
from starlette.responses import Response

from tidings.console.board_look import SPANS, BoardLook
from tidings.console.board_memory import FRESH_S, BoardMemory, Counted
from tidings.console.chart_card import card_of, drawn, file_of, spec_of
from tidings.console.live import Live, Piece
from tidings.console.offers import Offers
from tidings.console.page import Pages
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.sheet_rows import Rows, SheetRows, Wish
from tidings.console.visit import Visit
from tidings.core.clock import DAY
from tidings.core.errors import Invalid, NotFound, TidingsError
from tidings.core.row import Shape
from tidings.dashboards.boards import QUESTION, Kind, group_column, person_column
from tidings.dashboards.drawing import Picture
from tidings.dashboards.showing import Look, condition_of
from tidings.store.groups import Groups
from tidings.tables.selection import Column, Sheet

_A_PAGE = 60
_MOST_GROUPS = 200
_LATEST, _LATEST_COLUMNS = 8, 6
_PREVIEWED_DAYS = 30
# Looks after which pages look again by themselves: other processes lay rows, too, and tell nobody here.
_LOOK_AGAIN_EVERY = 15
# What a page listens to for that.
_ANY = "any-table"
_TYPES = {Picture.SVG: "image/svg+xml", Picture.PNG: "image/png"}


class Dashboards:
    """Lists them, and shows each; whoever looks is told when its tables have new rows."""

    def __init__(self, offers: Offers, pages: Pages) -> None:
        self._clock = offers.clock
        self._showing = offers.showing
        self._drawing = offers.drawing
        self._changes = offers.changes
        self._memory = BoardMemory(offers.showing, clock=offers.clock)
        self._rows = SheetRows(offers.open_query, clock=offers.clock)
        self._groups = Groups(offers.database)
        self._pages = pages
        self._seen: Counter[str] = Counter()
        self._news: set[str] = set()
        self._looks = 0
        self.live = Live(self._look, clock=offers.clock, every_s=FRESH_S)

    def close(self) -> None:
        """End what goes on for as long as somebody looks."""
        self.live.close()

    def places(self) -> Sequence[Place]:
        return [
            Place(path="/dashboards", does=self._list, needs=Right.LOOK),
            Place(path="/dashboards/live", does=self._listen, needs=Right.LOOK),
            Place(path="/dashboards/{name}", does=self._show, needs=Right.LOOK),
            Place(path="/dashboards/{name}/preview", does=self._preview, needs=Right.LOOK),
            Place(path="/dashboards/{name}/{file}", does=self._file, needs=Right.LOOK),
        ]

    async def _list(self, visit: Visit) -> Response:
        boards = await self._showing.boards()
        wanted, cursor = visit.query.get("q", "").strip()[:100], visit.query.get("cursor", "")
        # Those of all installations first, then the forms.
        ordered = sorted(
            boards.values(), key=lambda one: (one.name.startswith("responses_"), one.title.lower(), one.name)
        )
        found = [one for one in ordered if wanted.lower() in one.title.lower()]
        start = next((place for place, one in enumerate(found, start=1) if one.name == cursor), 0)
        shown = found[start : start + _A_PAGE]
        return visit.page(
            "dashboards/list.html",
            block="boards",
            boards=shown,
            wanted=wanted,
            is_any=bool(boards),
            cursor=shown[-1].name if start + _A_PAGE < len(found) else "",
        )

    async def _preview(self, visit: Visit) -> Response:
        """The days of the last month, and how many rows they have."""
        since = self._clock.now() // DAY * DAY - (_PREVIEWED_DAYS - 1) * DAY
        counted = await self._memory.board(visit.path["name"], Look(since=since))
        times = next((one.data for one in counted.charts if one.kind == Kind.TIMELINE), [])
        days = Counter[int]()
        for row in times:
            days[row["at"] // DAY * DAY] += row["count"]
        values = [days[since + place * DAY] for place in range(_PREVIEWED_DAYS)]
        return visit.fragment("dashboards/list.html", block="preview", values=values, total=sum(values))

    async def _show(self, visit: Visit) -> Response:
        name, look = visit.path["name"], BoardLook.of(visit.query)
        sheets = await self._showing.sheets()
        try:
            counted = await self._memory.board(name, look.at(self._clock.now()))
        except Invalid as error:
            if not look.narrows:
                raise
            counted = await self._memory.board(name, Look())
            return await self._page(visit, counted, look=BoardLook.of(type(visit.query)()), sheets=sheets, error=error)
        return await self._page(visit, counted, look=look, sheets=sheets)

    async def _page(
        self,
        visit: Visit,
        counted: Counted,
        *,
        look: BoardLook,
        sheets: Mapping[str, Sheet],
        error: TidingsError | None = None,
    ) -> Response:
        board = counted.board
        tables = [sheets[name] for name in board.tables() if name in sheets]
        groups = await self._group_names(tables)
        cards = [card_of(one, groups=groups) for one in counted.charts]
        return visit.page(
            "dashboards/board.html",
            block="charts",
            error=error,
            board=board,
            cards=cards,
            is_empty=not look.narrows and all(card.total == 0 for card in cards if card.is_figure),
            look=look,
            spans=SPANS,
            questions=list(dict.fromkeys(one.question for one in board.charts if one.question)),
            groups=[("", "All groups"), *((group, name or group) for group, name in groups.items())],
            has_groups=bool(groups) and all(group_column(one) for one in tables),
            has_people=all(person_column(one) for one in tables),
            told_by=[*board.tables(), _ANY],
            latest=await self._latest(tables[0], look=look) if tables else None,
            latest_of=tables[0].name if tables else "",
        )

    async def _latest(self, sheet: Sheet, *, look: BoardLook) -> Rows:
        condition = condition_of(sheet, look.at(self._clock.now()))
        return await self._rows.rows(sheet.name, Wish(most=_LATEST, columns=_telling(sheet), condition=condition))

    async def _file(self, visit: Visit) -> Response:
        chart, _, suffix = visit.path["file"].rpartition(".")
        if not chart or suffix not in {"json", "csv", *Picture}:
            raise NotFound("charts are called CHART.json, CHART.csv, CHART.svg or CHART.png")
        name, look = visit.path["name"], BoardLook.of(visit.query)
        counted = await self._memory.board(name, look.at(self._clock.now()))
        shown, sheets = counted.chart(chart), await self._showing.sheets()
        groups = await self._group_names([sheets[table] for table in counted.board.tables() if table in sheets])
        match suffix:
            case "json":
                return visit.data(msgspec.json.encode(spec_of(shown, groups=groups)), "application/json")
            case "csv":
                response = visit.data(file_of(shown, groups=groups), "text/csv; charset=utf-8")
            case _:
                picture = await self._drawing.draw(drawn(shown, groups=groups), Picture(suffix))
                response = visit.data(picture, _TYPES[Picture(suffix)])
        if "download" in visit.query or suffix == "csv":
            response.headers["content-disposition"] = f'attachment; filename="{name}-{shown.name}.{suffix}"'
        return response

    async def _group_names(self, tables: Sequence[Sheet]) -> dict[str, str]:
        """What the groups are called that these tables tell of, by id; nothing where a name is not known."""
        listed = [self._showing.groups(one.name, most=_MOST_GROUPS) for one in tables if group_column(one)]
        found = [group for groups in await asyncio.gather(*listed) for group in groups]
        if not found:
            return {}
        names = await self._groups.names(found)
        return dict(
            sorted(((group, names.get(group, "")) for group in found), key=lambda one: (one[1] or one[0]).lower())
        )

    async def _listen(self, visit: Visit) -> Response:
        del visit
        return self.live.answer()

    async def _look(self) -> Sequence[Piece]:
        """Which tables changed, told one look later: by then nobody remembers what was counted before."""
        noted = self._changes.noted
        told_now, self._news = self._news, {name for name, times in noted.items() if times != self._seen[name]}
        self._seen = noted.copy()
        self._looks += 1
        if self._looks % _LOOK_AGAIN_EVERY == 0:
            told_now = told_now | {_ANY}
        again = self._pages.block("dashboards/board.html", "again") if told_now else ""
        return [Piece(name=name, html=again) for name in sorted(told_now)]


def _telling(sheet: Sheet) -> tuple[str, ...]:
    """The columns that tell most: when, who, and what was answered, rather than ids."""

    def rank(column: Column) -> int:
        steps = (
            column.name == sheet.time,
            column.name == f"{person_column(sheet)}_name",
            QUESTION.fullmatch(column.comment) is not None,
            not (column.is_key or column.name.endswith("_id") or column.shape is Shape.TRUTH),
        )
        return next((place for place, is_so in enumerate(steps) if is_so), len(steps))

    return tuple(column.name for column in sorted(sheet.columns.values(), key=rank)[:_LATEST_COLUMNS])
