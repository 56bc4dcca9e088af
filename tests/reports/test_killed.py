"""A server that is killed in the middle of a run: after the start the run is found, marked, and made once more."""

import asyncio
import subprocess
import sys
from pathlib import Path

from tests.reports.conftest import OpenNewsroom
from tests.reports.newsroom import CHIEF
from tidings.core.report import ReportState

# What a server does that takes a run; what it would make of it nobody will ever know.
_TAKES = """
import asyncio, sys
from tidings.core.clock import Clock
from tidings.store.open import open_database
from tidings.store.reports import ReportStore

async def main():
    database = await open_database(sys.argv[1], clock=Clock(), serving=True)
    run = await ReportStore(database).take(owner=await database.enrol(), now=2**60)
    print(run.id, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_run_that_was_under_way_when_the_server_was_killed_is_made_once_more(
    open_newsroom: OpenNewsroom, tmp_path: Path
) -> None:
    async with open_newsroom() as newsroom:
        task = await newsroom.task(attempts=1)
        report = await newsroom.reports.runs.start(task.id, author=CHIEF)
    url = f"sqlite:{tmp_path / 'tidings.db'}"

    with subprocess.Popen([sys.executable, "-c", _TAKES, url], stdout=subprocess.PIPE, text=True) as server:  # noqa: ASYNC220 - it is killed, not awaited
        assert server.stdout is not None
        taken = (await asyncio.to_thread(server.stdout.readline)).strip()
        server.kill()
    async with open_newsroom() as newsroom:
        before = await newsroom.reports.history.get(report.id)
        await newsroom.reports.running.step()
        await newsroom.work()
        await newsroom.reports.running.settled()
        after = await newsroom.reports.history.get(report.id)
        tried = await newsroom.reports.history.attempts(report)

    assert taken == report.id
    assert before.state is ReportState.RUNNING
    assert (after.state, after.attempt) == (ReportState.SUCCESS, 2)
    assert [one.outcome for one in tried] == ["lost", "success"]
