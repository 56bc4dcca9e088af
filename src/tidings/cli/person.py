"""`tidings person`: what is kept about a person."""

import sys

import rich_click as click

from tidings.cli.installation import COMMAND_LINE, with_parts


@click.group()
def person() -> None:
    """Look after what is kept about people."""


@person.command()
@click.argument("phone")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
def erase(*, phone: str, is_sure: bool) -> None:
    """Blank a person everywhere: sign-in, groups, messages, answers and kept events.

    What was written about them stays as it was. It cannot be undone, and is audited.
    """
    if sys.stdin.isatty() and not is_sure:
        click.confirm(f"Erase {phone} everywhere, for good?", abort=True)
    with_parts(lambda parts: parts.access.erase(phone, actor=COMMAND_LINE))
    click.echo("erased")
