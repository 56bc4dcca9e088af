"""Reports of tasks that are all due at once: when each priority had its turn, and what deliveries beside them took."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from msgspec.structs import replace

from tidings.app.compose import opened
from tidings.app.parts import Parts
from tidings.bench.carrying import HOST, Target, Told, a_second, module_of, webhooks
from tidings.bench.figures import Latency, Reported
from tidings.bench.load import Publish, Published
from tidings.bench.process import Process, backends, children_of, cpu_us, peak_rss_mb, started
from tidings.bench.receiver import Arrivals, Open
from tidings.bench.run import Plan, Site, port_of, site_for
from tidings.bench.work import prepare
from tidings.core.clock import SECOND, Clock
from tidings.core.errors import Invalid, Unavailable
from tidings.core.report import Content, Report, ReportAuthor, ReportQuery, ReportRole, ReportState, TaskDraft
from tidings.store.open import open_database
from tidings.store.reports import MOST_COUNTED, ReportStore, Wish

MOST_TASKS = MOST_COUNTED
_BESIDE_PER_S = 100.0
# Seconds that events are published for, to see what they take by themselves: a hundredth of the tasks, within limits.
_SHORTEST_S, _LONGEST_S = 1.0, 10.0
# Seconds of events that are ordered at once, while the reports are made; and for how long there is room.
_SLICE_S, _ROOM_S = 2.0, 3_600.0
# How long it takes to make the tasks: they are due afterwards.
_LEAD_MS, _LEAD_PER_TASK_MS = 2 * SECOND, 10
_NOTHING_HAPPENS_FOR_S = 60.0
_ARRIVES_WITHIN_S = 30.0
_CONNECTIONS = 8
_PRIORITIES = 11
_PAGE = 500
_US = ReportAuthor(id="bench", role=ReportRole.ADMINISTRATOR, name="bench")
# A hundred rows: what is measured is the way of a report, and not how fast a database is.
_ROWS = """
    WITH RECURSIVE one(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < 100)
    SELECT n, n * 7 % 11 AS amount FROM one
"""
_HTML = """
    <h1>{{ title }}</h1>
    <table>{% for row in data.sales %}<tr><td>{{ row.n }}</td><td>{{ row.amount }}</td></tr>{% endfor %}</table>
