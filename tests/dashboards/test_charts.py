"""Charts: every spec is drawn by the program that draws them for users."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.children import children_of
from tidings.core.clock import DAY, Clock
from tidings.core.errors import Invalid, Unavailable
from tidings.dashboards import charts, drawing
from tidings.dashboards.charts import Row, Spec, binned, drawable
from tidings.dashboards.drawing import Drawing, Picture
from tidings.testing.clock import ManualClock

AT = 1_705_276_800_000
REAL = Clock()
TITLE = 'What was <ordered> & "paid"\n🍚'
SPOTS: list[Row] = [
    {"latitude": 18.5, "longitude": 73.8, "count": 4},
    {"latitude": 18.6, "longitude": 73.9, "count": 1},
]
TIMES: list[Row] = [{"at": AT + n * DAY, "until": AT + (n + 1) * DAY, "count": n} for n in range(5)]
TEXTS: list[Row] = [{"number": 1, "at": AT, "text": "<script>alert(1)</script> = नमस्ते"}]
BARS: list[Row] = [{"value": 'a"b', "count": 2}, {"value": "", "count": 1}]
SPECS: list[tuple[Spec, list[Row]]] = [
    (charts.figure(TITLE), [{"count": 1_234_567}]),
    (charts.bars(TITLE, rows=2), BARS),
    (charts.timeline(TITLE, unit="day"), TIMES),
    (charts.histogram(TITLE), binned({1.0: 2, 2.5: 3, 1e9: 1})),
    (charts.places(TITLE, SPOTS), SPOTS),
    (charts.places(TITLE, []), []),
    (charts.texts(TITLE, rows=1), TEXTS),
    (charts.bars(TITLE, rows=0), []),
    (charts.histogram(TITLE), []),
    (charts.timeline(TITLE, unit="hour"), []),
]


@pytest.fixture
async def pen() -> AsyncIterator[Drawing]:
    found = Drawing(Clock())
    async with found.running():
        yield found


async def test_every_chart_is_drawn_with_and_without_data_and_nothing_in_it_is_markup(pen: Drawing) -> None:
    for spec, data in SPECS:
        svg = (await pen.draw(drawable(spec, data), Picture.SVG)).decode()
        png = await pen.draw(drawable(spec, data), Picture.PNG)

        assert svg.startswith("<svg")
        assert "What was &lt;ordered&gt; &amp;" in svg
        assert "<script" not in svg
        assert png.startswith(b"\x89PNG")


async def test_what_is_no_spec_is_refused_and_the_next_is_drawn(pen: Drawing) -> None:
    with pytest.raises(Invalid, match="cannot be drawn"):
        await pen.draw({"mark": "barr"}, Picture.SVG)

    assert await pen.draw(drawable(*SPECS[0]), Picture.SVG)


async def test_a_spec_cannot_make_us_call_anybody(pen: Drawing) -> None:
    spec: dict[str, Any] = {**charts.figure("x"), "data": {"url": "http://127.0.0.1:9/secret.json"}}

    with pytest.raises(Invalid, match="not allowed"):
        await pen.draw(spec, Picture.SVG)


async def test_a_process_that_died_is_replaced(pen: Drawing) -> None:
    assert await pen.draw(drawable(*SPECS[0]), Picture.SVG)
    [number] = children_of(os.getpid(), running="tidings.dashboards.pen")
    os.kill(number, signal.SIGKILL)
    await asyncio.to_thread(os.waitid, os.P_PID, number, os.WEXITED | os.WNOWAIT)

    assert await pen.draw(drawable(*SPECS[0]), Picture.SVG)


async def test_whoever_takes_too_long_is_broken_off_and_the_next_is_drawn(
    pen: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "_PATIENCE_S", 0.01)
    with pytest.raises(Unavailable, match="in time"):
        await pen.draw(drawable(*SPECS[0]), Picture.PNG)
    monkeypatch.undo()

    assert await pen.draw(drawable(*SPECS[0]), Picture.PNG)


async def test_too_many_at_once_are_told_to_come_again(pen: Drawing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "_MOST_WAITING", 2)

    answers = await asyncio.gather(
        *(pen.draw(drawable(*SPECS[0]), Picture.SVG) for _ in range(4)), return_exceptions=True
    )

    assert [type(one) for one in answers] == [bytes, bytes, Unavailable, Unavailable]


async def test_an_idle_process_is_let_go() -> None:
    clock = ManualClock()
    pen = Drawing(clock)
    async with pen.running():
        await pen.draw(drawable(*SPECS[0]), Picture.SVG)
        assert children_of(os.getpid(), running="tidings.dashboards.pen")

        async with asyncio.timeout(60):
            while children_of(os.getpid(), running="tidings.dashboards.pen"):
                await clock.advance(700_000)
                await REAL.sleep(0.01)


@pytest.mark.parametrize(
    ("buckets", "bins"),
    [
        ({}, []),
        ({7.0: 3}, [{"least": 7.0, "below": 8.0, "count": 3}]),
        ({0.0: 1, 20.0: 1}, [{"least": 0.0, "below": 1.0, "count": 1}, {"least": 20.0, "below": 21.0, "count": 1}]),
        ({-0.1: 1, 0.1: 2}, [{"least": -0.1, "below": -0.09, "count": 1}, {"least": 0.1, "below": 0.11, "count": 2}]),
    ],
)
def test_numbers_stand_in_bins_with_round_ends(buckets: dict[float, int], bins: list[Row]) -> None:
    found = binned(buckets)

    # A width that is no power of two has rounded ends.
    assert [row["count"] for row in found] == [row["count"] for row in bins]
    for row, expected in zip(found, bins, strict=True):
        assert row["least"] == pytest.approx(expected["least"], abs=0.011)


def test_bins_are_few_whatever_the_numbers() -> None:
    for numbers in ([0.001 * n for n in range(5_000)], [-1e300, 1e300], [1e-300, 2e-300], [-5.0, 5.0]):
        found = binned(dict.fromkeys(numbers, 1))

        assert len(found) <= 22
        assert sum(row["count"] for row in found) == len(set(numbers))
