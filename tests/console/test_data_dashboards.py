"""Dashboards in the console: what the tables tell, drawn, filtered, taken along, and told live."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from tests.console.house import ConsoleHouse, Visitor
from tests.dashboards.forms import AT, TABLE, response, told
from tidings.console.board_memory import FRESH_S, BoardMemory
from tidings.console.rights import Role
from tidings.core.clock import DAY, Clock
from tidings.core.row import Change
from tidings.dashboards.boards import Board
from tidings.dashboards.showing import Look, Showing, ShownChart
from tidings.store.database import Statement

HERE = f"/console/dashboards/{TABLE}"
EVIL = "<img src=x onerror=alert(1)>"
OTHER = "+910000000002"
PLACE = {"lt": 18.52, "lg": 73.85, "n": "Quay"}


async def lay(house: ConsoleHouse, *changes: Sequence[Change]) -> None:
    await asyncio.to_thread(house.parts.open_tables().write, [one for several in changes for one in several])


async def filled(house: ConsoleHouse) -> Visitor:
    """A reader, and three responses."""
    await lay(
        house,
        response("r1", ["Harbour"], 2, ["Salt", "Oil"], AT + 3 * DAY, PLACE, EVIL),
        response("r2", ["=HYPERLINK(1)"], 40, ["Salt"], AT + 4 * DAY, PLACE, "Quick!", at=AT + DAY),
        response("r3", [EVIL], 3.5, [], None, None, None, at=AT + 2 * DAY, group="g2", responder=OTHER),
    )
    return await house.person(Role.READER)


async def test_without_tables_the_list_says_what_to_do(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)

    page = await operator.get("/console/dashboards")

    assert page.status_code == 200
    assert "No dashboards yet" in page.text
    assert 'href="/console/sources/new"' in page.text


async def test_every_dashboard_is_listed_with_a_preview_of_the_last_month(house: ConsoleHouse) -> None:
    reader = await filled(house)
    await lay(house, response("r4", ["Market"], 1, at=house.clock.now()))
    await lay(house, told("TextMessageCreated", {"text": "Hello"}, event="m1"))

    page = (await reader.get("/console/dashboards")).text
    preview = (await reader.get(f"{HERE}/preview")).text
    found = (await reader.get("/console/dashboards?q=order", htmx=True)).text

    assert page.index("Everything that happened") < page.index("Responses to com.example.OrderForm")
    assert "Messages" in page
    assert "<strong>1</strong>" in preview
    assert "in the last 30 days" in preview
    assert (HERE in found, "Messages" in found, "<html" in found) == (True, False, False)
    assert "No dashboard is called so" in (await reader.get("/console/dashboards?q=nothing")).text


async def test_a_dashboard_shows_figures_charts_texts_and_the_latest_rows_and_nothing_of_it_is_markup(
    house: ConsoleHouse,
) -> None:
    reader = await filled(house)

    page = (await reader.get(HERE)).text

    assert "Responses over time" in page
    assert f'data-chart="{HERE}/outlet.json' in page
    assert '<span class="value">3</span>' in page
    assert "3 answers, sum 45.5" in page
    assert "Name of +910000000002" in page
    assert EVIL not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert f'data-on="{TABLE}"' in page


async def test_a_chart_is_a_spec_for_the_page_a_file_of_numbers_and_a_picture(house: ConsoleHouse) -> None:
    reader = await filled(house)

    spec = json.loads((await reader.get(f"{HERE}/outlet.json")).text)
    file = await reader.get(f"{HERE}/outlet.csv")
    picture = await reader.get(f"{HERE}/outlet.svg?download=1")

    assert {"value": EVIL, "count": 1} in spec["data"]["values"]
    assert (spec["width"], "title" in spec) == ("container", False)
    assert file.headers["content-disposition"] == f'attachment; filename="{TABLE}-outlet.csv"'
    assert "'=HYPERLINK(1),1" in file.text
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in picture.headers["content-security-policy"]
    assert picture.text.startswith("<svg")
    assert "<img" not in picture.text
    for missing in ("nothing.json", "outlet.exe", "outlet"):
        assert (await reader.get(f"{HERE}/{missing}")).status_code == 404
    assert (await reader.get("/console/dashboards/nothing")).status_code == 404


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ("group=g2", 1),
        (f"responder=%2B{OTHER[1:]}", 1),
        ("from=2024-01-16", 2),
        ("to=2024-01-15", 1),
        ("from=2024-01-16&to=2024-01-16", 1),
        ("span=month", 0),
        ("span=nonsense", 3),
        ("question=Outlet", None),
    ],
)
async def test_a_dashboard_is_narrowed_by_its_address(house: ConsoleHouse, query: str, count: int | None) -> None:
    reader = await filled(house)

    page = (await reader.get(f"{HERE}?{query}")).text

    assert page.count("data-chart=") == 1 if count is None else f'<span class="value">{count}</span>' in page


@pytest.mark.parametrize(
    ("query", "field", "told_"),
    [
        ("from=yesterday", "from", "Write a day like 2026-01-31"),
        ("from=0001-01-01", "from", "Must be between the years 1970 and 2109"),
        ("from=2024-02-01&to=2024-01-01", "to", "Is before the first day"),
    ],
)
async def test_what_cannot_be_chosen_is_told_at_its_field_and_the_page_stays(
    house: ConsoleHouse, query: str, field: str, told_: str
) -> None:
    reader = await filled(house)

    page = await reader.get(f"{HERE}?{query}")

    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text
    assert told_ in page.text
    assert '<span class="value">3</span>' in page.text


async def test_groups_are_called_as_people_call_them(house: ConsoleHouse) -> None:
    reader = await filled(house)
    texts = dict.fromkeys(("welcome_message", "photo", "background", "short_description", "long_description"), "")
    group = Statement("group_added", {"id": "g1", "name": "Harbour team", "type": "Group", "at": 0, **texts})
    await house.parts.database.write(group)
    await lay(house, told("TextMessageCreated", {"text": "Hello"}, event="m1"))

    form = (await reader.get(HERE)).text
    chart = (await reader.get("/console/dashboards/messages/group_id.csv")).text

    assert '<option value="g1">Harbour team</option>' in form
    assert '<option value="g2">g2</option>' in form
    assert "Harbour team,1" in chart


async def test_whoever_looks_is_told_as_soon_as_a_table_has_new_rows(house: ConsoleHouse) -> None:
    reader = await filled(house)
    heard = ""

    async with asyncio.timeout(60), reader.http.stream("GET", "/console/dashboards/live") as answer:
        moving = asyncio.create_task(_move(house))
        async for piece in answer.aiter_text():
            heard += piece
            if "retry" in piece:
                house.parts.changes.note([TABLE])
            if f"event: {TABLE}\n" in heard:
                break
        moving.cancel()

    assert 'hx-get=""' in heard
    assert EVIL not in heard


async def _move(house: ConsoleHouse) -> None:
    while True:
        await house.clock.advance(1_000)
        await Clock().sleep(0.02)  # disk and network are real, and take real time


class _CountedShowing(Showing):
    """Counts how often it was asked."""

    def __init__(self, showing: Showing) -> None:
        self.asked = 0
        self._real = showing

    async def board(self, name: str, look: Look) -> tuple[Board, list[ShownChart]]:
        self.asked += 1
        return await self._real.board(name, look)


async def test_a_dashboard_is_counted_once_for_all_who_look_in_the_same_moment(house: ConsoleHouse) -> None:
    await filled(house)
    showing = _CountedShowing(house.parts.showing)
    memory = BoardMemory(showing, clock=house.clock)

    both = await asyncio.gather(*(memory.board(TABLE, Look()) for _ in range(5)))
    await memory.board(TABLE, Look(group="g2"))
    asked = showing.asked
    await lay(house, response("r4", ["Market"], 1))
    await house.clock.advance(int(FRESH_S * 1_000))
    after = await memory.board(TABLE, Look())

    assert asked == 2
    assert both[0].chart("in-all").data == [{"count": 3}]
    assert after.chart("in-all").data == [{"count": 4}]
