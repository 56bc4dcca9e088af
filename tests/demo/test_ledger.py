"""Whether the demo would notice that something waits or is lost."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tidings.app.serve import served
from tidings.app.settings import load
from tidings.core.clock import Clock
from tidings.demo.certificate import throw_away
from tidings.demo.ledger import Ledger
from tidings.demo.receiver import BROKEN, Receivers
from tidings.demo.screen import Tally
from tidings.demo.stage import Stage, set_up
from tidings.web.server import Server

CLOCK = Clock()


class House:
    """A stage that is set, with receivers that are all well."""

    def __init__(self, stage: Stage, receivers: Receivers) -> None:
        self.receivers = receivers
        self.ledger = Ledger(stage, receivers)
        self._stage = stage

    async def post(self) -> None:
        await self._stage.parts.messages.post(self._stage.admin, self._stage.group, text="Lunch is here")

    async def becomes(self, condition: Callable[[Tally], bool]) -> Tally:
        """The tally, once that is true of it."""
        return await _until(self.ledger.tally, condition)


async def _until(count: Callable[[], Awaitable[Tally]], condition: Callable[[Tally], bool]) -> Tally:
    for _ in range(500):
        tally = await count()
        if condition(tally):
            return tally
        await CLOCK.sleep(0.01)
    raise AssertionError("what was waited for did not happen")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    receivers = Receivers(clock=CLOCK, on_callback=lambda _: None)
    certificate = throw_away(tmp_path, address="127.0.0.1", now=CLOCK.now())
    settings = load(
        {},
        folder=tmp_path,
        database=f"sqlite:{tmp_path / 'tidings.db'}",
        port="0",
        egress_allow="127.0.0.1/32",
        egress_ca=str(certificate.chain),
    )
    async with (
        Server(receivers.application, clock=CLOCK, certificate=certificate).listening("127.0.0.1", 0) as port,
        served(settings) as serving,
    ):
        stage = await set_up(serving.parts, receivers, receivers_url=f"https://127.0.0.1:{port}/")
        receivers.manners.clear()
        yield House(stage, receivers)


async def test_when_everything_arrived_nothing_waits_and_nothing_is_lost(house: House) -> None:
    await house.post()

    tally = await house.becomes(lambda tally: tally.delivered == 3 and not tally.waiting)

    assert tally == Tally(accepted=1, delivered=3, retried=0, waiting=0, lost=0)


async def test_what_a_receiver_refuses_is_waiting(house: House) -> None:
    house.receivers.manners["crm"] = BROKEN
    await house.post()

    tally = await house.becomes(lambda tally: (tally.delivered, tally.waiting) == (2, 1))

    assert tally.lost == 0


async def test_what_the_store_calls_delivered_but_no_receiver_saw_is_lost(house: House) -> None:
    await house.post()
    await house.becomes(lambda tally: tally.delivered == 3)
    house.receivers.accepted.clear()

    tally = await house.becomes(lambda tally: tally.lost == 3)

    assert tally.waiting == 0
