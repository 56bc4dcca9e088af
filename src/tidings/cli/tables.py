"""`tidings tables`: what received callbacks were laid into."""

import asyncio

import rich_click as click
from rich.console import Console
from rich.progress import Progress

from tidings.app.parts import Parts
from tidings.cli.installation import COMMAND_LINE, with_parts
from tidings.cli.output import as_json, print_json, print_table
from tidings.tables.copying import copy_tables, total_rows
from tidings.tables.reader_role import drop_reader_role
from tidings.tables.tables import Tables, open_tables


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
            number = await parts.inbox.replay(progress=lambda number: progress.advance(task, number))
        # Rows that were laid by other rules may have the versions that they had.
        await parts.showing.forget()
        return number

    click.echo(f"{with_parts(work)} receipts were laid flat again")


@tables.command()
@click.option("--to", "url", required=True, help="Where to: sqlite:PATH, postgresql://… or mariadb://…, best empty.")
def copy(*, url: str) -> None:
    """Copy all tables into another database, of any engine; broken off, run it again.

    Afterwards set TIDINGS_TABLES to that URL. What comes while it runs may be missing: run it again without a server.
    """

    async def work(parts: Parts) -> int:
        source = await asyncio.to_thread(parts.open_tables)
        return await asyncio.to_thread(_copied, source, url)

    click.echo(f"{with_parts(work)} rows are in the other database, each counted there")


@tables.command()
@click.argument("role")
def drop_role(*, role: str) -> None:
    """Take a reader role of PostgreSQL away, which `tidings connect` made."""

    async def work(parts: Parts) -> None:
        opened = await asyncio.to_thread(parts.open_tables)
        await asyncio.to_thread(drop_reader_role, opened.engine, role)
        await parts.access.audit(COMMAND_LINE, "role.dropped", about=role)

    with_parts(work)
    click.echo(f"dropped {role}")


def _copied(source: Tables, url: str) -> int:
    with open_tables(url) as target, Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("Copying rows", total=total_rows(source))
        return copy_tables(source, target, progress=lambda number: progress.advance(task, number))
