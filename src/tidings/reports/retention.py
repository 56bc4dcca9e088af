"""Retention: reports that are old are forgotten with their files, a few at a time; and so are renders."""

import logging

from tidings.core.clock import DAY, HOUR, Clock
from tidings.core.errors import TidingsError
from tidings.store.kept_for import KeptFor
from tidings.store.report_files import FileStore, JobStore
from tidings.store.reports import ReportStore

log = logging.getLogger(__name__)

_ROUND_EVERY_S = 60.0
_AT_ONCE = 50
# What was begun and is not whole after that never will be.
_UNFINISHED_MS = HOUR
# A render is fetched when it is there; the report can be rendered again.
_RENDERS_MS = 7 * DAY


class Retention:
    """Forgets what is too old. Several processes may do so at once."""

    def __init__(self, reports: ReportStore, *, files: FileStore, jobs: JobStore, clock: Clock, kept: KeptFor) -> None:
        self._reports = reports
        self._files = files
        self._jobs = jobs
        self._clock = clock
        self._kept = kept

    async def run(self) -> None:
        """Forget, every minute, until cancelled."""
        while True:
            try:
                await self.round()
            except TidingsError as error:
                log.warning("reports.not_forgotten error=%r", error.message)
            await self._clock.sleep(_ROUND_EVERY_S)

    async def round(self) -> None:
        """Forget what is old now. Raises Unavailable; the rest waits for the next round."""
        now = self._clock.now()
        while old := await self._reports.old(before=now - await self._kept.ms(), most=_AT_ONCE):
            for report in old:
                await self._files.drop_of(report)
                await self._reports.drop(report)
        while old := await self._jobs.old(before=now - min(_RENDERS_MS, await self._kept.ms()), most=_AT_ONCE):
            for job in old:
                for file in await self._jobs.files(job):
                    await self._files.drop(file)
                await self._jobs.drop(job)
        await self._files.drop_unfinished(before=now - _UNFINISHED_MS)
