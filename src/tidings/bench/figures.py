"""Figures: what a run measured, as JSON and as a table."""

from collections.abc import Mapping

import msgspec
from rich.table import Table


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """From the moment at which a publisher sends an event until it arrives, in milliseconds."""

    p50: float
    p99: float


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a run measured.

    `lost` are deliveries of acknowledged events that never arrived; `duplicates` are those that arrived more than once.
    `refused` events were not acknowledged, first of all because of `why`. `cpu_us_per_event` is by process.
    """

    engine: str
    events: int
    fan_out: int
    accepted_per_s: float
    delivered_per_s: float
    latency_ms: Latency
    cpu_us_per_event: Mapping[str, float]
    peak_rss_mb: float
    lost: int
    duplicates: int
    refused: int = 0
    why: str = ""


def table_of(figures: Figures) -> Table:
    """The figures for a reader."""
    title = f"{figures.engine}: {figures.events:,} events, each to {figures.fan_out:,}"
    table = Table("what", "how much", title=title, title_justify="left")
    table.columns[1].justify = "right"
    table.add_row("events accepted, a second", f"{figures.accepted_per_s:,.0f}")
    table.add_row("callbacks delivered, a second", f"{figures.delivered_per_s:,.0f}")
    table.add_row("sent → arrived, p50", f"{figures.latency_ms.p50:,.2f} ms")
    table.add_row("sent → arrived, p99", f"{figures.latency_ms.p99:,.2f} ms")
    for process, cost in figures.cpu_us_per_event.items():
        table.add_row(f"processor time an event, {process}", f"{cost:,.1f} us")
    table.add_row("memory of the server, at most", f"{figures.peak_rss_mb:,.0f} MB")
    table.add_row("lost", f"{figures.lost:,}")
    table.add_row("duplicates", f"{figures.duplicates:,}")
    if figures.refused:
        table.add_row("refused", f"{figures.refused:,}")
        table.caption = figures.why
    return table
