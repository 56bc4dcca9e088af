"""Clocks that are set: a server whose clock jumps an hour on or back goes on as if nothing had happened."""

import sys
from pathlib import Path

from tests.reliability.program import Program
from tests.reliability.trial import trial, until

SHIFTED = Path(__file__).with_name("shifted.py")
HOUR_MS = 3_600_000
# An hour on, back, back once more, and right again.
OFFSETS_MS = (HOUR_MS, 0, -HOUR_MS, 0)


async def test_a_clock_that_jumps_an_hour_on_and_back_delays_and_loses_nothing(
    database_url: str, tmp_path: Path
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    async with trial(tmp_path, database_url) as one:
        server = one.server(prefix=(sys.executable, str(SHIFTED), str(clock)))
        publisher = one.publisher(server)
        await server.start()

        async with publisher.publishing():
            for count, offset in enumerate(OFFSETS_MS, start=1):
                await publisher.acknowledged(50)
                set_to(clock, offset)
                await until(lambda: has_noticed(server, times=count))  # noqa: B023 - awaited here
        findings = await one.findings()
        server.tell_to_stop()

        # What a callback tells of its time is as wrong as the clock is; verifiers say so.
        assert [fault for fault in findings.faults if "timestamp" not in fault] == []
        assert await server.stopped() == 0
        assert "tenure.lost" not in server.log.read_text()


def has_noticed(server: Program, *, times: int) -> bool:
    return server.log.read_text().count("hub.clock_was_set") == times


def set_to(clock: Path, offset_ms: int) -> None:
    aside = clock.with_suffix(".new")
    aside.write_text(str(offset_ms))
    aside.replace(clock)
