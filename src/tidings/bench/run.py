"""A run: server, receiver and load as processes of their own on loopback, and what they measured."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from msgspec.structs import asdict, replace

from tidings.app.compose import opened
from tidings.app.settings import Settings, load, variable
from tidings.app.throw_away import throw_away
from tidings.bench.carrying import HOST, Target, Told, a_second, carried_through, module_of, webhooks
from tidings.bench.figures import Delivered, Figures, LaidFlat, Latency
from tidings.bench.laid import counting
from tidings.bench.load import Publish
from tidings.bench.process import Process, backends, children_of, cpu_us, listeners, peak_rss_mb, started
from tidings.bench.receiver import Open
from tidings.bench.work import Of, prepare
from tidings.core.clock import Clock
from tidings.core.errors import Invalid, Unavailable
from tidings.core.report import ReportFormat
from tidings.core.vault import new_key
from tidings.store.scratch import scratch_database

# The receiver keeps a byte for each.
MOST_DELIVERIES = 50_000_000
_START_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure. `database` names engine and disk, empty for SQLite among the machine's temporary files.

    `payload` is characters of text in each; `rate` is events a second, 0 for as many as are taken; `is_tls` is for
    publishing and for callbacks; `workers` are the server's processes, itself included. `batch` is for events only,
    `fan_out` for what is delivered, `format` for reports.
    """

    of: Of = Of.EVENTS
    events: int
    concurrency: int = 64
    batch: int = 1
    fan_out: int = 1
    payload: int = 1_000
    rate: float = 0.0
    database: str = ""
    is_tls: bool = False
    workers: int = 1
    format: ReportFormat = ReportFormat.CSV


async def measure(plan: Plan, *, tell: Told) -> Delivered | LaidFlat:
    """Run it, telling each step. Raises Unavailable if a process ends early, Invalid for a plan that cannot be."""
    _check(plan)
    async with contextlib.AsyncExitStack() as stack:
        site = await site_for(plan, stack)
        opening = Open(events=plan.events, fan_out=plan.fan_out, certificate=site.chain, key=site.key)
        if plan.of is Of.CALLBACKS:
            target = await _rows(stack, site.settings)
        else:
            target = await webhooks(stack, folder=site.folder, opening=opening)
        tell("making what is needed")
        async with opened(site.settings) as parts:
            request = await prepare(plan.of, parts, payload=plan.payload, urls=target.urls)
        tell("starting the server")
        server = await site.server(stack)
        loading = await stack.enter_async_context(started("load", *module_of("load"), folder=site.folder))
        port = await port_of(server)
        await _all_listen(port, count=1 + site.settings.siblings)
        order = Publish(
            host=HOST,
            port=port,
            request=request,
            events=plan.events,
            concurrency=plan.concurrency,
            batch=plan.batch,
            rate=plan.rate,
            authority=site.chain,
        )
        run = _Run(plan=plan, database=site.database, server=server, load=loading, target=target, tell=tell)
        return await run.measured(order)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a run takes place; all of it is gone afterwards."""

    folder: Path
    database: str
    chain: str | None
    key: str | None
    environ: Mapping[str, str]
    settings: Settings

    async def server(self, stack: contextlib.AsyncExitStack) -> Process:
        """Start it."""
        starting = started("server", "-m", "tidings", "serve", folder=self.folder, environ=self.environ)
        return await stack.enter_async_context(starting)


async def site_for(plan: Plan, stack: contextlib.AsyncExitStack) -> Site:
    """A folder, an empty database and settings, until the stack is left."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidings-bench-")))
    database = await stack.enter_async_context(scratch_database(plan.database or f"sqlite:{folder}/tidings.db"))
    certificate = throw_away(folder, address="127.0.0.1", now=Clock().now()) if plan.is_tls else None
    chain, key = (str(certificate.chain), str(certificate.key)) if certificate else (None, None)
    environ = _environ(_settings(database, chain=chain, key=key) | {"workers": str(plan.workers)})
    settings = load(environ, folder=folder)
    return Site(folder=folder, database=database, chain=chain, key=key, environ=environ, settings=settings)


