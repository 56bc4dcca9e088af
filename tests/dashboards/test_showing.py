"""Dashboards out of the box: what they show of what was received."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.forms import AT, TABLE, response, told
from tidings.core.clock import DAY, HOUR, Clock
from tidings.core.errors import Invalid, NotFound
from tidings.core.report import Filter, Value
from tidings.core.row import Field, Place, Shape, row_of
from tidings.dashboards.charts import drawable
from tidings.dashboards.drawing import Drawing, Picture
from tidings.dashboards.showing import Look, Showing, ShownChart
from tidings.tables.pieces import Pieces
from tidings.tables.query import Query
from tidings.tables.tables import Tables, open_tables
from tidings.testing.clock import ManualClock

OTHER = "+910000000002"
PLACE = {"lt": 18.52, "lg": 73.85, "n": "Quay"}


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    with open_tables(f"sqlite:{tmp_path / 'tables.db'}") as tables:
        tables.write(response("r1", ["Harbour"], 2, ["Salt", "Oil"], AT + 3 * DAY, PLACE, "Thank you"))
        tables.write(response("r2", ["Market"], 40, ["Salt"], AT + 4 * DAY, PLACE, "Quick!", at=AT + HOUR))
        tables.write(response("r3", ["Harbour"], 3.5, [], None, None, None, at=AT + DAY, group="g2", responder=OTHER))
        yield tables


@pytest.fixture
def showing(tables: Tables) -> Showing:
    pieces = Pieces(Query(tables.engine, clock=ManualClock()))
    return Showing(lambda: pieces)


async def charts(
    showing: Showing,
    board: str = TABLE,
    **look: Any,  # noqa: ANN401 - the fields of a Look
) -> dict[str, ShownChart]:
    _, shown = await showing.board(board, Look(**look))
    return {chart.name: chart for chart in shown}


def values(chart: ShownChart) -> dict[str, int]:
    return {row["value"]: row["count"] for row in chart.data}


async def test_a_form_has_a_fitting_chart_for_every_type_of_question(showing: Showing) -> None:
    shown = await charts(showing)

    assert {name: chart.kind for name, chart in shown.items()} == {
        "in-all": "figure",
        "over-time": "timeline",
        "responder_name": "bars",
        "outlet": "bars",
        "rice_1kg": "histogram",
        "extras": "bars",
        "deliver_on": "dates",
        "place_latitude": "places",
        "remark": "texts",
        "phone": "texts",
    }
    assert shown["in-all"].data == [{"count": 3}]
    assert shown["over-time"].data == [
        {"at": AT, "until": AT + HOUR, "count": 1},
        {"at": AT + HOUR, "until": AT + 2 * HOUR, "count": 1},
        {"at": AT + DAY, "until": AT + DAY + HOUR, "count": 1},
    ]
    assert shown["outlet"].data == [{"value": "Harbour", "count": 2}, {"value": "Market", "count": 1}]
    assert values(shown["extras"]) == {"Salt": 2, "Oil": 1}
    assert shown["rice_1kg"].summary == {"count": 3, "sum": 45.5, "least": 2.0, "greatest": 40.0}
    assert shown["rice_1kg"].spec["title"]["subtitle"] == "3 answers, sum 45.5, mean 15.1667, 2 to 40"
    assert [row["at"] for row in shown["deliver_on"].data] == [AT + 3 * DAY, AT + 4 * DAY]
    assert shown["place_latitude"].data == [{"latitude": 18.525, "longitude": 73.855, "count": 2}]
    assert [row["text"] for row in shown["remark"].data] == ["Quick!", "Thank you"]
    assert shown["phone"].data == []


LOOKS: list[tuple[dict[str, Any], int, dict[str, int]]] = [
    ({"since": AT + 1}, 2, {"Harbour": 1, "Market": 1}),
    ({"until": AT + DAY}, 2, {"Harbour": 1, "Market": 1}),
    ({"group": "g2"}, 1, {"Harbour": 1}),
    ({"group": "g1", "since": AT + HOUR}, 1, {"Market": 1}),
    ({"responder": OTHER}, 1, {"Harbour": 1}),
    ({"responder": OTHER, "group": "g1"}, 0, {}),
    ({"responder": "' or 1=1 --"}, 0, {}),
    ({"group": "*"}, 3, {"Harbour": 2, "Market": 1}),
]


@pytest.mark.parametrize(("look", "count", "outlets"), LOOKS)
async def test_a_dashboard_is_filtered_by_time_group_and_person(
    showing: Showing, look: dict[str, Any], count: int, outlets: dict[str, int]
) -> None:
    shown = await charts(showing, **look)

    assert shown["in-all"].data == [{"count": count}]
    assert values(shown["outlet"]) == outlets


@pytest.mark.parametrize(
    ("filters", "outlets"),
    [
        ({"outlet": ("Market", None)}, {"Market": 1}),
        ({"rice_1kg": ("2", 3.5)}, {"Harbour": 2}),
        ({"outlet": ("Harbour",), "rice_1kg": (2,)}, {"Harbour": 1}),
        ({"responder": (OTHER,), "nowhere": ("x",)}, {"Harbour": 1}),
        ({"deliver_on": (None,)}, {"Harbour": 1}),
        ({"rice_1kg": ("many",)}, {}),
        ({"outlet": ()}, {}),
    ],
)
async def test_a_dashboard_is_filtered_by_every_field_that_its_table_has(
    showing: Showing, filters: dict[str, tuple[Value, ...]], outlets: dict[str, int]
) -> None:
    asked = tuple(Filter(field=name, values=values) for name, values in filters.items())

    shown = await charts(showing, filters=asked)

    assert values(shown["outlet"]) == outlets
    assert shown["outlet"].beyond == (("nowhere",) if "nowhere" in filters else ())
    # Read, not counted.
    assert len(shown["remark"].data) <= sum(outlets.values())
    grouped = await charts(showing, filters=asked, group="g2")
    assert values(grouped["outlet"]) == ({"Harbour": 1} if "Harbour" in outlets and "outlet" not in filters else {})


async def test_one_question_is_found_by_its_title_or_its_column(showing: Showing) -> None:
    assert list(await charts(showing, question="Rice 1KG")) == ["rice_1kg"]
    assert list(await charts(showing, question="remark")) == ["remark"]
    with pytest.raises(NotFound, match="no such chart or question"):
        await charts(showing, question="Beans")


async def test_a_new_response_is_seen_at_the_next_look_and_a_new_question_gets_its_chart(
    showing: Showing, tables: Tables
) -> None:
    await charts(showing)
    tables.write(response("r4", ["Station"], 1, at=AT + 2 * DAY))
    tables.write(response("r1", ["Station"], 1, at=AT + 2 * DAY))

    shown = await charts(showing)

    assert values(shown["outlet"]) == {"Station": 2, "Harbour": 1, "Market": 1}


async def test_messages_jobs_polls_members_and_everything_have_dashboards(showing: Showing, tables: Tables) -> None:
    tables.write(told("TextMessageCreated", {"text": "Hello"}, event="m1"))
    tables.write(told("JobCreated", {"actionId": "j1", "title": "Paint", "dueDate": AT + DAY}, event="j1"))
    job = {"actionId": "j1", "responseId": "jr", "responseDetails": {"response": {"isCompleted": True}}}
    tables.write(told("JobResponse", job, event="jr"))
    tables.write(told("PollCreated", {"actionId": "p1", "question": "Tea?", "choices": []}, event="p1"))
    vote = {"responseWithQuestions": [{"title": "Tea?", "type": "SingleOption", "answer": ["Yes"]}]}
    tables.write(told("PollResponse", {"actionId": "p1", "responseId": "v1", "responseDetails": vote}, event="v1"))
    tables.write(told("MemberAdded", {"member": OTHER, "memberName": "Ravi", "type": "Member"}, event="b1"))

    boards = await showing.boards()

    assert list(boards) == ["events", "jobs", "members", "messages", "polls", TABLE]
    assert values((await charts(showing, "events"))["type"])["TextMessageCreated"] == 1
    assert values((await charts(showing, "messages"))["from_user_name"]) == {"Asha": 1}
    jobs = await charts(showing, "jobs")
    assert (jobs["in-all"].data, values(jobs["is_completed"])) == ([{"count": 1}], {"true": 1})
    polls = await charts(showing, "polls")
    assert (polls["responses-in-all"].data, values(polls["choice"])) == ([{"count": 1}], {"Yes": 1})
    assert values((await charts(showing, "members"))["is_member"]) == {"true": 1}


async def test_what_a_table_does_not_tell_cannot_be_filtered_by(showing: Showing, tables: Tables) -> None:
    fields = (
        Field("at", "at", Shape.INSTANT, AT),
        Field("status", "status", Shape.TEXT, "failure"),
        Field("title", "title", Shape.TEXT, "Sales"),
    )
    place, key = Place("report_runs", "report_runs", "Runs."), (Field("event_id", "event_id", Shape.TEXT, "e1"),)
    tables.write([row_of(place=place, key=key, fields=fields, version=1)])

    shown = await charts(showing, "report_runs")

    assert (values(shown["status"]), values(shown["title"])) == ({"failure": 1}, {"Sales": 1})
    for look in ({"group": "g1"}, {"responder": OTHER}):
        with pytest.raises(Invalid, match="does not tell that"):
            await charts(showing, "report_runs", **look)


async def test_what_no_dashboard_shows_is_not_found(showing: Showing) -> None:
    for name in ("nothing", "tidings_table", f"{TABLE}_options", "answers"):
        with pytest.raises(NotFound, match="no such dashboard"):
            await charts(showing, name)


@pytest.fixture
async def pen() -> AsyncIterator[Drawing]:
    found = Drawing(Clock())
    async with found.running():
        yield found


async def test_every_chart_of_every_dashboard_can_be_drawn(showing: Showing, tables: Tables, pen: Drawing) -> None:
    tables.write(told("TextMessageCreated", {"text": "Hello"}, event="m1"))
    for name in await showing.boards():
        for chart in (await charts(showing, name)).values():
            svg = await pen.draw(drawable(chart.spec, chart.data), Picture.SVG)

            assert svg.startswith(b"<svg"), chart.name
    one = await showing.chart(TABLE, "outlet", look=Look())
    assert one.title == "Outlet"


async def test_many_values_are_told_together(showing: Showing, tables: Tables) -> None:
    for number in range(30):
        tables.write(response(f"x{number}", [f"Outlet {number:02}"]))

    shown = await charts(showing)

    assert len(shown["outlet"].data) == 21
    assert shown["outlet"].data[-1] == {"value": "(others)", "count": 12}


async def test_a_long_time_is_told_by_days_and_a_longer_one_by_weeks(showing: Showing, tables: Tables) -> None:
    tables.write(response("later", ["Harbour"], at=AT + 30 * DAY))
    days = (await charts(showing))["over-time"]
    tables.write(response("much later", ["Harbour"], at=AT + 500 * DAY))
    weeks = (await charts(showing))["over-time"]

    assert {row["until"] - row["at"] for row in days.data} == {DAY}
    assert {row["until"] - row["at"] for row in weeks.data} == {7 * DAY}
    # 2024-01-15 was a Monday.
    assert (weeks.data[0]["at"], weeks.data[0]["count"]) == (AT, 3)
