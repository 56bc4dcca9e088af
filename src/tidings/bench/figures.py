"""Figures: what a run measured, as JSON and as a table."""

from collections.abc import Mapping, Sequence

import msgspec
from rich.table import Table


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """From the moment at which a publisher sends an event until it arrives, in milliseconds."""

    p50: float
    p99: float


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a run measured, of whatever it was (`of`), all of which are called events here.

    `lost` are acknowledged events, or deliveries of them, that never arrived. `refused` events were not acknowledged,
    first of all because of `why`. `cpu_us_per_event` is by process.
    """

    engine: str
    of: str
    events: int
    accepted_per_s: float
    cpu_us_per_event: Mapping[str, float]
    peak_rss_mb: float
    lost: int
    refused: int = 0
    why: str = ""


class Delivered(Figures, frozen=True, kw_only=True):
    """What a run measured that delivers; `duplicates` are deliveries that arrived more than once."""

    fan_out: int
    delivered_per_s: float
    latency_ms: Latency
    duplicates: int


class Compared(Delivered, frozen=True, kw_only=True):
    """What a run measured with another server, whose adapter's name is the engine.

    `foreign` are requests to the receiver that were none of this run, `left` is what could not be taken down. Processor
    time and memory of the server are those of the processes that were named, without which they are not measured.
    """

    foreign: int
    left: Sequence[str] = ()


class LaidFlat(Figures, frozen=True, kw_only=True):
    """What a run measured that receives: rows a second, from the first request until the last row was there."""

    rows_per_s: float


class Reported(Figures, frozen=True, kw_only=True):
    """What a run measured that makes reports, with events beside that are lost or refused as elsewhere.

    Seconds are from when the tasks were due: until the last report of a priority began (10 first), and until all were
    made. The latencies are those of the events beside, before the tasks were due and after.
    """

    format: str
    began_s: Mapping[str, float]
    made_s: float
    beside_per_s: float
    before_ms: Latency
    beside_ms: Latency


def table_of(figures: Delivered | LaidFlat | Reported) -> Table:
    """The figures for a reader."""
    title = f"{figures.engine}: {figures.events:,} {figures.of}"
    table = Table("what", "how much", title=title, title_justify="left")
    table.columns[1].justify = "right"
    told: list[str] = []
    what = "begun" if isinstance(figures, Reported) else "accepted"
    table.add_row(f"{figures.of} {what}, a second", f"{figures.accepted_per_s:,.0f}")
    if isinstance(figures, Reported):
        _add_reported(table, figures)
    elif isinstance(figures, Delivered):
        table.title = f"{title}, each to {figures.fan_out:,}"
        table.add_row("callbacks delivered, a second", f"{figures.delivered_per_s:,.0f}")
        table.add_row("sent → arrived, p50", f"{figures.latency_ms.p50:,.2f} ms")
        table.add_row("sent → arrived, p99", f"{figures.latency_ms.p99:,.2f} ms")
    else:
        table.add_row("rows laid, a second", f"{figures.rows_per_s:,.0f}")
    deliveries = figures.fan_out if isinstance(figures, Delivered) else 1
    for process, cost in figures.cpu_us_per_event.items():
        table.add_row(
            f"processor time {'a delivery' if deliveries > 1 else 'each'}, {process}", f"{cost / deliveries:,.1f} us"
        )
    if figures.peak_rss_mb or not isinstance(figures, Compared):
        table.add_row("memory of the server, at most", f"{figures.peak_rss_mb:,.0f} MB")
    table.add_row("lost", f"{figures.lost:,}")
    if isinstance(figures, Delivered):
        table.add_row("duplicates", f"{figures.duplicates:,}")
    if isinstance(figures, Compared):
        table.add_row("requests at the receiver that were none of the run", f"{figures.foreign:,}")
        told.extend(figures.left)
    if figures.refused:
        table.add_row("refused", f"{figures.refused:,}")
        told.append(figures.why)
    table.caption = "\n".join(told) or None
    return table


def _add_reported(table: Table, figures: Reported) -> None:
    table.title = f"{table.title} as {figures.format}, and {figures.beside_per_s:,.0f} events a second beside"
    for priority, seconds in figures.began_s.items():
        table.add_row(f"the last of priority {priority} began after", f"{seconds:,.1f} s")
    table.add_row("all were made after", f"{figures.made_s:,.1f} s")
    for when, latency in (("before", figures.before_ms), ("beside", figures.beside_ms)):
        table.add_row(f"event sent → arrived, {when}, p50", f"{latency.p50:,.2f} ms")
        table.add_row(f"event sent → arrived, {when}, p99", f"{latency.p99:,.2f} ms")
