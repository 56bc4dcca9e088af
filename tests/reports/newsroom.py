"""A newsroom: reports on a real store, with clerks that read in this process, so that no test waits for theirs."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tidings.app.parts import Parts
from tidings.core.clock import Clock
from tidings.core.errors import Invalid, TidingsError, Unavailable
from tidings.core.event import ANY, Subject
from tidings.core.report import (
    Content,
    Report,
    ReportAuthor,
    ReportFormat,
    ReportQuery,
    ReportRole,
    ReportTask,
    TaskDraft,
    Template,
)
from tidings.core.secret import Secret
from tidings.core.subscription import Subscription
from tidings.outbox.terms import Terms
from tidings.reports.clerk import Desk
from tidings.reports.links import link_key
from tidings.reports.opening import Ground, Reports, open_reports
from tidings.reports.orders import Order, Told
from tidings.reports.reading import Clerk
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import Answer, Endpoint

REAL = Clock()
CHIEF = ReportAuthor(id="p-chief", role=ReportRole.ADMINISTRATOR, name="Ada")
AUTHOR = ReportAuthor(id="p-author", role=ReportRole.AUTHOR, name="Eve")
VIEWER = ReportAuthor(id="p-viewer", role=ReportRole.VIEWER, name="Bob")
NUMBERS = "SELECT 1 AS n, 'North' AS region UNION SELECT 2, 'South'"


class NearClerk(Clerk):
    """Reads in a thread. `failures` are raised first; `is_held` keeps it reading."""

    def __init__(self, *, tables_url: Secret, clerks: int = 1) -> None:
        super().__init__(tables_url=tables_url, clerks=clerks)
        self._desk = Desk(tables_url.reveal(), clock=REAL)
        self.failures: list[TidingsError] = []
        self.orders: list[Order] = []
        self.hold: asyncio.Event | None = None

    async def _ask(self, order: Order, *, within_s: float) -> Told:
        del within_s  # nobody waits for what is near
        self.orders.append(order)
        if self.hold is not None:
            await self.hold.wait()
        if self.failures:
            raise self.failures.pop(0)
        told = await asyncio.to_thread(self._desk.answer, order)
        if told.invalid:
            raise Invalid(told.invalid)
        if told.unavailable:
            raise Unavailable(told.unavailable)
        return told

    async def close(self) -> None:
        await asyncio.to_thread(self._desk.close)


class Newsroom:
    """An installation whose reports move when they are told to; only deliveries go by themselves."""

    def __init__(self, parts: Parts, clock: ManualClock, endpoint: Endpoint, *, answers: list[Answer]) -> None:
        self.parts = parts
        self.clock = clock
        self.endpoint = endpoint
        self.answers = answers  # what its endpoint says, whoever calls
        self.clerks: list[NearClerk] = []
        self.reports: Reports

    async def open(self) -> None:
        """Put the reports together; again is a restart."""
        parts = self.parts
        self.reports = open_reports(
            Ground(
                database=parts.database,
                vault=parts.vault,
                clock=self.clock,
                hub=parts.hub,
                subscriptions=parts.subscriptions,
                drawing=parts.drawing,
                showing=parts.showing,
                send=parts.client.send,
                tables_url=Secret(parts.settings.tables_url),
                public_url="https://reports.example.com/",
                link_key=await link_key(parts.database, parts.vault),
                retention_ms=parts.settings.report_retention,
                open_clerk=self._clerk,
            )
        )

    def _clerk(self, *, tables_url: Secret, clerks: int) -> NearClerk:
        self.clerks.append(NearClerk(tables_url=tables_url, clerks=clerks))
        return self.clerks[-1]

    @property
    def clerk(self) -> NearClerk:
        """The one that reads for runs."""
        return self.clerks[-1]

    async def template(self, sql: str = NUMBERS, **content: object) -> Template:
        queries = (ReportQuery(name="numbers", sql=sql),)
        made = Content(html="<h1>{{ title }}</h1>", queries=queries, **content)  # type: ignore[arg-type]  # the test names real fields
        return await self.reports.templates.create("Numbers", made, author=CHIEF)

    async def task(self, *, template: str = "", author: ReportAuthor = CHIEF, **said: object) -> ReportTask:
        """A task that writes CSV and never runs by itself, unless its draft says so; name what the test is about."""
        blank: dict[str, object] = {"title": "Sales", "frequency": "Once", "formats": (ReportFormat.CSV,)}
        blank |= {"template": template or (await self.template()).id, "start_on": self.clock.now() + 10**9}
        draft = TaskDraft(**(blank | said))  # type: ignore[arg-type]  # the test names real fields
        return await self.reports.tasks.create(draft, author=author)

    async def run(self, task: ReportTask, *, is_dry: bool = False) -> Report:
        """Run a task now, and wait for what comes of the first attempt."""
        report = await self.reports.runs.start(task.id, author=CHIEF, is_dry=is_dry)
        await self.work()
        return await self.reports.history.get(report.id)

    async def work(self) -> None:
        """Queue what is due, and make what waits, until nothing may be taken."""
        while await self.reports.scheduling.step():
            continue
        running = self.reports.running
        while await self.is_waiting():
            await running.step()
            await running.settled()

    async def is_waiting(self) -> bool:
        store, now = self.reports.store, self.clock.now()
        return await store.is_due(now=now) or bool(await self.parts.database.read(str, "report_job_next"))

    async def later(self, ms: int) -> None:
        """Move the clock, and on until the beat has caught up with it."""
        await self.clock.jump(ms)
        await self.reaches(lambda: self.parts.hub.tenure.is_fresh)

    async def reports_of(self, task: ReportTask) -> Sequence[Report]:
        """The newest first."""
        return (await self.reports.history.list(task=task.id, most=500))[0]

    async def text(self, report: Report, format_: ReportFormat = ReportFormat.CSV) -> str:
        """What stands in a file of a report."""
        [file] = [one for one in await self.reports.history.files(report) if one.format is format_]
        return b"".join([piece async for piece in self.reports.files.chunks(file.id)]).decode()

    async def subscribe(self, *types: str, kind: str = "ReportTask", subject: str = ANY) -> Subscription:
        """A webhook of the endpoint, which gets the bare data."""
        terms = Terms(types=types or ("*",), url=self.endpoint.url, format="raw")
        made, _ = await self.parts.subscribing.create(Subject(kind, subject), terms, connector="shop", owner="")
        return made

    async def told(self, count: int) -> list[dict[str, Any]]:
        """So many callbacks that arrived, in their order, when nothing is under way any more."""
        courier = self.parts.hub.courier
        assert courier is not None
        await self.reaches(lambda: len(self.endpoint.requests) >= count and not courier.in_flight)
        return [msgspec.json.decode(request.body) for request in self.endpoint.requests]

    async def reaches(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await REAL.sleep(0.003)  # disk and network are real, and take real time
