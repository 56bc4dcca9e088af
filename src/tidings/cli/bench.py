"""`tidings bench`: what this machine carries."""

import asyncio
import sys
from typing import Any

import rich_click as click
from rich.console import Console

from tidings.bench.figures import Delivered, LaidFlat, Reported, table_of
from tidings.bench.reports import measure_reports
from tidings.bench.run import Plan, measure
from tidings.bench.work import Of
from tidings.cli.output import as_json, print_json
from tidings.core.report import ReportFormat


@click.command()
@click.option(
    "--of",
    type=click.Choice([one.value for one in Of]),
    default=Of.EVENTS.value,
    show_default=True,
    help="What is sent: an application's events, messages to a group, responses to a form, or received callbacks; "
    "or what is made: reports.",
)
@click.option("--events", type=click.IntRange(1, 10_000_000), default=20_000, show_default=True, help="How many.")
@click.option(
    "--concurrency", type=click.IntRange(1, 1_000), default=64, show_default=True, help="Connections that publish."
)
@click.option(
    "--batch", type=click.IntRange(1, 1_000), default=1, show_default=True, help="Events a request; of events only."
)
@click.option("--fan-out", type=click.IntRange(1, 10_000), default=1, show_default=True, help="Webhooks an event.")
@click.option(
    "--payload", type=click.IntRange(0, 500_000), default=1_000, show_default=True, help="Characters of text in each."
)
@click.option("--rate", type=click.FloatRange(0, 1_000_000), default=0, help="Events a second; all it takes if absent.")
@click.option(
    "--database", default="", metavar="URL", help="Where to make a fresh one: beside sqlite:PATH, or on postgresql://…"
)
@click.option(
    "--format",
    "format_",
    type=click.Choice([one.value for one in ReportFormat]),
    default=ReportFormat.CSV.value,
    show_default=True,
    help="Of the files of reports.",
)
@click.option("--tls", "is_tls", is_flag=True, help="Publish and deliver over TLS.")
@as_json
def bench(*, of: str, format_: str, is_json: bool, **sizes: Any) -> None:  # noqa: ANN401 - as a plan has them
    """Measure the whole way: published, kept on disk, delivered to a receiver, recorded.

    With --of callbacks, the way in: received, kept on disk, understood, laid into tables.

    With --of reports, so many tasks that are due at once, with --rate events a second beside (100 if absent).

    Server, load and receiver run as processes of their own on this machine, on a database that is gone afterwards.
    Exits with 1 if a callback was lost or an event refused.
    """
    plan = Plan(of=Of(of), format=ReportFormat(format_), **sizes)
    figures = _measured(plan)
    if is_json:
        print_json(figures)
    else:
        Console(highlight=False).print(table_of(figures))
    sys.exit(1 if figures.lost or figures.refused else 0)


def _measured(plan: Plan) -> Delivered | LaidFlat | Reported:
    console = Console(stderr=True)
    with console.status("starting") as status:
        if plan.of is Of.REPORTS:
            return asyncio.run(measure_reports(plan, tell=status.update))
        return asyncio.run(measure(plan, tell=status.update))
