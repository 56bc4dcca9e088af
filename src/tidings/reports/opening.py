"""Opening: the parts that make reports, put together."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from tidings.core.alongside import alongside
from tidings.core.clock import Clock
from tidings.core.secret import Secret
from tidings.core.vault import Vault
from tidings.dashboards.drawing import Drawing
from tidings.dashboards.showing import Showing
from tidings.egress.answer import Answer
from tidings.egress.request import Request
from tidings.outbox.hub import Hub
from tidings.reports.connections import Connections
from tidings.reports.cycles import Cycles
from tidings.reports.files import Files
from tidings.reports.folder import remove_abandoned
from tidings.reports.gates import Gates
from tidings.reports.hearing import Hearings
from tidings.reports.jobs import Jobs, Renderer
from tidings.reports.links import Links
from tidings.reports.making import Maker
from tidings.reports.offering import offer_samples
from tidings.reports.printing import Press
from tidings.reports.queue import History, Runs
from tidings.reports.reading import Clerk
from tidings.reports.retention import Retention
from tidings.reports.roles import Roles
from tidings.reports.run import Runner
from tidings.reports.running import RUNS_AT_ONCE, Running
from tidings.reports.scheduling import Scheduling
from tidings.reports.tags import Tags
from tidings.reports.tasks import Tasks
from tidings.reports.telling import Telling
from tidings.reports.templates import Templates
from tidings.reports.triggers import Triggers
from tidings.store.database import Database
from tidings.store.kept_for import Forgotten, KeptFor
from tidings.store.report_files import FileStore, JobStore
from tidings.store.report_tasks import ReportTasks
from tidings.store.report_templates import ReportTemplates
from tidings.store.reports import ReportStore
from tidings.store.subscriptions import Subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """All that is done with reports. `runs_maker` is for what runs by itself, `maker` for whom somebody waits."""

    templates: Templates
    tasks: Tasks
    cycles: Cycles
    tags: Tags
    triggers: Triggers
    roles: Roles
    connections: Connections
    runs: Runs
    history: History
    jobs: Jobs
    files: Files
    gates: Gates
    hearings: Hearings
    scheduling: Scheduling
    running: Running
    retention: Retention
    store: ReportStore
    maker: Maker
    runs_maker: Maker
    database: Database
    clock: Clock

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Schedule and run while in the context."""
        await asyncio.to_thread(remove_abandoned)
        await offer_samples(self.database, at=self.clock.now())
        async with (
            self.runs_maker.running(),
            alongside(self.scheduling.run(), self.running.run(), self.hearings.run(), self.retention.run()),
        ):
            yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What reports stand on. `public_url` ends in a slash; `link_key` is what `links.link_key` gives."""

    database: Database
    vault: Vault
    clock: Clock
    hub: Hub
    subscriptions: Subscriptions
    drawing: Drawing
    showing: Showing
    send: Callable[[Request], Awaitable[Answer]]
    tables_url: Secret
    public_url: str
    link_key: Secret
    retention_ms: int
    open_clerk: Callable[..., Clerk] = Clerk


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelves:
    """Where everything is kept, and who makes it."""

    store: ReportStore
    kept: FileStore
    jobs: JobStore
    tasks: ReportTasks
    templates: ReportTemplates
    links: Links
    files: Files
    gates: Gates
    connections: Connections
    maker: Maker
    runs_maker: Maker


def open_reports(ground: Ground) -> Reports:
    """Put them together; nothing runs by itself yet."""
    database, clock, shelves = ground.database, ground.clock, _shelves(ground)

    def wake() -> None:
        running.wake()

    runner = _runner(ground, shelves, on_spread=wake)
    running = _running(ground, shelves, runner=runner)
    runs = Runs(shelves.store, tasks=shelves.tasks, runner=runner, clock=clock, on_queued=wake)
    return Reports(
        templates=Templates(database, clock),
        tasks=Tasks(database, clock),
        cycles=Cycles(database, clock),
        tags=Tags(database, clock),
        triggers=Triggers(database, clock),
        roles=Roles(database, clock),
        connections=shelves.connections,
        runs=runs,
        history=History(shelves.store, shelves.kept),
        jobs=_jobs(ground, shelves, on_asked=wake),
        files=shelves.files,
        gates=shelves.gates,
        hearings=_hearings(ground, runs),
        scheduling=Scheduling(shelves.store, tasks=shelves.tasks, clock=clock, on_queued=wake),
        running=running,
        retention=Retention(
            shelves.store,
            files=shelves.kept,
            jobs=shelves.jobs,
            clock=clock,
            kept=KeptFor(database, Forgotten.REPORTS, most_ms=ground.retention_ms),
        ),
        store=shelves.store,
        maker=shelves.maker,
        runs_maker=shelves.runs_maker,
        database=database,
        clock=clock,
    )


def _shelves(ground: Ground) -> _Shelves:
    database, clock, kept = ground.database, ground.clock, FileStore(ground.database)
    links = Links(ground.link_key, clock=clock, public_url=ground.public_url)
    clerk = ground.open_clerk(tables_url=ground.tables_url, clerks=1)
    connections = Connections(database, ground.vault, clerk=clerk, clock=clock)
    runs_clerk = ground.open_clerk(tables_url=ground.tables_url, clerks=RUNS_AT_ONCE)
    runs_press = Press(clock, processes=RUNS_AT_ONCE)
    return _Shelves(
        store=ReportStore(database),
        kept=kept,
        jobs=JobStore(database),
        tasks=ReportTasks(database),
        templates=ReportTemplates(database),
        links=links,
        files=Files(kept, links, clock=clock),
        gates=Gates(database, subscriptions=ground.subscriptions, directory=ground.hub.directory),
        connections=connections,
        maker=_maker(ground, clerk, press=Press(clock), connections=connections),
        runs_maker=_maker(ground, runs_clerk, press=runs_press, connections=connections),
    )


def _runner(ground: Ground, shelves: _Shelves, *, on_spread: Callable[[], None]) -> Runner:
    return Runner(
        store=shelves.store,
        tasks=shelves.tasks,
        templates=shelves.templates,
        files=shelves.files,
        gates=shelves.gates,
        maker=shelves.runs_maker,
        telling=Telling(ground.hub.publisher, links=shelves.links, clock=ground.clock),
        clock=ground.clock,
        on_spread=on_spread,
    )


def _running(ground: Ground, shelves: _Shelves, *, runner: Runner) -> Running:
    renderer = Renderer(
        shelves.jobs,
        reports=shelves.store,
        kept=shelves.kept,
        files=shelves.files,
        templates=shelves.templates,
        maker=shelves.maker,
        clock=ground.clock,
    )
    return Running(
        store=shelves.store,
        jobs=shelves.jobs,
        runner=runner,
        renderer=renderer,
        tenure=ground.hub.tenure,
        is_beating=ground.hub.courier is None,
        clock=ground.clock,
    )


def _jobs(ground: Ground, shelves: _Shelves, *, on_asked: Callable[[], None]) -> Jobs:
    return Jobs(
        shelves.jobs,
        reports=shelves.store,
        files=shelves.kept,
        templates=shelves.templates,
        maker=shelves.maker,
        clock=ground.clock,
        on_asked=on_asked,
    )


def _maker(ground: Ground, clerk: Clerk, *, press: Press, connections: Connections) -> Maker:
    return Maker(
        clerk=clerk,
        press=press,
        connections=connections,
        drawing=ground.drawing,
        showing=ground.showing,
        clock=ground.clock,
    )


def _hearings(ground: Ground, runs: Runs) -> Hearings:
    courier = ground.hub.courier
    return Hearings(
        ground.database,
        subscriptions=ground.subscriptions,
        directory=ground.hub.directory,
        runs=runs,
        clock=ground.clock,
        carriers={} if courier is None else courier.carriers,
        send=ground.send,
    )
