"""`tidings demo`: a lively instance."""

import sys

import rich_click as click

from tidings.core.duration import parse_duration
from tidings.demo.play import play


@click.command()
@click.option("--for", "duration", metavar="DURATION", help="How long, like 20s; until Ctrl-C if absent.")
def demo(*, duration: str | None) -> None:
    """Show a lively instance on a database of its own: people, webhooks, callbacks that arrive, fail and recover."""
    sys.exit(play(duration_ms=None if duration is None else parse_duration(duration)))
