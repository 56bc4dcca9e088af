"""Minutes or an hour of load with faults, and whether anything was lost or grew: `make soak`.

A server is loaded with half of what it takes. Its endpoints refuse, are late, have storms in which nothing is taken,
and one is never there. In the first third it is killed several times, and PostgreSQL once; from then on one process
lives, so that its memory can be judged. Its clock is moved on by days, so that old things are forgotten all the time.
"""

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import click
import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from tidings.bench.process import Process, started
from tidings.core.alongside import alongside
from tidings.core.clock import Clock
from tidings.core.errors import TidingsError, Unavailable
from tidings.store.database import Database
from tidings.store.history import History
from tidings.store.open import open_database
from tidings.store.sizes import Sizes
from tools.soak_backlog import Beside, measured_with_backlog
from tools.soak_load import Publish, Published
from tools.soak_receiver import Open, Opened, Weather
from tools.soak_site import Site, environ_of_ours, site
from tools.soak_tally import Tally, lost
from tools.soak_watch import Finding, Sample, verdict, weighed
from tools.soak_work import HEARING

MB = 1 << 20
# Seconds to find out how much a server takes, and seconds after which what has not arrived is lost.
_TRIES_S = 10.0
_NOTHING_ARRIVES_FOR_S = 60.0
# Seconds, less in short runs: between two kills in the first third, of a day, from storm to storm, and of a storm.
_KILL_EVERY_S = 60.0
_DAY_S = 20.0
_STORM_EVERY_S, _STORM_S = 60.0, 5.0
_CLOCK = Clock()
_CONSOLE = Console(stderr=True)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a soak came to."""

    engine: str
    seconds: float
    rate: float
    acknowledged: int
    refused: int
    why: str
    kills: int
    days: int
    lost: dict[str, int]
    repeated: dict[str, int]
    verdict: list[Finding]
    samples: list[Sample]

    @property
    def is_good(self) -> bool:
        return all(finding.is_good for finding in self.verdict)

    @property
    def table(self) -> Table:
        """The verdict for a reader."""
        title = (
            f"{self.engine}: {self.acknowledged:,} events at {self.rate:,.0f} a second, {self.kills} kills, "
            f"{self.days} days, {self.refused:,} refused, {sum(self.repeated.values()):,} repeated"
        )
        table = Table("what", "second third → last third", "", title=title, title_justify="left", caption=self.why)
        for finding in self.verdict:
            table.add_row(finding.what, finding.said, "good" if finding.is_good else "BAD")
        return table


class Soak:
    """One run on one engine."""

    def __init__(self, place: Site, *, folder: Path, seconds: float, load: Process, receiver: Process) -> None:
        self._site = place
        self._seconds = seconds
        self._load = load
        self._receiver = receiver
        self._acknowledged = Tally(folder / "acknowledged")
        self._arrived = {hook.name: Tally(folder / hook.name) for hook in HEARING}
        self._tally = str(folder / "acknowledged")
        self._began = 0.0
        self._kills = self._days = self._owed = 0
        self._samples: list[Sample] = []
        self._database: Database | None = None

    async def run(self, *, engine: str, rate: float) -> Report:
        tried = Published(next=0, refused=0, why="")
        if not rate:
            tried = await self._published(first=0, seconds=_TRIES_S, rate=0)
            rate = (await self._drained()) / 2
        self._began = _CLOCK.monotonic()
        async with self._watching(), alongside(self._sample(), self._age(), self._blow()):
            publishing = self._published(first=tried.next, seconds=self._seconds, rate=rate)
            went, _ = await asyncio.gather(publishing, self._hurt())
        await self._receiver.ask(Weather(is_storm=False, is_fine=True), Opened)
        await self._drained()
        gone = self._lost()
        return Report(
            engine=engine,
            seconds=self._seconds,
            rate=round(rate, 1),
            acknowledged=self._acknowledged.marked,
            refused=went.refused,
            why=went.why,
            kills=self._kills,
            days=self._days,
            lost=gone,
            repeated={name: tally.again for name, tally in self._arrived.items()},
            verdict=verdict(self._samples, lost=gone),
            samples=self._samples,
        )

    def _lost(self) -> dict[str, int]:
        """What was acknowledged and has not arrived, by webhook."""
        return {
            hook.name: lost(self._acknowledged, self._arrived[hook.name], first=hook.first, step=hook.step)
            for hook in HEARING
        }

    async def _published(self, *, first: int, seconds: float, rate: float) -> Published:
        order = Publish(
            port=self._site.port, token=self._site.token, tally=self._tally, first=first, seconds=seconds, rate=rate
        )
        return await self._load.ask(order, Published)

    async def _drained(self) -> float:
        """Wait until everything has arrived or nothing more does; how many a second it were until then."""
        began, since, arrived = _CLOCK.monotonic(), _CLOCK.monotonic(), -1
        steady = self._arrived["steady"]
        while _CLOCK.monotonic() - since < _NOTHING_ARRIVES_FOR_S:
            if not any(self._lost().values()):
                break
            if (now := sum(tally.marked for tally in self._arrived.values())) != arrived:
                arrived, since = now, _CLOCK.monotonic()
            await _CLOCK.sleep(1)
        return steady.marked / (_TRIES_S + _CLOCK.monotonic() - began)

    @contextlib.asynccontextmanager
    async def _watching(self) -> AsyncIterator[None]:
        self._database = await open_database(self._site.database, clock=_CLOCK)
        try:
            yield
        finally:
            await self._database.close()

    async def _sample(self) -> None:
        table = _Minutes()
        while True:
            with contextlib.suppress(Unavailable):  # it was killed just now
                self._samples.append(await self._sampled())
                table.tell(self._samples)
            await _CLOCK.sleep(1)

    async def _sampled(self) -> Sample:
        assert self._database is not None  # noqa: S101 - we are watching
        sizes = Sizes(self._database)
        if len(self._samples) % 10 == 0:  # counting a backlog takes its time
            standing = await History(self._database).standing()
            self._owed = standing.pending + standing.retrying + standing.held
        groups = {name: weighed(pids) for name, pids in self._site.pids.items()}
        whole = await sizes.whole()
        return Sample(
            second=round(_CLOCK.monotonic() - self._began, 1),
            acknowledged=self._acknowledged.marked,
            arrived=sum(tally.marked for tally in self._arrived.values()),
            owed=self._owed,
            memory={name: round(figures[0], 1) for name, figures in groups.items()},
            resident=round(groups["server"][1], 1),
            descriptors=groups["server"][2],
            threads=groups["server"][3],
            database=round(whole.bytes / MB, 1),
            log=round(self._site.log_bytes / MB, 1),
            tables={table.name: round(table.bytes / MB, 1) for table in await sizes.tables(most=6)},
        )

    async def _age(self) -> None:
        """Move the clock on by a day, again and again."""
        while True:
            await _CLOCK.sleep(min(_DAY_S, self._seconds / 10))
            self._days += 1
            await self._site.move_clock(days=self._days)

    async def _blow(self) -> None:
        every = min(_STORM_EVERY_S, self._seconds / 5)
        while True:
            await _CLOCK.sleep(every * (1 - _STORM_S / _STORM_EVERY_S))
            await self._receiver.ask(Weather(is_storm=True), Opened)
            await _CLOCK.sleep(every * _STORM_S / _STORM_EVERY_S)
            await self._receiver.ask(Weather(is_storm=False), Opened)

    async def _hurt(self) -> None:
        third = self._seconds / 3
        kills = max(1, round(third / _KILL_EVERY_S))
        while self._kills < kills:
            await _CLOCK.sleep(self._began + third * (self._kills + 0.5) / kills - _CLOCK.monotonic())
            await self._site.kill()
            self._kills += 1
        await self._site.restart_database()


class _Minutes:
    """One line a minute."""

    def __init__(self) -> None:
        self._minute = 0
        self._former: Sample | None = None

    def tell(self, samples: Sequence[Sample]) -> None:
        now = samples[-1]
        if now.second < self._minute * 60:
            return
        self._minute += 1
        former, self._former = self._former or now, now
        took = max(1.0, now.second - former.second)
        memory = " + ".join(f"{name} {size:.0f}" for name, size in now.memory.items())
        tables = " ".join(f"{name} {size:.0f}" for name, size in now.tables.items())
        _CONSOLE.print(
            f"{now.second:5.0f} s  in {(now.acknowledged - former.acknowledged) / took:,.0f}/s"
            f"  out {(now.arrived - former.arrived) / took:,.0f}/s  owed {now.owed:,}  memory {memory} MB"
            f"  descriptors {now.descriptors}  threads {now.threads}"
            f"  database {now.database:.0f}  log {now.log:.0f} MB  {tables}",
            highlight=False,
            soft_wrap=True,
        )


async def soak(engine: str, *, minutes: float, rate: float) -> Report:
    """Run one."""
    environ = environ_of_ours()
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidings-soak-")))
        load, receiver = [
            await stack.enter_async_context(started(name, "-m", f"tools.soak_{name}", folder=folder, environ=environ))
            for name in ("load", "receiver")
        ]
        port = (await receiver.ask(Open(folder=str(folder)), Opened)).port
        place = await stack.enter_async_context(site(engine, receiver_port=port))
        running = Soak(place, folder=folder, seconds=minutes * 60, load=load, receiver=receiver)
        return await running.run(engine=engine, rate=rate)


@click.command(help=__doc__)
@click.argument("engines", nargs=-1, type=click.Choice(["sqlite", "postgresql"]))
@click.option("--minutes", default=10.0, show_default=True, type=click.FloatRange(min=0.1))
@click.option("--rate", default=0.0, type=click.FloatRange(min=0), help="Events a second; else half of what it takes.")
@click.option("--backlog", default=0, help="Instead: so many deliveries owed, and what events cost beside them.")
@click.option("--json", "as_json", is_flag=True, help="Print what was seen as JSON.")
def main(engines: Sequence[str], *, minutes: float, rate: float, backlog: int, as_json: bool) -> None:
    """Run what was asked for; exit code 1 if anything was lost or grew."""
    is_good = True
    for engine in engines or ("sqlite", "postgresql"):
        try:
            report: Report | Beside
            if backlog:
                report = uvloop.run(measured_with_backlog(engine, owed=backlog))
            else:
                report = uvloop.run(soak(engine, minutes=minutes, rate=rate))
        except TidingsError as error:
            raise click.ClickException(error.message) from error
        is_good &= report.is_good
        if as_json:
            click.echo(msgspec.json.encode(report))
        else:
            Console().print(report.table)
    sys.exit(not is_good)


if __name__ == "__main__":
    main()
