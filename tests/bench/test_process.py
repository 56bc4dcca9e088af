"""Processes of a run."""

from pathlib import Path

import pytest

from tidings.bench.process import cpu_us, peak_rss_mb, started
from tidings.bench.receiver import Arrivals, Open
from tidings.core.errors import Unavailable


async def test_one_that_ends_early_is_told_with_its_last_words(tmp_path: Path) -> None:
    async with started("helper", "-c", "raise SystemExit('no luck today')", folder=tmp_path) as process:
        with pytest.raises(Unavailable, match=r"the helper ended early: no luck today"):
            await process.line()


async def test_one_is_weighed_while_it_runs_and_gone_afterwards(tmp_path: Path) -> None:
    async with started("receiver", "-m", "tidings.bench.receiver", folder=tmp_path) as process:
        told = await process.ask(Open(events=1, fan_out=1), Arrivals)

        assert told.port > 0
        assert cpu_us(process.pid) > 0
        assert peak_rss_mb(process.pid) > 1

    with pytest.raises(FileNotFoundError):
        cpu_us(process.pid)
