"""Tries several machines on one PostgreSQL and prints what was seen: `make machines`.

As root, with iproute2, each machine is a network namespace; else, or with --loopback, an address of loopback.
"""

import argparse
import asyncio
import contextlib
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import uvloop

from tests.children import children_of
from tests.reliability.ground import DATABASE, Ground, ground
from tests.reliability.machines import LOSSES, PATIENCE_S, Machine, Machines, machines
from tests.reliability.namespaces import can_be_made
from tests.reliability.trial import WEBHOOKS, Trial, trial, until
from tests.reliability.upgrade import sources, upgrade
from tidings.bench.process import backends, cpu_us
from tidings.core.clock import Clock

_PREFIX = "tidings-machines-"
_LOADED = 200  # events that each machine keeps before anything happens
_AFTERWARDS = 50
_COUNTS = (1, 2, 4)
# Events in each measurement of throughput, of all machines together.
_EVENTS = 3_000
# What an order or a pace costs is the same on one machine.
_PLAIN: Mapping[str, dict[str, Any]] = {"plain": {}}
_CLOCK = Clock()


@contextlib.asynccontextmanager
async def installation(
    *, count: int, servers: int = 1, is_loopback: bool, webhooks: Mapping[str, dict[str, Any]] = WEBHOOKS
) -> AsyncIterator[tuple[Ground, Machines]]:
    """Machines that run."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
        async with (
            ground(Path(folder), count=count, servers=servers, is_loopback=is_loopback) as place,
            machines(Path(folder), place.network, database=place.database, webhooks=webhooks) as those,
        ):
            yield place, those


async def losses(*, is_loopback: bool) -> None:
    """One of two machines is lost, in each way."""
    _say("a machine is", "taken over after", "back after", *_FINDINGS)
    for name, (goes, comes_back) in LOSSES.items():
        async with installation(count=2, is_loopback=is_loopback) as (_, those):
            lost, well = those.all
            async with those.publishing():
                await those.each_keeps(_LOADED)
                with those.trial.accident():
                    since = _CLOCK.monotonic()
                    await goes(lost)
                    await until(lambda: well.reclaimed, within=PATIENCE_S)  # noqa: B023 - awaited here
                    taken_over = _since(since)
                    since = _CLOCK.monotonic()
                    await comes_back(lost)
                    await lost.keeps(1)
                    back = _since(since)
                    await lost.keeps(_AFTERWARDS)
            _say(name, taken_over, back, *await _findings(those.trial))


async def database(*, is_loopback: bool) -> None:
    """PostgreSQL restarts, and fails over, under two machines."""
    _say("PostgreSQL", "takes writes again after", "all keep again after", *_FINDINGS)

    async def restart(place: Ground) -> None:
        await place.members[0].stop_at_once()
        await place.members[0].start()

    happenings = {
        "is stopped without a checkpoint and started": restart,
        "disappears, its replica is promoted": Ground.fail_over,
    }
    for name, happens in happenings.items():
        async with installation(count=2, servers=2, is_loopback=is_loopback) as (place, those):
            async with those.publishing():
                await those.each_keeps(_LOADED)
                with those.trial.accident():
                    since = _CLOCK.monotonic()
                    await happens(place)
                    happened = _since(since)
                    await those.each_keeps(1)
                    kept = _since(since)
                    await those.each_keeps(_AFTERWARDS)
            _say(name, happened, kept, *await _findings(those.trial))


async def throughput(*, is_loopback: bool) -> None:
    """What an event costs on one machine, on two, on four; and who delivers."""
    _say(
        "machines",
        "microseconds of the machines an event",
        "of PostgreSQL",
        "shares of deliveries, published to all",
        "to one",
        *_FINDINGS,
    )
    for count in _COUNTS:
        async with installation(count=count, is_loopback=is_loopback, webhooks=_PLAIN) as (_, those):
            began = _used(those.all)
            async with those.publishing():
                await _kept(those, _EVENTS)
            await _all_arrived(those)
            shares = await _delivered(those)
            ours, theirs = (after - before for before, after in zip(began, _used(those.all), strict=True))
            events = len(those.trial.ledger.acknowledged)
            async with those.all[0].publisher.publishing("one"):
                await _kept(those, _EVENTS // 2)
            await _all_arrived(those)
            alone = [after - before for before, after in zip(shares, await _delivered(those), strict=True)]
            findings = await _findings(those.trial)
        _say(count, ours // events, theirs // events, _percent(shares), _percent(alone), *findings)


async def upgraded(commit: str, *, is_loopback: bool) -> None:
    """An older version, and the present one beside it."""
    _say("beside", "kept by the older", "by the present one", *_FINDINGS)
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=_PREFIX)))
        place = await stack.enter_async_context(ground(folder, count=2, servers=1, is_loopback=is_loopback))
        empty = trial(folder, place.database, host=place.network.outside, is_prepared=False)
        one = await stack.enter_async_context(empty)
        old = await asyncio.to_thread(sources, commit, folder)
        was, now = await upgrade(one, place.network, old=old)
        _say(commit, was.publisher.kept, now.publisher.kept, *await _findings(one))


async def _kept(those: Machines, more: int) -> None:
    ledger = those.trial.ledger
    enough = len(ledger.acknowledged) + more
    await until(lambda: len(ledger.acknowledged) >= enough, within=4 * PATIENCE_S)


async def _all_arrived(those: Machines) -> None:
    await until(lambda: not those.trial.ledger.missing, within=PATIENCE_S)


async def _delivered(those: Machines) -> list[int]:
    return [await machine.delivered() for machine in those.all]


def _used(those: Sequence[Machine]) -> tuple[int, int]:
    """Processor time of the machines and of PostgreSQL, in microseconds."""
    pids = [machine.program.process.pid for machine in those]
    return sum(cpu_us(one) for pid in pids for one in (pid, *children_of(pid))), sum(map(cpu_us, backends(DATABASE)))


_FINDINGS = ("events", "callbacks", "lost", "unexplained", "out of order", "corrupt", "repeated")


async def _findings(one: Trial) -> list[str]:
    findings = await one.findings()
    ledger = one.ledger
    counts = (ledger.acknowledged, ledger.arrivals, findings.lost, findings.unexplained)
    return [*(str(len(one)) for one in (*counts, findings.out_of_order, findings.corrupt)), str(findings.repeated)]


def _since(instant: float) -> str:
    return f"{_CLOCK.monotonic() - instant:.1f} s"


def _percent(shares: Sequence[int]) -> str:
    return ", ".join(f"{100 * share / sum(shares):.0f} %" for share in shares)


def _say(*cells: object) -> None:
    print("|", " | ".join(map(str, cells)), "|", flush=True)  # noqa: T201 - a table to be read


def main() -> None:
    ways = {"losses": losses, "database": database, "throughput": throughput}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what", nargs="*", metavar="|".join([*ways, "upgrade"]), help="all but the upgrade if none is named"
    )
    parser.add_argument("--from", dest="commit", default="HEAD", help="the older version of the upgrade: a commit")
    parser.add_argument("--loopback", action="store_true", help="no namespaces, although they could be made")
    given = parser.parse_args()
    unknown = set(given.what) - {*ways, "upgrade"}
    if unknown:
        parser.error(f"{', '.join(unknown)}: write some of {', '.join([*ways, 'upgrade'])}")
    is_loopback = given.loopback or not can_be_made()
    _say("each machine is", "an address of loopback" if is_loopback else "a network namespace")
    # As Ctrl-C does: nothing is left behind.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    for what in given.what or ways:
        if what == "upgrade":
            uvloop.run(upgraded(given.commit, is_loopback=is_loopback))
        else:
            uvloop.run(ways[what](is_loopback=is_loopback))


if __name__ == "__main__":
    main()
