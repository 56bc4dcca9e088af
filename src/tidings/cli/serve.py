"""`tidings serve` and `tidings worker`: an installation at work until it is told to stop."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import fields, replace
from typing import Any

import rich_click as click
import uvloop

from tidings.app.serve import Served, served
from tidings.app.settings import Settings, load, unknown, variable
from tidings.cli.installation import COMMAND_LINE
from tidings.console.entrance import FIRST
from tidings.core.alongside import alongside
from tidings.core.clock import Clock
from tidings.core.descriptors import DESCRIPTORS, raise_limit
from tidings.core.errors import Invalid, Unavailable
from tidings.core.secret import Secret
from tidings.web.listener import listening

log = logging.getLogger(__name__)

_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
# Seconds. Whatever makes a worker end at once must not keep the machine busy.
_START_AGAIN_AFTER_S = 2.0
_LOOK_AFTER_S = 0.2
# For which a port that is to be shared may still be another's: that of processes whose server was killed just now.
_PORT_WITHIN_S = 5.0
_DELIVERING = frozenset({"deliver"})
# Seconds for which a thread may keep Python to itself while another waits for it. With the usual 0.005 the thread that
# writes to SQLite waits so long between any two statements; with this the whole way carries 15 to 30 % more (measured).
_SWITCH_AFTER_S = 0.0005
# Objects, before Python looks for cycles. Events leave none behind, and the usual 700 cost 3 % (measured).
_COLLECT_AFTER = 20_000


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each setting that is no secret; a command line can be read by everybody on the machine."""
    for one in reversed(fields(Settings)):
        if one.type is not Secret:
            option = click.option(
                f"--{one.name.replace('_', '-')}",
                one.name,
                metavar=variable(one.name),
                help=f"{one.metadata['meaning']} [default: {one.metadata['default'] or 'none'}]",
            )
            command = option(command)
    return command


@click.command()
@with_settings
@click.option("--as-sibling", type=int, default=0, hidden=True)
def serve(*, as_sibling: int, **given: str | None) -> None:
    """Serve the API, catch, and deliver; everything that this machine has to do, until Ctrl-C or SIGTERM.

    Each option is a setting and may be given by its variable or in tidings.toml too. TIDINGS_DATABASE and the other
    settings that hold secrets are read from there only.
    """
    environ = os.environ | {variable(name): text for name, text in given.items() if text is not None}
    _run(_serve(load(environ), environ, as_sibling=as_sibling))


@click.command()
@with_settings
def worker(**given: str | None) -> None:
    """Deliver only, beside servers on the same PostgreSQL database, until Ctrl-C or SIGTERM."""
    environ = os.environ | {variable(name): text for name, text in given.items() if text is not None}
    settings = replace(load(environ), roles=_DELIVERING, workers=1)
    _run(_serve(settings, environ))


def _run(serving: Coroutine[Any, Any, None]) -> None:
    raise_limit()
    sys.setswitchinterval(_SWITCH_AFTER_S)
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
    uvloop.run(serving)


async def _serve(settings: Settings, environ: Mapping[str, str], *, as_sibling: int = 0) -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=_LOG_FORMAT)
    for name in unknown(environ):
        log.warning("setting.unknown name=%s", name)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    is_open = not settings.roles <= _DELIVERING
    if as_sibling:
        await loop.connect_read_pipe(lambda: _Input(stop), sys.stdin)
    elif settings.siblings and is_open:
        await _port_is_free(settings, Clock())
    others = 0 if as_sibling else settings.siblings
    async with (
        served(settings, process=as_sibling) as serving,
        _siblings(others, environ={**environ, variable("port"): str(serving.parts.settings.port)}),
        alongside(DESCRIPTORS.watch(Clock())),
    ):
        click.echo(f"Tidings listens on {serving.url}" if is_open else "Tidings delivers")
        if "api" in settings.roles and not as_sibling:
            await invite(serving)
        await stop.wait()


async def invite(serving: Served) -> None:
    """Tell whoever started us how to become the owner, as long as there is none."""
    try:
        token = await serving.parts.entrance.first_link(actor=COMMAND_LINE)
    except Unavailable as error:
        # The store went away just now. That ends nobody who serves; the next start tells.
        log.warning("first_link.not_made error=%r", error.message)
        return
    if token:
        click.echo(f"Nobody owns this installation yet. Become its owner within a day: {serving.url}{FIRST}{token}")


class _Input(asyncio.Protocol):
    """Sets the event when the input ends."""

    def __init__(self, ended: asyncio.Event) -> None:
        self._ended = ended

    def eof_received(self) -> None:
        self._ended.set()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._ended.set()


async def _port_is_free(settings: Settings, clock: Clock) -> None:
    """Raises Invalid if another server has it, with which we would share it unknowingly."""
    patience_ends = clock.monotonic() + _PORT_WITHIN_S
    while True:
        try:
            listening(settings.host, settings.port).close()
        except Invalid:
            if clock.monotonic() > patience_ends:
                raise
            await clock.sleep(_LOOK_AFTER_S)
        else:
            return


@contextlib.asynccontextmanager
async def _siblings(count: int, *, environ: Mapping[str, str]) -> AsyncIterator[None]:
    """So many more processes that do what we do, started again if they end; they end with us, however we do."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_keep_serving(number, environ)) for number in range(1, 1 + count)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _keep_serving(number: int, environ: Mapping[str, str]) -> None:
    clock = Clock()
    while True:
        process = await asyncio.to_thread(_begun_sibling, number, environ)
        try:
            while process.poll() is None:
                await clock.sleep(_LOOK_AFTER_S)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            await asyncio.to_thread(process.wait)
        log.error("sibling.ended process=%s status=%s", number, process.returncode)
        await clock.sleep(_START_AGAIN_AFTER_S)


def _begun_sibling(number: int, environ: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    # In a thread, as every process of ours begins: see `inbox.child`.
    return subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-m", "tidings", "serve", "--as-sibling", str(number)],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is ours: we end it, in order
    )
