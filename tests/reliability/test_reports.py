"""A server that is killed in the middle of a report: it is found, marked and made once more, and told once."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook

from tests.children import children_of
from tests.ports import free_port
from tests.reliability.program import Program
from tests.reliability.trial import until
from tidings.app.compose import opened
from tidings.app.settings import Settings, load, variable
from tidings.core.calendar import ONCE_NOW
from tidings.core.clock import MINUTE
from tidings.core.event import Subject
from tidings.core.report import (
    Content,
    ReportAuthor,
    ReportFormat,
    ReportQuery,
    ReportRole,
    TaskDraft,
)
from tidings.core.vault import new_key
from tidings.outbox.terms import Terms
from tidings.testing.endpoint import Endpoint

CHIEF = ReportAuthor(id="p-chief", role=ReportRole.ADMINISTRATOR)
# A second or three of any processor: there is time to kill whoever waits for it.
SLOW = """
    WITH RECURSIVE one(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < 3000000)
    SELECT count(*) AS n FROM one
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """An installation whose only report is due at its start, and who is told of that."""

    settings: Settings
    server: Program
    endpoint: Endpoint
    secret: str
    task: str

    async def is_killed_half_way(self) -> None:
        """Start it, and kill it when somebody reads for the report."""
        await self.server.start()
        await until(
            lambda: (
                self.told("preReportTask") and children_of(self.server.process.pid, running="tidings.reports.clerk")
            ),
        )
        await self.server.kill()

    async def ends(self) -> None:
        """Start it, and stop it in good order when its report was told."""
        await self.server.start()
        await until(lambda: self.told("postReportTask"))
        self.server.tell_to_stop()
        assert await self.server.stopped() == 0

    def told(self, trigger: str) -> Sequence[dict[str, Any]]:
        """What was said before or after the report, signed as it must be; a callback that came twice was said once."""
        bodies = {
            one.header("webhook-id"): Webhook(self.secret).verify(one.body, dict(one.headers))
            for one in self.endpoint.requests
        }
        return [body for body in bodies.values() if body["trigger"] == trigger]

    async def outcomes(self) -> tuple[str, int, list[str]]:
        """How the one report there is ended, at which attempt, and what came of each."""
        async with opened(self.settings) as parts:
            [report], _ = await parts.reports.history.list(task=self.task)
            tried = await parts.reports.history.attempts(report)
            return report.state, report.attempt, [one.outcome for one in tried]


@contextlib.asynccontextmanager
async def site_in(folder: Path, database: str) -> AsyncIterator[Site]:
    words = {"database": database, "secret_key": new_key(), "egress_allow": "127.0.0.1/32", "egress_http": "on"}
    settings = load({}, folder=folder, **words)
    environ = {variable(name): value for name, value in words.items()}
    # What a process leaves behind that is killed stays among what is the test's own.
    environ |= {"TIDINGS_PORT": str(free_port()), "TMPDIR": str(folder)}
    server = Program("serve", folder=folder, settings=environ)
    async with Endpoint() as endpoint:
        async with opened(settings) as parts:
            content = Content(html="", queries=(ReportQuery(name="slow", sql=SLOW),))
            template = await parts.reports.templates.create("Slow", content, author=CHIEF)
            draft = TaskDraft(
                title="Slow",
                template=template.id,
                frequency=ONCE_NOW,
                formats=(ReportFormat.JSON,),
                attempts=1,
                timeout_ms=MINUTE,
            )
            task = await parts.reports.tasks.create(draft, author=CHIEF)
            terms = Terms(types=("*",), url=endpoint.url)
            _, secret = await parts.subscribing.create(
                Subject("ReportTask", task.id), terms, connector="shop", owner=""
            )
        try:
            yield Site(settings=settings, server=server, endpoint=endpoint, secret=secret.text, task=task.id)
        finally:
            await server.end()


async def test_a_report_whose_server_was_killed_is_made_once_more_and_told_once(
    database_url: str, tmp_path: Path
) -> None:
    async with site_in(tmp_path, database_url) as site:
        await site.is_killed_half_way()
        await site.ends()

        [before], [after] = site.told("preReportTask"), site.told("postReportTask")
        assert (after["status"], after["reportTask"]) == ("success", before["reportTask"])
        assert before["reportTask"]["reportTaskId"] == site.task
        assert await site.outcomes() == ("success", 2, ["lost", "success"])


async def test_a_report_whose_server_was_killed_twice_has_failed_and_one_failure_is_told(tmp_path: Path) -> None:
    async with site_in(tmp_path, f"sqlite:{tmp_path / 'tidings.db'}") as site:
        await site.is_killed_half_way()
        await site.is_killed_half_way()
        await site.ends()

        [_], [after] = site.told("preReportTask"), site.told("postReportTask")
        assert after["status"] == "failure"
        assert after["error"] == "Report task failed due to the process that made it ended, twice"
        state, _, outcomes = await site.outcomes()
        assert (state, outcomes) == ("failure", ["lost", "failure"])
