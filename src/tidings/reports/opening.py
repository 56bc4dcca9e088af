"""Opening: the parts that make reports, put together."""

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
from tidings.reports.gates import Gates
from tidings.reports.hearing import Hearings
from tidings.reports.jobs import Jobs, Renderer
from tidings.reports.links import Links
from tidings.reports.making import Maker
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

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Schedule and run while in the context."""
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


def open_reports(ground: Ground) -> Reports:
    """Put them together; nothing runs by itself yet."""
    database, clock, hub = ground.database, ground.clock, ground.hub
    store, kept, jobs = ReportStore(database), FileStore(database), JobStore(database)
    tasks, templates = ReportTasks(database), ReportTemplates(database)
    links = Links(ground.link_key, clock=clock, public_url=ground.public_url)
    files = Files(kept, links, clock=clock)
    clerk, press = ground.open_clerk(tables_url=ground.tables_url, clerks=1), Press(clock)
    connections = Connections(database, ground.vault, clerk=clerk, clock=clock)
    maker = _maker(ground, clerk, press=press, connections=connections)
    runs_clerk = ground.open_clerk(tables_url=ground.tables_url, clerks=RUNS_AT_ONCE)
    runs_press = Press(clock, processes=RUNS_AT_ONCE)
    runs_maker = _maker(ground, runs_clerk, press=runs_press, connections=connections)
    gates = Gates(database, subscriptions=ground.subscriptions, directory=hub.directory)

    def wake() -> None:
        running.wake()

    runner = Runner(
        store=store,
        tasks=tasks,
        templates=templates,
        files=files,
        gates=gates,
        maker=runs_maker,
        telling=Telling(hub.publisher, links=links, clock=clock),
        clock=clock,
        on_spread=wake,
    )
    renderer = Renderer(jobs, reports=store, kept=kept, files=files, templates=templates, maker=maker, clock=clock)
    running = Running(
        store=store,
        jobs=jobs,
        runner=runner,
        renderer=renderer,
        tenure=hub.tenure,
        is_beating=hub.courier is None,
        clock=clock,
    )
    runs = Runs(store, tasks=tasks, runner=runner, clock=clock, on_queued=wake)
    return Reports(
        templates=Templates(database, clock),
        tasks=Tasks(database, clock),
        cycles=Cycles(database, clock),
        tags=Tags(database, clock),
        triggers=Triggers(database, clock),
        roles=Roles(database, clock),
        connections=connections,
        runs=runs,
        history=History(store, kept),
        jobs=Jobs(jobs, reports=store, files=kept, templates=templates, maker=maker, clock=clock, on_asked=wake),
        files=files,
        gates=gates,
        hearings=_hearings(ground, runs),
        scheduling=Scheduling(store, tasks=tasks, clock=clock, on_queued=wake),
        running=running,
        retention=Retention(store, files=kept, jobs=jobs, clock=clock, retention_ms=ground.retention_ms),
        store=store,
        maker=maker,
        runs_maker=runs_maker,
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
