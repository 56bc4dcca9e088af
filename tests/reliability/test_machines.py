"""Several machines on one PostgreSQL: whichever is lost, and however, nothing that was acknowledged is."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.reliability.ground import ground
from tests.reliability.machines import LOSSES, PATIENCE_S, Machines, machines
from tests.reliability.namespaces import can_be_made
from tests.reliability.trial import until

IS_CHAOS = "CHAOS_KILLS" in os.environ
# In every run of the tests a machine is cut off and another one killed; with `make chaos` one more is frozen.
LOST = len(LOSSES) if IS_CHAOS else 2


@pytest.mark.timeout(600)
async def test_machines_are_lost_and_their_database_and_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    is_loopback = not (IS_CHAOS and can_be_made())
    async with (
        ground(tmp_path, count=LOST + 1, servers=2, is_loopback=is_loopback) as place,
        machines(tmp_path, place.network, database=place.database) as those,
    ):
        async with those.publishing():
            await those.each_keeps(50)
            await outlive_each_other(those)
            await put_up_with_bad_lines(those)
            with those.trial.accident():
                await place.fail_over()
                await those.each_keeps(50)
        findings = await those.trial.findings()
        for machine in those.all:
            await machine.becomes_ready()

        assert findings.faults == []
        assert min([await machine.delivered() for machine in those.all]) > 0
        await hear_of_a_new_webhook(those)


async def outlive_each_other(those: Machines) -> None:
    """One in each way is lost, at the same time; the last one takes over what they had, and they come back."""
    well = those.all[-1]
    lost = list(zip(those.all[:-1], [*LOSSES.values()][:LOST], strict=True))
    with those.trial.accident():
        for machine, (goes, _) in lost:
            await goes(machine)
        await until(lambda: well.reclaimed >= len(lost), within=PATIENCE_S)
        await asyncio.gather(*(comes_back(machine) for machine, (_, comes_back) in lost))
        await those.each_keeps(50)


async def put_up_with_bad_lines(those: Machines) -> None:
    """Every connection is reset, and then all is slow."""
    cables = [machine.site.cable for machine in those.all]
    with those.trial.accident():
        for cable in cables:
            await cable.drop()
        await those.each_keeps(20)
    for cable in cables:
        await cable.slow()
    await those.each_keeps(20)
    for cable in cables:
        await cable.mend()


async def hear_of_a_new_webhook(those: Machines) -> None:
    """It counts for the next event on each, by the version in the store: whoever made it told nobody."""
    before = [await machine.owes() for machine in those.all]
    async with those.trial.opened() as parts:
        await those.trial.subscribe(parts, name="new")
    after = [await machine.owes() for machine in those.all]

    assert after == [deliveries + 1 for deliveries in before]
