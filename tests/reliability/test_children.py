"""Processes that send for a server on SQLite: whichever of them is killed, nothing is lost."""

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

from tests.children import children_of
from tests.reliability.program import Program
from tests.reliability.trial import PATIENT, Trial, trial, until

KILLS = 3 if "CHAOS_KILLS" in os.environ else 2
# Acknowledgements between two accidents.
FEWEST, MOST = 50, 200


def porters(server: Program) -> list[int]:
    return children_of(server.process.pid, running="tidings.egress.porter")


async def kill_a_porter(one: Trial, server: Program) -> None:
    """And wait until there is another."""
    await until(lambda: porters(server))
    [porter] = porters(server)
    with one.accident():
        os.kill(porter, signal.SIGKILL)
        await until(lambda: not is_running(porter))
    await until(lambda: porters(server) not in ([], [porter]))


async def test_porters_and_their_server_that_are_killed_under_load_lose_nothing(tmp_path: Path) -> None:
    chance = random.Random(6)  # noqa: S311 - repeatable, on purpose
    some: Callable[[], int] = lambda: chance.randint(FEWEST, MOST)  # noqa: E731 - as short as it is
    async with trial(tmp_path, f"sqlite:{tmp_path / 'tidings.db'}") as one:
        server = one.server(workers="2")
        publisher = one.publisher(server)
        await server.start()

        async with publisher.publishing():
            for _ in range(KILLS):
                await publisher.acknowledged(some())
                await kill_a_porter(one, server)
            await publisher.acknowledged(some())
            orphans = porters(server)
            with one.accident():  # until nobody is left who could send what it was handed
                await server.kill()
                await until(lambda: not any(map(is_running, orphans)))
            await server.start()
            await publisher.acknowledged(some())
        findings = await one.findings()
        server.tell_to_stop()

        assert findings.faults == []
        assert await server.stopped() == 0
        assert "porter.ended" in server.log.read_text("utf-8")


async def test_a_stop_with_endpoints_that_are_silent_to_a_porter_is_over_in_time_and_loses_nothing(
    tmp_path: Path,
) -> None:
    async with trial(tmp_path, f"sqlite:{tmp_path / 'tidings.db'}", webhooks=PATIENT) as one:
        server = one.server(workers="2")
        publisher = one.publisher(server)
        await server.start()
        one.receiver.silent.add("plain")

        async with publisher.publishing():
            await publisher.acknowledged(300)
            await until(lambda: porters(server))
            [porter] = porters(server)
            server.tell_to_stop()
            status = await server.stopped()
        await until(lambda: not is_running(porter))
        one.receiver.silent.clear()
        await server.start()
        findings = await one.findings()

        assert status == 0
        assert findings.faults == []  # no accident happened, so nothing may come twice either


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
