"""The demo: a real server, receivers that behave like real ones, and a story that makes them work."""

import asyncio
import contextlib
import logging
import signal
import socket
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import uvloop
from rich.console import Console

from tidings.app.serve import served
from tidings.app.settings import Settings, load
from tidings.app.throw_away import throw_away
from tidings.core.clock import SECOND, Clock
from tidings.demo.ledger import Ledger
from tidings.demo.receiver import Callback, Receivers
from tidings.demo.screen import Screen
from tidings.demo.stage import set_up
from tidings.demo.story import TURN_S, Story
from tidings.demo.welcome import welcome
from tidings.web.server import Server

_HOST = "127.0.0.1"
_PORT = 8080
# Short, so that recovery is seen; an installation waits 10 s before its first retry.
_SCHEDULE = "1s,1s,2s,4s,8s,15s"
# Seconds. A circuit that opened twice waits two seconds for its probe; what still waits after five is told as waiting.
_FINISH_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.1
_INTERRUPTED = 130  # what shells say of a program that Ctrl-C ended


def play(*, duration_ms: int | None = None) -> int:
    """Run the demo for so long, or until Ctrl-C; a second one breaks it off. The exit status: 0 if nothing was lost."""
    with tempfile.TemporaryDirectory(prefix="tidings-demo-") as folder:
        # On the screen the log would break into the story.
        logging.basicConfig(filename=Path(folder) / "tidings.log", level=logging.INFO)
        try:
            return uvloop.run(_play(Path(folder), duration_ms=duration_ms))
        except KeyboardInterrupt:
            return _INTERRUPTED


async def _play(folder: Path, *, duration_ms: int | None) -> int:
    clock = Clock()
    screen = Screen(Console(highlight=False), clock=clock)

    def show(callback: Callback) -> None:
        tell = screen.told if callback.receiver == "pager" else screen.called
        tell(callback)

    receivers = Receivers(clock=clock, on_callback=show)
    certificate = throw_away(folder, address=_HOST, now=clock.now())
    async with (
        Server(receivers.application, clock=clock, certificate=certificate).listening(_HOST, 0) as port,
        served(_settings(folder, authority=certificate.chain), clock=clock) as running,
    ):
        stage = await set_up(running.parts, receivers, receivers_url=f"https://{_HOST}:{port}/")
        welcome(screen, stage)
        story = Story(stage, screen=screen, clock=clock)
        with _stopping() as stop:
            await _tell(story, clock=clock, stop=stop, duration_ms=duration_ms)
        await story.end()
        ledger = Ledger(stage)
        until = clock.monotonic() + _FINISH_WITHIN_S
        while (tally := await ledger.tally()).waiting and clock.monotonic() < until:
            await clock.sleep(_LOOK_EVERY_S)
        rows = await ledger.rows()
    screen.farewell(tally, rows=rows)
    return 1 if tally.lost else 0


def _settings(folder: Path, *, authority: Path) -> Settings:
    # Nothing of the environment: a demo must not touch an installation that is set up in the same shell.
    return load(
        {},
        folder=folder,
        database=f"sqlite:{folder / 'tidings.db'}",
        port=str(_PORT if _is_free(_PORT) else 0),
        egress_allow=f"{_HOST}/32",
        egress_ca=str(authority),
        retry_schedule=_SCHEDULE,
    )


def _is_free(port: int) -> bool:
    try:
        socket.create_server((_HOST, port)).close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _stopping() -> Iterator[asyncio.Event]:
    """An event that Ctrl-C sets, once; after that Ctrl-C does what it usually does."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def on_signal() -> None:
        stop.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    try:
        yield stop
    finally:
        on_signal()


async def _tell(story: Story, *, clock: Clock, stop: asyncio.Event, duration_ms: int | None) -> None:
    began = clock.monotonic()
    for turn in count():
        await story.turn(turn)
        if await clock.wait(stop, TURN_S):
            return
        if duration_ms is not None and clock.monotonic() - began >= duration_ms / SECOND:
            return
