"""What is measured of reports, without the processes."""

import io

import pytest
from rich.console import Console

from tidings.bench.figures import Latency, Reported, table_of
from tidings.bench.reports import measure_reports
from tidings.bench.run import Plan
from tidings.bench.work import Of
from tidings.core.errors import Invalid

FIGURES = Reported(
    engine="sqlite",
    of="reports",
    format="csv",
    events=1_000,
    accepted_per_s=83.3,
    cpu_us_per_event={"server": 9_610.0},
    peak_rss_mb=201.9,
    lost=0,
    began_s={"10": 2.15, "0": 12.0},
    made_s=12.04,
    beside_per_s=100.0,
    before_ms=Latency(p50=1.44, p99=2.33),
    beside_ms=Latency(p50=2.68, p99=13.35),
)


def test_a_table_of_reports_tells_of_priorities_and_of_the_events_beside() -> None:
    said = io.StringIO()

    Console(file=said, width=200).print(table_of(FIGURES))

    rows = [[cell.strip() for cell in line.split("│")[1:3]] for line in said.getvalue().splitlines() if "│" in line]
    assert ["reports begun, a second", "83"] in rows
    assert ["the last of priority 10 began after", "2.1 s"] in rows
    assert ["all were made after", "12.0 s"] in rows
    assert ["event sent → arrived, beside, p99", "13.35 ms"] in rows
    assert "1,000 reports as csv, and 100 events a second beside" in " ".join(said.getvalue().split())


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (Plan(of=Of.REPORTS, events=20_000), "at most 10,000 tasks"),
        (Plan(of=Of.REPORTS, events=10, fan_out=2), "leave them out"),
        (Plan(of=Of.REPORTS, events=10, batch=2), "leave them out"),
    ],
)
async def test_a_plan_that_cannot_be_is_refused(plan: Plan, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        await measure_reports(plan, tell=print)
