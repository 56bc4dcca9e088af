"""Several processes on PostgreSQL, and PostgreSQL itself: whichever is killed, nothing is lost."""

import os
import random
import signal
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

from tests.children import children_of
from tests.ports import free_port
from tests.reliability.postgres import Postgres
from tests.reliability.program import Program
from tests.reliability.trial import trial, until

# Twice as many with `make chaos`.
MORE = 2 if "CHAOS_KILLS" in os.environ else 1
CRASHES = 2 * MORE
WORKER_KILLS = 2 if MORE == 1 else 6
# Acknowledgements between two accidents.
FEWEST, MOST = 50, 300


def between(seed: int) -> Callable[[], int]:
    chance = random.Random(seed)  # noqa: S311 - repeatable, on purpose
    return lambda: chance.randint(FEWEST, MOST)


async def test_a_postgresql_that_is_killed_under_load_loses_nothing(postgres: Postgres, tmp_path: Path) -> None:
    some = between(seed=3)
    async with trial(tmp_path, postgres.url) as one:
        server = one.server()
        publisher = one.publisher(server)
        await server.start()

        async with publisher.publishing():
            for crash in islice(cycle([postgres.stop_at_once, postgres.kill]), CRASHES):
                await publisher.acknowledged(some())
                with one.accident():
                    await crash()
                    await until(lambda: publisher.refusals)
                    await postgres.start()
                    await publisher.acknowledged(1)
        findings = await one.findings()
        server.tell_to_stop()

        assert findings.faults == []
        assert publisher.refusals
        assert await server.stopped() == 0


async def test_workers_that_are_killed_under_load_lose_nothing(
    new_postgresql_database: Callable[[], str], tmp_path: Path
) -> None:
    some = between(seed=4)
    async with trial(tmp_path, new_postgresql_database()) as one:
        server = one.server(roles="api")
        workers = [one.worker(), one.worker()]
        publisher = one.publisher(server)
        for program in (server, *workers):
            await program.start()

        async with publisher.publishing():
            for worker in islice(cycle(workers), WORKER_KILLS):
                await publisher.acknowledged(some())
                await one.kill(worker)
                await worker.start()
        findings = await one.findings()

        assert findings.faults == []


async def test_a_server_with_workers_of_its_own_loses_nothing_whichever_is_killed(
    new_postgresql_database: Callable[[], str], tmp_path: Path
) -> None:
    some = between(seed=5)
    async with trial(tmp_path, new_postgresql_database()) as one:
        server = one.server(workers="2")
        publisher = one.publisher(server)
        await server.start()

        async with publisher.publishing():
            for _ in range(MORE):
                await publisher.acknowledged(some())
                await until(lambda: children_of(server.process.pid))
                [worker] = children_of(server.process.pid)
                with one.accident():
                    os.kill(worker, signal.SIGKILL)
                await publisher.acknowledged(some())
                await until(lambda: children_of(server.process.pid) not in ([], [worker]))  # noqa: B023
                await publisher.acknowledged(some())
                await one.kill(server)
                await server.start()
        findings = await one.findings()
        server.tell_to_stop()

        assert findings.faults == []
        assert await server.stopped() == 0


async def test_what_a_frozen_server_holds_is_taken_over_and_its_waking_does_no_harm(
    new_postgresql_database: Callable[[], str], tmp_path: Path
) -> None:
    async with trial(tmp_path, new_postgresql_database()) as one:
        port = free_port()
        sleeper, other = one.server(), one.server(port)
        talking, meanwhile = one.publisher(sleeper), one.publisher(other, port=port)
        await sleeper.start()
        await other.start()

        with one.accident():
            async with talking.publishing("sleeper"):
                await talking.acknowledged(300)
                sleeper.freeze()
                async with meanwhile.publishing("other"):
                    await meanwhile.acknowledged(300)
                await until(lambda: _has_taken_over(other))
                await until(lambda: not one.ledger.missing)
                sleeper.thaw()
                await talking.acknowledged(300)
        findings = await one.findings()
        for program in (sleeper, other):
            program.tell_to_stop()

        assert findings.faults == []
        assert [await sleeper.stopped(), await other.stopped()] == [0, 0]


def _has_taken_over(program: Program) -> bool:
    return "tenure.reclaimed" in program.log.read_text()
