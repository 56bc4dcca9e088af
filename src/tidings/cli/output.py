"""Output: what a program reads with --json, what a person reads without."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import rich_click as click
from rich.console import Console
from rich.table import Table

# Characters. No row is longer.
_WIDE = 10_000

as_json = click.option("--json", "is_json", is_flag=True, help="Print JSON, for programs.")


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever msgspec can write
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def print_table(*columns: str, rows: Sequence[Sequence[str]]) -> None:
    """Print a table; in a pipe a row is a line."""
    table = Table(*columns, box=None, header_style="bold", pad_edge=False, show_header=any(columns))
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(table)
        return
    console.width = _WIDE
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def shown_instant(instant: int) -> str:
    """Epoch milliseconds, to the second, in UTC."""
    return datetime.fromtimestamp(instant / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
