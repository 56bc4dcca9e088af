"""The demo's stage over a real server and real receivers, without its pauses."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tidings.app.serve import served
from tidings.app.settings import load
from tidings.app.throw_away import throw_away
from tidings.core.clock import Clock
from tidings.demo.ledger import Ledger
from tidings.demo.receiver import Callback, Receivers, gist
from tidings.demo.screen import Screen, Tally
from tidings.demo.stage import Stage, set_up
from tidings.demo.story import Story
from tidings.web.server import Server

CLOCK = Clock()


class House:
    """A stage that is set, with receivers that are all well, and a story that has not begun."""

    def __init__(self, stage: Stage, *, called: list[Callback]) -> None:
        self.stage = stage
        self.receivers = stage.receivers
        self.ledger = Ledger(stage)
        self._called = called
        self._shown = StringIO()
        self.screen = Screen(Console(file=self._shown), clock=CLOCK)
        self.story = Story(stage, screen=self.screen, clock=CLOCK)

    @property
    def shown(self) -> str:
        return self._shown.getvalue()

    def heard(self, receiver: str) -> Counter[str]:
        """How many events of which type a receiver was told of."""
        return Counter(gist(one.body)[0] for one in self._called if one.receiver == receiver and one.is_accepted)

    async def post(self) -> None:
        await self.stage.parts.workspace.messages.post(self.stage.admin, self.stage.group, text="Lunch is here")

    async def becomes(self, condition: Callable[[Tally], bool]) -> Tally:
        """The tally, once that is true of it."""
        async with asyncio.timeout(60):
            while not condition(tally := await self.ledger.tally()):
                await CLOCK.sleep(0.01)  # deliveries are real, and take real time
        return tally


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    called: list[Callback] = []
    receivers = Receivers(clock=CLOCK, on_callback=called.append)
    certificate = throw_away(tmp_path, address="127.0.0.1", now=CLOCK.now())
    settings = load(
        {},
        folder=tmp_path,
        database=f"sqlite:{tmp_path / 'tidings.db'}",
        port="0",
        egress_allow="127.0.0.1/32",
        egress_ca=str(certificate.chain),
        retry_schedule="100ms,100ms,100ms,100ms,1s,1s",
    )
    async with (
        Server(receivers.application, clock=CLOCK, certificate=certificate).listening("127.0.0.1", 0) as port,
        served(settings) as serving,
    ):
        stage = await set_up(serving.parts, receivers, receivers_url=f"https://127.0.0.1:{port}/")
        receivers.manners.clear()
        yield House(stage, called=called)
