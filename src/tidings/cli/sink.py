"""`tidings sink`: where rows are sent on."""

import rich_click as click

from tidings.app.compose import Parts
from tidings.cli.installation import COMMAND_LINE, with_parts
from tidings.cli.output import as_json, print_json, print_table
from tidings.store.sinks import Sink

_PAGE = 500


@click.group()
def sink() -> None:
    """Send rows on to other systems, as they are laid into the tables."""


@sink.command()
@click.option("--name", required=True, help="What it is called.")
@click.option("--table", default="", help="The table whose rows are sent; all tables if absent.")
@click.option("--source", default="", help="Only rows that come from this source; from any if absent.")
@click.option("--url", required=True, help="Where to: an https:// URL.")
@click.option("--token", help="Sent along as the header kz-callback-token.")
@as_json
def create(*, name: str, table: str, source: str, url: str, token: str | None, is_json: bool) -> None:
    """Send new and changed rows to a URL, and print the secret that they are signed with.

    Name a table, a source, or both.
    """

    async def work(parts: Parts) -> str:
        _, secret = await parts.passing.create(
            name, url=url, actor=COMMAND_LINE, table=table, source=source, token=token
        )
        return secret.text

    secret = with_parts(work)
    if is_json:
        print_json({"name": name, "table": table, "source": source, "url": url, "secret": secret})
    else:
        click.echo(f"secret  {secret}")


@sink.command(name="list")
@as_json
def list_(*, is_json: bool) -> None:
    """List the sinks, and whether they take what is sent."""
    found = with_parts(_all)
    if is_json:
        print_json(found)
        return
    print_table(
        "name",
        "table",
        "source",
        "url",
        "state",
        "why",
        rows=[
            (one["name"], one["table"] or "all", one["source"] or "any", one["url"], one["state"], one["why"])
            for one in found
        ],
    )


@sink.command()
@click.argument("name")
def resume(*, name: str) -> None:
    """Send again to a sink that was disabled because it took nothing: what was held and what failed, too."""

    async def work(parts: Parts) -> None:
        async with parts.hub.publisher.running():
            await parts.passing.resume(name)
        await parts.database.ring("owed")

    with_parts(work)


@sink.command()
@click.argument("name")
def end(*, name: str) -> None:
    """Send nothing more there, whatever still waits."""
    with_parts(lambda parts: parts.passing.end(name, actor=COMMAND_LINE))


async def _all(parts: Parts) -> list[dict[str, str]]:
    found: list[Sink] = []
    while step := await parts.passing.sinks.list(after=found[-1].name if found else "", most=_PAGE):
        found += step
    return [await _told(parts, one) for one in found]


async def _told(parts: Parts, one: Sink) -> dict[str, str]:
    webhook = await parts.passing.webhook(one)
    state = {"url": webhook.url, "state": str(webhook.state), "why": webhook.disabled_why} if webhook else {}
    return (
        {"name": one.name, "table": one.table, "source": one.source} | {"url": "", "state": "ended", "why": ""} | state
    )
