"""`tidings person`: what is kept about a person."""

import sys
from collections.abc import Mapping

import rich_click as click
from rich.console import Console
from rich.progress import Progress

from tidings.app.parts import Parts
from tidings.cli.installation import COMMAND_LINE, with_parts
from tidings.cli.output import as_json, print_json, print_table


@click.group()
def person() -> None:
    """Look after what is kept about people."""


@person.command()
@click.argument("phone")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@as_json
def erase(*, phone: str, is_sure: bool, is_json: bool) -> None:
    """Blank a person everywhere: sign-in, groups, messages, answers, events, bins, what endpoints answered.

    Names in what people wrote stay; numbers go from there, too. It cannot be undone, and is audited.
    """
    if sys.stdin.isatty() and not is_sure:
        click.confirm(f"Erase {phone} everywhere, for good?", abort=True)

    async def work(parts: Parts) -> Mapping[str, int]:
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("Looking through what is kept", total=None)
            return await parts.access.erase(
                phone, actor=COMMAND_LINE, progress=lambda number: progress.advance(task, number)
            )

    changed = with_parts(work)
    if is_json:
        print_json(changed)
        return
    if rows := [(what, str(number)) for what, number in changed.items() if number]:
        print_table("changed", "", rows=rows)
    click.echo("erased")
    if changed["received requests"]:
        click.echo(
            "the tables still hold the rows of what was received: run `tidings tables rebuild --empty`", err=True
        )
