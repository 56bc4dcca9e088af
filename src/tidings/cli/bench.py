"""`tidings bench`: what this machine carries."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import rich_click as click
from rich.console import Console

from tidings.bench.against import Against, measure_against
from tidings.bench.carrying import HOST
from tidings.bench.figures import Delivered, LaidFlat, Reported, table_of
from tidings.bench.reports import measure_reports
from tidings.bench.run import Plan, measure
from tidings.bench.work import Of
from tidings.cli.output import as_json, print_json
from tidings.core.errors import Invalid
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
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="TIDINGS_WORKERS of the server."
)
@click.option("--tls", "is_tls", is_flag=True, help="Publish and deliver over TLS.")
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Measure another webhook server, which is running: the file that says how it is called.",
)
@click.option("--url", default="", metavar="URL", help="With --against: where that server is.")
@click.option(
    "--pid",
    "pids",
    type=click.IntRange(1),
    multiple=True,
    help="With --against: a process of that server, to be weighed with all beneath it; may be repeated.",
)
@click.option(
    "--receive-at",
    default=HOST,
    show_default=True,
    metavar="ADDRESS",
    help="With --against: the address of this machine by which that server reaches the receiver.",
)
@as_json
def bench(
    *,
    of: str,
    format_: str,
    against: Path | None,
    url: str,
    pids: tuple[int, ...],
    receive_at: str,
    is_json: bool,
    **sizes: Any,  # noqa: ANN401 - as a plan has them
) -> None:
    """Measure the whole way: published, kept on disk, delivered to a receiver, recorded.

    With --of callbacks, the way in: received, kept on disk, understood, laid into tables.

    With --of reports, so many tasks that are due at once, with --rate events a second beside (100 if absent).

    Server, load and receiver run as processes of their own on this machine, on a database that is gone afterwards.
    Exits with 1 if a callback was lost or an event refused.

    With --against, the same load and the same receiver, with a server of another make between them.
    """
    plan = Plan(of=Of(of), format=ReportFormat(format_), **sizes)
    other = Against(adapter=against, url=url, pids=pids, receive_at=receive_at) if against else None
    if other is None and (url or pids or receive_at != HOST):
        raise Invalid("--url, --pid and --receive-at are of another server: name its adapter with --against")
    figures = _measured(plan, other)
    if is_json:
        print_json(figures)
    else:
        Console(highlight=False).print(table_of(figures))
    sys.exit(1 if figures.lost or figures.refused else 0)


def _measured(plan: Plan, against: Against | None) -> Delivered | LaidFlat | Reported:
    console = Console(stderr=True)
    with console.status("starting") as status:
        if against is not None:
            return asyncio.run(measure_against(plan, against, tell=status.update))
        if plan.of is Of.REPORTS:
            return asyncio.run(measure_reports(plan, tell=status.update))
        return asyncio.run(measure(plan, tell=status.update))
