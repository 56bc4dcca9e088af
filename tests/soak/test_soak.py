"""The soak itself: what it counts, what it judges, and one of a few seconds."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from tidings.core.clock import DAY, Clock
from tools.soak import Report
from tools.soak_server import move_clock, write_days
from tools.soak_tally import Tally, lost
from tools.soak_watch import Finding, Sample, verdict, weighed
from tools.soak_work import HOOKS, type_of

ROOT = Path(__file__).parents[2]
# Seconds; a busy machine takes a minute for it.
PATIENCE_S = 280


def sample(second: int, *, memory: float = 80, database: float = 40, descriptors: int = 100) -> Sample:
    return Sample(
        second=second,
        acknowledged=100 * second,
        arrived=100 * second,
        owed=0,
        memory={"server": memory},
        resident=memory,
        descriptors=descriptors,
        threads=8,
        database=database,
        log=16,
        tables={},
    )


def bad(findings: Sequence[Finding]) -> list[str]:
    return [finding.what for finding in findings if not finding.is_good]


def test_what_one_process_marks_another_sees(tmp_path: Path) -> None:
    writing, reading = Tally(tmp_path / "tally"), Tally(tmp_path / "tally")

    for number in (1, 5, 5):
        writing.mark(number)

    assert (reading.marked, reading.again) == (2, 1)
    assert reading.marks(0, step=1) == bytes([0, 1, 0, 0, 0, 2])


def test_what_was_acknowledged_and_did_not_arrive_is_lost(tmp_path: Path) -> None:
    acknowledged, arrived = Tally(tmp_path / "acknowledged"), Tally(tmp_path / "arrived")
    for number in (1, 11, 12, 21):
        acknowledged.mark(number)
    for number in (11, 31):
        arrived.mark(number)

    assert lost(acknowledged, arrived, first=1, step=10) == 2


def test_each_webhook_hears_the_events_that_it_is_owed() -> None:
    for hook in HOOKS[1:]:
        heard = {number for number in range(1_000) if type_of(number) == hook.types}

        assert heard == set(range(hook.first, 1_000, hook.step))


def test_a_level_run_without_a_loss_is_good() -> None:
    # Like a saw, as when a day is forgotten at once.
    samples = [sample(second, memory=80 + second % 3, database=40 + second % 7) for second in range(90)]

    assert bad(verdict(samples, lost={"steady": 0})) == []


def test_a_loss_is_bad() -> None:
    findings = verdict([sample(second) for second in range(90)], lost={"steady": 0, "late": 1})

    assert bad(findings) == ["lost"]
    assert findings[0].said == "1 (steady 0, late 1)"


def test_whatever_grows_is_named() -> None:
    samples = [
        sample(second, memory=80 + second, database=40 + 2 * second, descriptors=100 + 2 * second)
        for second in range(90)
    ]

    assert bad(verdict(samples, lost={})) == ["memory of the server", "descriptors", "database"]


def test_what_grew_at_the_beginning_is_not_held_against_it() -> None:
    samples = [sample(second, memory=min(80, 20 + 2 * second)) for second in range(90)]

    assert bad(verdict(samples, lost={})) == []


def test_a_server_that_has_ended_is_not_good() -> None:
    samples = [msgspec.structs.replace(sample(second), acknowledged=min(100 * second, 4_000)) for second in range(90)]

    assert bad(verdict(samples, lost={})) == ["events taken"]


def test_too_few_samples_are_no_verdict() -> None:
    assert bad(verdict([sample(0), sample(1)], lost={})) == ["samples"]


def test_processes_are_weighed_as_long_as_they_live() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        shared, resident, descriptors, threads = weighed([process.pid])
        process.communicate(b"\n")

    assert 0 < shared <= resident
    assert descriptors >= 3
    assert threads == 1
    assert weighed([process.pid]) == (0, 0, 0, 0)


def test_the_clock_goes_ahead_by_the_days_that_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "now", Clock.now)  # as it was, afterwards
    write_days(tmp_path / "days", 0)
    before = Clock().now()
    move_clock(tmp_path / "days")

    write_days(tmp_path / "days", 300)

    assert 0 <= Clock().now() - before - 300 * DAY < DAY


async def test_a_soak_kills_its_server_moves_its_clock_and_loses_nothing() -> None:
    command = [sys.executable, "-m", "tools.soak", "sqlite", "--minutes", "0.1", "--rate", "50", "--json"]
    process = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, capture_output=True, check=False, timeout=PATIENCE_S
    )

    assert process.stdout, process.stderr.decode()
    report = msgspec.json.decode(process.stdout, type=Report)
    assert report.acknowledged > 0
    assert report.lost == {"steady": 0, "failing": 0, "late": 0}
    assert report.kills == 1
    assert report.days >= 5
    assert report.samples[-1].memory["server"] > 10
    assert process.returncode == (not report.is_good)
