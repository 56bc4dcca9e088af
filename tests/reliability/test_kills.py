"""Kills under load on each engine, fifty with `make chaos`: nothing that was acknowledged is lost."""

import os
import random
from pathlib import Path

import pytest

from tests.reliability.trial import trial

# In two tests an engine, so that they can run side by side; as many in each as fit into every run of the tests.
KILLS = int(os.environ.get("CHAOS_KILLS", "3"))
# Acknowledgements between a start and the kill: from hardly begun to well under way.
FEWEST, MOST = 1, 200


@pytest.mark.timeout(300 + 10 * KILLS)
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_server_that_is_killed_again_and_again_loses_nothing(
    database_url: str, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, on purpose
    async with trial(tmp_path, database_url, seed=seed) as one:
        server = one.server()
        publisher = one.publisher(server)
        await server.start()

        async with publisher.publishing():
            for _ in range(KILLS):
                await publisher.acknowledged(chance.randint(FEWEST, MOST))
                await one.kill(server)
                await server.start()
        findings = await one.findings()
        server.tell_to_stop()

        assert findings.faults == []
        assert await server.stopped() == 0
        assert len(one.ledger.accidents) == KILLS
        assert len(one.ledger.acknowledged) > KILLS
