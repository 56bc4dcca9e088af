"""Operators see whether it lives, whether it can work, and how it fares."""

from collections.abc import AsyncIterator

import pytest

from tests.web.conversation import ask
from tidings.core.clock import Clock
from tidings.core.errors import Unavailable
from tidings.core.histogram import Histogram
from tidings.web import health
from tidings.web.door import Door
from tidings.web.health import health_pages
from tidings.web.login import Login
from tidings.web.metrics import Figure, Kind, Latency, metrics_page
from tidings.web.server import Server


class Store:
    """A part that can be well, ill or asleep."""

    def __init__(self) -> None:
        self.fault = ""

    async def check(self) -> None:
        if self.fault == "asleep":
            await Clock().sleep(3_600)
        if self.fault:
            raise Unavailable(self.fault)

    async def owed(self) -> float:
        await self.check()
        return 7.0


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def arrival() -> Histogram:
    return Histogram(bounds=(1, 10, 2_500))


@pytest.fixture
async def port(store: Store, *, arrival: Histogram, login: Login) -> AsyncIterator[int]:
    circuits = {"open": 2.0, "closed": 5.0}
    metrics = metrics_page(
        version="1.2.3",
        figures=[
            Figure(name="tidings_accepted_total", meaning="Events on disk.", read=lambda: 41.0),
            Figure(name="tidings_owed", meaning="Unfinished deliveries.", read=store.owed, kind=Kind.GAUGE),
            Figure(
                name="tidings_circuits",
                meaning='By "state".',
                read=lambda: circuits,
                kind=Kind.GAUGE,
                label="state",
            ),
        ],
        latencies=[Latency(name="tidings_arrival_seconds", meaning="Accept to arrival.", histogram=arrival)],
    )
    door = Door(routes=(), pages=[*health_pages({"store": store.check}), metrics], login=login)
    async with Server(door, clock=Clock()).listening("127.0.0.1", 0) as port:
        yield port


async def test_a_process_that_answers_lives(port: int) -> None:
    answer = await ask(port, "GET /healthz")

    assert (answer.status, answer.json) == (200, {"status": "alive"})


async def test_it_is_ready_when_every_part_is_well(port: int) -> None:
    answer = await ask(port, "GET /readyz")

    assert (answer.status, answer.json) == (200, {"status": "ready"})


async def test_it_is_not_ready_while_a_part_is_ill_and_says_which(port: int, store: Store) -> None:
    store.fault = "the disk is full"
    answer = await ask(port, "GET /readyz")

    assert answer.status == 503
    assert answer.json["message"] == "not ready: store: the disk is full"
    assert answer.headers["retry-after"] == "2"
    assert (await ask(port, "GET /healthz")).status == 200


async def test_a_part_that_does_not_answer_is_ill(port: int, *, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_ANSWER_WITHIN_S", 0.01)
    store.fault = "asleep"

    assert "no answer within" in (await ask(port, "GET /readyz")).json["message"]


async def test_figures_are_told_to_prometheus(port: int, arrival: Histogram) -> None:
    for milliseconds in (0.5, 5, 6, 9_999):
        arrival.observe(milliseconds)

    answer = await ask(port, "GET /metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = answer.body.decode().splitlines()
    assert "# HELP tidings_accepted_total Events on disk." in lines
    assert "# TYPE tidings_accepted_total counter" in lines
    assert "tidings_accepted_total 41.0" in lines
    assert "tidings_owed 7.0" in lines
    assert 'tidings_circuits{state="open"} 2.0' in lines
    assert 'tidings_build_info{version="1.2.3"} 1.0' in lines
    assert 'tidings_arrival_seconds_bucket{le="0.001"} 1.0' in lines
    assert 'tidings_arrival_seconds_bucket{le="0.01"} 3.0' in lines
    assert 'tidings_arrival_seconds_bucket{le="+Inf"} 4.0' in lines
    assert "tidings_arrival_seconds_count 4.0" in lines
    assert "tidings_arrival_seconds_sum 10.0105" in lines


async def test_a_figure_that_cannot_be_had_is_left_out_and_the_others_are_told(port: int, store: Store) -> None:
    store.fault = "the disk is full"

    lines = (await ask(port, "GET /metrics")).body.decode().splitlines()

    assert "tidings_accepted_total 41.0" in lines
    assert not any(line.startswith("tidings_owed") for line in lines)
