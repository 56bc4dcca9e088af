"""`tidings console`: ways into the console."""

import rich_click as click

from tidings.app.parts import Parts
from tidings.cli.installation import COMMAND_LINE, with_parts
from tidings.cli.output import as_json, print_json
from tidings.console.entrance import FIRST


@click.group()
def console() -> None:
    """Let people into the console."""


@console.command()
@click.option("--phone", help="Sign this person in; without it, whoever opens the link becomes an owner.")
@as_json
def link(*, phone: str | None, is_json: bool) -> None:
    """Print a link that lets somebody in once, within a day."""

    async def work(parts: Parts) -> str:
        return parts.settings.base_url + FIRST + await parts.entrance.link(actor=COMMAND_LINE, phone=phone)

    url = with_parts(work)
    if is_json:
        print_json({"url": url})
    else:
        click.echo(url)
