"""Running: takes runs and renders from the queue, a few at a time, and finds those whose process died."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Mapping
from typing import Any

from tidings.core.clock import Clock
from tidings.core.errors import TidingsError, Unavailable
from tidings.core.report import ReportState
from tidings.outbox.tenure import BEAT_EVERY_S, Tenure
from tidings.reports.jobs import Renderer
from tidings.reports.run import Runner
from tidings.store.report_files import JobStore
from tidings.store.reports import ReportStore, Run, giving_back

log = logging.getLogger(__name__)

# Each has a clerk and a press of its own, which take a core each (two cores).
RUNS_AT_ONCE = 2
# Somebody waits for a render, so it does not stand behind the runs.
RENDERS_AT_ONCE = 1
LOOK_EVERY_S = 1.0
_TRY_AGAIN_AFTER_S = 2.0
_MOST_FOUND = 100


class Running:
    """Makes what waits. Whatever it takes is its own by the number of `tenure`, and free again when that is dead.

    `is_beating`: nobody else keeps the tenure, for this process does not deliver.
    """

    def __init__(
        self,
        *,
        store: ReportStore,
        jobs: JobStore,
        runner: Runner,
        renderer: Renderer,
        tenure: Tenure,
        is_beating: bool,
        clock: Clock,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._runner = runner
        self._renderer = renderer
        self._tenure = tenure
        self._is_beating = is_beating
        self._clock = clock
        self._owner = 0
        self._runs: dict[str, tuple[Run, asyncio.Task[None]]] = {}
        self._renders: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Event()

    @property
    def in_flight(self) -> int:
        """Runs and renders under way."""
        return len(self._runs) + len(self._renders)

    @property
    def ended(self) -> Mapping[str, int]:
        """How many runs came to an end here, by state."""
        return self._runner.ended

    def wake(self) -> None:
        """Something waits, or was cancelled."""
        self._news.set()

    async def run(self) -> None:
        """Make what waits, until cancelled: then what is under way is given back."""
        if not self._is_beating:
            await self._run()
            return
        # Enrols; and if the store does not answer now, the next beat does.
        await self._tenure.beat()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._beat_forever())
                await self._run()
        finally:
            with contextlib.suppress(Unavailable):  # then the beat runs out, to the same effect
                await self._tenure.end()

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        while tasks := [*(task for _, task in self._runs.values()), *self._renders.values()]:
            await asyncio.wait(tasks)

    async def step(self) -> None:
        """Take what may be taken, after a look at what became of the rest. Raises Unavailable."""
        if not self._tenure.is_fresh:
            return
        await self._own()
        await self._look()
        now = self._clock.now()
        while len(self._runs) < RUNS_AT_ONCE and await self._store.is_due(now=now):
            run = await self._store.take(owner=self._owner, now=now)
            if run is None:
                break
            self._runs[run.id] = run, self._begun(self._runner.make(run), run.id)
        while len(self._renders) < RENDERS_AT_ONCE and await self._jobs.is_due():
            order = await self._jobs.take(owner=self._owner)
            if order is None:
                break
            self._renders[order.id] = self._begun(self._renderer.make(order), order.id)

    async def _run(self) -> None:
        try:
            while True:
                try:
                    await self.step()
                    await self._clock.wait(self._news, LOOK_EVERY_S)
                    self._news.clear()
                except TidingsError as error:
                    log.warning("reports.not_run error=%r", error.message)
                    await self._clock.sleep(_TRY_AGAIN_AFTER_S)
                except Exception:  # a worker's loop: a mistake of ours must not end all reports
                    log.exception("reports.running_failed")
                    await self._clock.sleep(_TRY_AGAIN_AFTER_S)
        finally:
            await self._stop()

    async def _own(self) -> None:
        """Our number is another one now, because a commit's fate was unknown: what is under way goes along."""
        owner = self._tenure.number
        if owner != self._owner:
            if self._owner and self.in_flight:
                await self._store.move(before=self._owner, owner=owner)
            self._owner = owner

    async def _look(self) -> None:
        """Take up what the dead left, and break off what is ours no more."""
        for run in await self._store.lost(most=_MOST_FOUND):
            await self._runner.lose(run)
        await self._jobs.find()
        ours = await self._store.running(owner=self._owner)
        for identifier in ours - self._runs.keys():
            run = await self._store.run(identifier)
            if run.state is ReportState.RUNNING and identifier not in self._runs:
                # What came of it could not be written down, or a commit's fate was unknown when it was taken.
                await self._runner.lose(run)
        for job in await self._jobs.under_way(owner=self._owner) - self._renders.keys():
            await self._jobs.give_back(job)
        for identifier in self._runs.keys() - ours:
            _, task = self._runs[identifier]
            log.info("report.broken_off report=%s", identifier)
            task.cancel()

    def _begun(self, making: Coroutine[Any, Any, None], identifier: str) -> asyncio.Task[None]:
        async def make() -> None:
            try:
                await making
            except Unavailable as error:
                log.warning("report.not_written_down id=%s error=%r", identifier, error.message)
            finally:
                self._runs.pop(identifier, None)
                self._renders.pop(identifier, None)
                self._news.set()

        return asyncio.get_running_loop().create_task(make())

    async def _stop(self) -> None:
        """Give back what is under way: it is made elsewhere, or after the start."""
        runs, renders = list(self._runs.values()), dict(self._renders)
        tasks = [*(task for _, task in runs), *renders.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for run, _ in runs:
            await self._give_back(self._store.write(giving_back(run)))
        for job in renders:
            await self._give_back(self._jobs.give_back(job))

    async def _give_back(self, giving: Coroutine[Any, Any, None]) -> None:
        try:
            await giving
        except TidingsError as error:
            # It came to its end after all; or the owner dies without having let go, to the same effect.
            log.debug("report.not_given_back error=%r", error.message)

    async def _beat_forever(self) -> None:
        while True:
            await self._clock.sleep(BEAT_EVERY_S)
            await self._tenure.beat()
