"""Output: what a program reads with --json, what a person reads without."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import rich_click as click
from rich.console import Console
from rich.table import Table

as_json = click.option("--json", "is_json", is_flag=True, help="Print JSON, for programs.")


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever msgspec can write
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def print_table(*columns: str, rows: Sequence[Sequence[str]]) -> None:
    """Print a table; in a pipe as wide as it needs to be."""
    console = Console(highlight=False, soft_wrap=True)
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*row)
    console.print(table, soft_wrap=not console.is_terminal)


def shown_instant(instant: int) -> str:
    """Epoch milliseconds, to the second, in UTC."""
    return datetime.fromtimestamp(instant / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
