"""Kills at any instant, also while a server starts, migrates or stops: nothing that was acknowledged is lost."""

import os
import random
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.reliability.program import Program
from tests.reliability.trial import becomes_ready, trial
from tidings.core.clock import Clock
from tidings.core.vault import new_key

# Fifty an engine with `make chaos`.
INSTANTS = int(os.environ.get("CHAOS_INSTANTS", "3"))
# Seconds after the beginning of a start, of serving, and of a stop: each from nothing to longer than it takes.
STARTING_S, SERVING_S, STOPPING_S = 2.5, 1.0, 0.5
# Before that nothing of ours runs: Python reads its modules.
IMPORTING_S = 0.5


@pytest.mark.timeout(300 + 10 * INSTANTS)
async def test_a_server_that_is_killed_at_any_instant_of_its_life_loses_nothing(
    database_url: str, tmp_path: Path
) -> None:
    chance = random.Random(7)  # noqa: S311 - repeatable, on purpose
    clock = Clock()
    async with trial(tmp_path, database_url, seed=7) as one:
        server = one.server()
        publisher = one.publisher(server)

        async with publisher.publishing():
            for instant in range(INSTANTS):
                with one.accident():
                    await server.begin()
                    # By turns while it starts, while it serves, and while it stops.
                    if instant % 3 == 0:
                        await clock.sleep(chance.uniform(0, STARTING_S))
                    else:
                        await server.serving()
                        await clock.sleep(chance.uniform(0, SERVING_S))
                    if instant % 3 == 2:
                        server.tell_to_stop()
                        await clock.sleep(chance.uniform(0, STOPPING_S))
                    await server.kill()
            await server.start()
            await publisher.acknowledged(100)
        findings = await one.findings()
        server.tell_to_stop()

        assert findings.faults == []
        assert await server.stopped() == 0


@pytest.mark.timeout(300 + 3 * INSTANTS)
async def test_a_server_that_is_killed_while_it_makes_its_tables_makes_them_at_the_next_start(
    empty_url: str, tmp_path: Path
) -> None:
    chance, port = random.Random(8), free_port()  # noqa: S311 - repeatable, on purpose
    settings = {"TIDINGS_DATABASE": empty_url, "TIDINGS_SECRET_KEY": new_key(), "TIDINGS_PORT": str(port)}
    server = Program("serve", folder=tmp_path, settings=settings)
    try:
        for _ in range(max(1, INSTANTS // 3)):
            await server.begin()
            # It has hardly begun, or is about to be ready.
            await Clock().sleep(chance.uniform(IMPORTING_S, STARTING_S))
            await server.kill()
        await server.start()

        await becomes_ready(port)
    finally:
        await server.end()
