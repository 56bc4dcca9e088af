"""`tidings tables`: what received callbacks were laid into."""

import asyncio

import rich_click as click
from rich.console import Console
from rich.progress import Progress

from tidings.app.compose import Parts
from tidings.cli.installation import with_parts
from tidings.cli.output import as_json, print_json, print_table


@click.group()
def tables() -> None:
    """Look after the tables that dashboards read."""


@tables.command(name="list")
@as_json
def list_(*, is_json: bool) -> None:
    """List the tables with their columns."""

    async def work(parts: Parts) -> list[tuple[str, list[str], str]]:
        opened = await asyncio.to_thread(parts.open_tables)
        return [(name, list(one.comments), one.comment) for name, one in sorted(opened.known().items())]

    found = with_parts(work)
    if is_json:
        print_json([{"name": name, "columns": columns, "comment": comment} for name, columns, comment in found])
        return
    print_table("name", "columns", "what it holds", rows=[(name, str(len(cols)), text) for name, cols, text in found])


@tables.command()
@click.option("--empty", is_flag=True, help="Take all rows away first: what receipts no longer tell is gone then.")
def rebuild(*, empty: bool) -> None:
    """Lay every received callback flat again, for example after a reader was mended; names stay."""

    async def work(parts: Parts) -> int:
        if empty:
            opened = await asyncio.to_thread(parts.open_tables)
            await asyncio.to_thread(opened.empty)
        total = await parts.inbox.receipts.count()
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("Laying receipts flat", total=total)
            return await parts.inbox.replay(progress=lambda number: progress.advance(task, number))

    click.echo(f"{with_parts(work)} receipts were laid flat again")
