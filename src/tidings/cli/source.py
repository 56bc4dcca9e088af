"""`tidings source`: where received callbacks come from."""

import rich_click as click

from tidings.app.parts import Parts
from tidings.cli.installation import COMMAND_LINE, with_parts
from tidings.cli.output import as_json, print_json, print_table, shown_instant
from tidings.inbox.inbox import address_of
from tidings.store.receipts import Source

_PAGE = 500


@click.group()
def source() -> None:
    """Take callbacks, and lay them flat into tables."""


@source.command()
@click.option("--name", required=True, help="What it is called: its address is /receive/NAME.")
@click.option("--dialect", default="kaizala", show_default=True, help="How it speaks.")
@click.option("--secret", help="The token or signing secret that its callbacks prove; a new one if absent.")
@click.option("--addresses", default="", help="Blocks of addresses that may send, by comma; any if absent.")
@as_json
def create(*, name: str, dialect: str, secret: str | None, addresses: str, is_json: bool) -> None:
    """Take callbacks of a source, and print its address and its secret."""

    async def work(parts: Parts) -> None:
        made = await parts.inbox.create_source(
            name, dialect=dialect, actor=COMMAND_LINE, secret=secret, addresses=addresses
        )
        url = address_of(made, base_url=parts.settings.base_url)
        if is_json:
            print_json({"name": made.name, "dialect": made.dialect, "url": url, "secret": made.secret.reveal()})
        else:
            click.echo(f"url     {url}\nsecret  {made.secret.reveal()}")

    with_parts(work)


@source.command(name="list")
@as_json
def list_(*, is_json: bool) -> None:
    """List the sources that are taken."""
    found = with_parts(_all)
    if is_json:
        print_json([{"name": one.name, "dialect": one.dialect, "addresses": one.addresses} for one in found])
        return
    print_table(
        "name",
        "dialect",
        "made",
        "addresses",
        rows=[(one.name, one.dialect, shown_instant(one.created_at), one.addresses or "any") for one in found],
    )


@source.command()
@click.argument("name")
def end(*, name: str) -> None:
    """Take nothing more of a source; what it sent is kept."""
    with_parts(lambda parts: parts.inbox.end_source(name, actor=COMMAND_LINE))


async def _all(parts: Parts) -> list[Source]:
    found: list[Source] = []
    while step := await parts.inbox.sources.list(after=found[-1].name if found else "", most=_PAGE):
        found += step
    return found
