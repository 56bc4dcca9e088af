"""Carrying: what is published until it has all arrived, or nothing more does; the same whichever server is between."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tidings.bench.load import Publish, Published
from tidings.bench.process import Process, started
from tidings.bench.receiver import Arrivals, Open, Tell
from tidings.core.clock import Clock

HOST = "127.0.0.1"
# Seconds without a new arrival after which the rest is lost. The first retry is due after ten.
_NOTHING_ARRIVES_FOR_S = 30.0
_LOOK_EVERY_S = 0.1

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where it all leads to: webhooks at a receiver, or the tables. It tells of arrivals, without the refused ones."""

    arrivals: Callable[[list[int]], Awaitable[Arrivals]]
    urls: Sequence[str] = ()
    processes: Sequence[Process] = ()


async def webhooks(stack: contextlib.AsyncExitStack, *, folder: Path, opening: Open, name: str = "receiver") -> Target:
    """A receiver with so many webhooks as an event goes to."""
    receiver = await stack.enter_async_context(started(name, *module_of("receiver"), folder=folder))
    base = (
        f"{'https' if opening.certificate else 'http'}://{opening.host}:{(await receiver.ask(opening, Arrivals)).port}"
    )
    return Target(
        arrivals=lambda refused: receiver.ask(Tell(refused=refused), Arrivals),
        urls=[f"{base}/{place}" for place in range(opening.fan_out)],
        processes=(receiver,),
    )


async def carried_through(
    order: Publish, *, load: Process, target: Target, fan_out: int, tell: Told, already: int = 0
) -> tuple[Published, Arrivals]:
    """Publish, and wait until everything has arrived or nothing more does, beside what has `already`."""
    clock = Clock()
    publishing = asyncio.create_task(load.ask(order, Published))
    arrived, since, refused = 0, clock.monotonic(), list[int]()
    while True:
        await clock.sleep(_LOOK_EVERY_S)
        if is_published := publishing.done():
            refused = publishing.result().refused
        arrivals = await target.arrivals(refused)
        expected = already + (order.events - len(refused)) * fan_out
        tell(f"{arrivals.arrived:,} of {expected:,} have arrived")
        if arrivals.arrived != arrived or not is_published:
            arrived, since = arrivals.arrived, clock.monotonic()
        if is_published and (arrived >= expected or clock.monotonic() - since > _NOTHING_ARRIVES_FOR_S):
            return publishing.result(), arrivals


def module_of(name: str) -> tuple[str, str]:
    """How a process of the bench's own is begun."""
    return "-m", f"tidings.bench.{name}"


def a_second(count: int, took_us: int) -> float:
    """So many in that time are how many a second."""
    return round(count * 1e6 / took_us, 1) if took_us > 0 else 0.0