async def _rows(stack: contextlib.AsyncExitStack, settings: Settings) -> Target:
    laid = await stack.enter_async_context(counting(settings.tables_url))
    return Target(arrivals=laid.arrivals)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Everything is running and waits for the load."""

    plan: Plan
    database: str
    server: Process
    load: Process
    target: Target
    tell: Told

    async def measured(self, order: Publish) -> Delivered | LaidFlat:
        already = await self._begun(order) if self.plan.of is Of.CALLBACKS else 0
        before = self._used()
        published, arrivals = await carried_through(
            order, load=self.load, target=self.target, fan_out=self.plan.fan_out, tell=self.tell, already=already
        )
        accepted, arrived = self.plan.events - len(published.refused), arrivals.arrived - already
        arrived_per_s = a_second(arrived, arrivals.last_us - published.first_us)
        figures = Figures(
            engine=self.database.partition(":")[0],
            of=self.plan.of,
            events=self.plan.events,
            accepted_per_s=a_second(accepted, published.last_us - published.first_us),
            cpu_us_per_event={
                name: round((used - before.get(name, 0)) / max(1, accepted), 1) for name, used in self._used().items()
            },
            peak_rss_mb=round(sum(map(peak_rss_mb, (self.server.pid, *children_of(self.server.pid)))), 1),
            lost=max(0, accepted * self.plan.fan_out - arrived),
            refused=len(published.refused),
            why=published.why,
        )
        if self.plan.of is Of.CALLBACKS:
            return LaidFlat(**asdict(figures), rows_per_s=arrived_per_s)
        return Delivered(
            **asdict(figures),
            fan_out=self.plan.fan_out,
            delivered_per_s=arrived_per_s,
            latency_ms=Latency(p50=arrivals.p50_ms, p99=arrivals.p99_ms),
            duplicates=arrivals.duplicates,
        )

    async def _begun(self, order: Publish) -> int:
        """Have one laid before: that a process begins with the first of all is nothing that each one costs."""
        first = replace(order, events=1, concurrency=1)
        _, arrivals = await carried_through(first, load=self.load, target=self.target, fan_out=1, tell=self.tell)
        return arrivals.arrived

    def _used(self) -> dict[str, int]:
        used = {process.name: cpu_us(process.pid) for process in (self.server, self.load, *self.target.processes)}
        if self.plan.of is Of.CALLBACKS:
            used["scribe"] = sum(map(cpu_us, children_of(self.server.pid)))
        elif self.plan.workers > 1:
            used["workers"] = sum(map(cpu_us, children_of(self.server.pid)))
        if not self.database.startswith("sqlite:"):
            used["postgresql"] = sum(map(cpu_us, backends(urlsplit(self.database).path[1:])))
        return used


def _check(plan: Plan) -> None:
    if plan.events * plan.fan_out > MOST_DELIVERIES:
        raise Invalid(f"--events times --fan-out: at most {MOST_DELIVERIES:,} deliveries can be counted")
    if plan.batch > 1 and plan.of is not Of.EVENTS:
        raise Invalid(f"--batch: only events are taken several at once; leave it out for {plan.of}")
    if plan.fan_out > 1 and plan.of is Of.CALLBACKS:
        raise Invalid("--fan-out: callbacks are received, not delivered; leave it out")


async def port_of(server: Process) -> int:
    """Wait until a server is ready; where it listens."""
    try:
        async with asyncio.timeout(_START_WITHIN_S):
            said = (await server.line()).decode()
    except TimeoutError as error:
        raise Unavailable(f"the server did not start within {_START_WITHIN_S:.0f} seconds") from error
    return urlsplit(said.split()[-1]).port or 0


async def _all_listen(port: int, *, count: int) -> None:
    """Wait for the processes that share the port: connections that are made before are not dealt out among them."""
    clock = Clock()
    deadline = clock.monotonic() + _START_WITHIN_S
    while listeners(port) < count:
        if clock.monotonic() > deadline:
            raise Unavailable(f"of {count} processes not all did listen within {_START_WITHIN_S:.0f} seconds")
        await clock.sleep(0.05)


def _settings(database: str, *, chain: str | None, key: str | None) -> dict[str, str]:
    settings = {
        "database": database,
        "host": HOST,
        "port": "0",
        "secret_key": new_key(),
        "egress_allow": f"{HOST}/32",
        "egress_http": "on",
        # The receiver answers anything, so there is nothing to be asked before.
        "handshake": "never",
        # What is measured is what the machine carries, not what one program may take of it.
        "calls_per_connector": "0",
        "calls_per_tenant": "0",
    }
    if chain is not None and key is not None:
        settings |= {"tls_cert": chain, "tls_key": key, "egress_ca": chain}
    return settings


def _environ(settings: Mapping[str, str]) -> dict[str, str]:
    """Our environment, with these settings and no others."""
    rest = {name: value for name, value in os.environ.items() if not name.startswith("TIDINGS_")}
    return rest | {variable(name): value for name, value in settings.items()}