"""


async def measure_reports(plan: Plan, *, tell: Told) -> Reported:
    """Run it, telling each step. Raises Unavailable if a process ends early, Invalid for a plan that cannot be."""
    if plan.events > MOST_TASKS:
        raise Invalid(f"--events: at most {MOST_TASKS:,} tasks can be due at once; name a number")
    if plan.batch > 1 or plan.fan_out > 1:
        raise Invalid("--batch and --fan-out: events beside reports are published one at a time; leave them out")
    async with contextlib.AsyncExitStack() as stack:
        site, clock, rate = await site_for(plan, stack), Clock(), plan.rate or _BESIDE_PER_S
        quiet_s = min(_LONGEST_S, max(_SHORTEST_S, plan.events / 100))
        before = await _receiver(stack, site, name="before", events=round(rate * quiet_s))
        beside = await _receiver(stack, site, name="beside", events=round(rate * _ROOM_S))
        tell("making what is needed")
        async with opened(site.settings) as parts:
            requests = [await prepare(plan.of, parts, payload=plan.payload, urls=one.urls) for one in (before, beside)]
            template = await _template(parts)
        tell("starting the server")
        server = await site.server(stack)
        load = await stack.enter_async_context(started("load", *module_of("load"), folder=site.folder))
        order = Publish(
            host=HOST,
            port=await port_of(server),
            request=requests[0],
            events=round(rate * quiet_s),
            concurrency=_CONNECTIONS,
            batch=1,
            rate=rate,
            authority=site.chain,
        )
        run = _Run(plan=plan, site=site, server=server, load=load, beside=beside, clock=clock, tell=tell)
        tell("publishing events alone")
        alone = await run.published(order, to=before)
        due = await run.tasks(template)
        return await run.measured(replace(order, request=requests[1]), due=due, template=template, alone=alone)


async def _receiver(stack: contextlib.AsyncExitStack, site: Site, *, name: str, events: int) -> Target:
    opening = Open(events=events, fan_out=1, certificate=site.chain, key=site.key)
    return await webhooks(stack, folder=site.folder, opening=opening, name=name)


async def _template(parts: Parts) -> str:
    content = Content(html=_HTML, queries=(ReportQuery(name="sales", sql=_ROWS),))
    return (await parts.reports.templates.create("Sales", content, author=_US)).id


@dataclass(slots=True, kw_only=True)
class _Sent:
    """Events that were published."""

    events: int = 0
    refused: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Everything is running and waits for the load."""

    plan: Plan
    site: Site
    server: Process
    load: Process
    beside: Target
    clock: Clock
    tell: Told

    async def tasks(self, template: str) -> int:
        """Make the tasks; when they are due. Raises Unavailable if that took too long."""
        self.tell("making the tasks")
        count = self.plan.events
        due = self.clock.now() + _LEAD_MS + count * _LEAD_PER_TASK_MS
        draft = TaskDraft(title="Sales", template=template, frequency="Once", start_on=due, formats=(self.plan.format,))
        async with opened(self.site.settings) as parts:
            drafts = (replace(draft, priority=number % _PRIORITIES) for number in range(count))
            await asyncio.gather(*(parts.reports.tasks.create(one, author=_US) for one in drafts))
        if self.clock.now() >= due:
            raise Unavailable("it took too long to make the tasks on this machine; measure with fewer")
        return due

    async def measured(self, order: Publish, *, due: int, template: str, alone: Arrivals) -> Reported:
        await self.clock.sleep((due - self.clock.now()) / SECOND)
        used, sent = self._used(), _Sent()
        async with self._store() as store:
            await self._beside(order, store, template=template, sent=sent)
            reports = await _all(store, template)
        arrived = await self._arrived(sent.events - sent.refused)
        began = _began(reports, due=due)
        made = [one.completed_at for one in reports if one.state is ReportState.SUCCESS and one.completed_at]
        return Reported(
            engine=self.site.database.partition(":")[0],
            of=self.plan.of,
            format=self.plan.format,
            events=self.plan.events,
            accepted_per_s=a_second(len(reports), round(max(began.values(), default=0) * 1e6)),
            cpu_us_per_event={
                name: round((now - used.get(name, 0)) / self.plan.events, 1) for name, now in self._used().items()
            },
            peak_rss_mb=round(sum(map(peak_rss_mb, (self.server.pid, *children_of(self.server.pid)))), 1),
            lost=self.plan.events - len(made) + max(0, sent.events - sent.refused - arrived.arrived),
            refused=sent.refused,
            why=sent.why,
            began_s=began,
            made_s=round((max(made, default=due) - due) / SECOND, 2),
            beside_per_s=order.rate,
            before_ms=Latency(p50=alone.p50_ms, p99=alone.p99_ms),
            beside_ms=Latency(p50=arrived.p50_ms, p99=arrived.p99_ms),
        )

    async def published(self, order: Publish, *, to: Target) -> Arrivals:
        """Publish, and wait until everything has arrived or nothing more does."""
        done = await self.load.ask(order, Published)
        if done.refused:
            raise Unavailable(f"the server refused events while nothing else was to be done: {done.why}")
        return await self._arrived(order.events, at=to)

    async def _beside(self, order: Publish, store: ReportStore, *, template: str, sent: _Sent) -> None:
        """Publish until all reports are made, or no more are."""
        count, ended, since = round(order.rate * _SLICE_S) or 1, 0, self.clock.monotonic()
        while sent.events + count <= order.rate * _ROOM_S:
            done = await self.load.ask(replace(order, events=count, first=sent.events), Published)
            sent.events += count
            sent.refused += len(done.refused)
            sent.why = sent.why or done.why
            standing = await store.standing()
            total = (await store.list(Wish(template=template), skip=0, most=1))[1]
            self.tell(f"{total - sum(standing.values()):,} of {self.plan.events:,} are made")
            if total - sum(standing.values()) != ended:
                ended, since = total - sum(standing.values()), self.clock.monotonic()
            if ended >= self.plan.events or self.clock.monotonic() - since > _NOTHING_HAPPENS_FOR_S:
                return

    async def _arrived(self, expected: int, *, at: Target | None = None) -> Arrivals:
        until = self.clock.monotonic() + _ARRIVES_WITHIN_S
        while True:
            arrivals = await (at or self.beside).arrivals([])
            if arrivals.arrived >= expected or self.clock.monotonic() > until:
                return arrivals
            await self.clock.sleep(0.1)

    @contextlib.asynccontextmanager
    async def _store(self) -> AsyncIterator[ReportStore]:
        database = await open_database(self.site.database, clock=self.clock)
        try:
            yield ReportStore(database)
        finally:
            await database.close()

    def _used(self) -> dict[str, int]:
        used = {process.name: cpu_us(process.pid) for process in (self.server, self.load)}
        used["clerks"] = sum(map(cpu_us, children_of(self.server.pid)))
        if not self.site.database.startswith("sqlite:"):
            used["postgresql"] = sum(map(cpu_us, backends(urlsplit(self.site.database).path[1:])))
        return used


async def _all(store: ReportStore, template: str) -> Sequence[Report]:
    found: list[Report] = []
    while page := (await store.list(Wish(template=template), skip=len(found), most=_PAGE))[0]:
        found += page
    return found


def _began(reports: Sequence[Report], *, due: int) -> dict[str, float]:
    """When the last report of each priority began."""
    last: dict[int, int] = {}
    for one in reports:
        if one.began_at is not None:
            last[one.priority] = max(last.get(one.priority, 0), one.began_at)
    return {str(priority): round((last[priority] - due) / SECOND, 2) for priority in sorted(last, reverse=True)}
