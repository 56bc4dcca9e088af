"""`tidings sink`: where rows are sent on."""

from typing import Any

import rich_click as click

from tidings.app.parts import Parts
from tidings.cli.installation import COMMAND_LINE, with_parts
from tidings.cli.output import as_json, print_json, print_table
from tidings.core.errors import Invalid
from tidings.core.secret import Secret
from tidings.dashboards.carrying import AUTHORITY, GRAPH, ListAddress
from tidings.store.sinks import Sink

_PAGE = 500


@click.group()
def sink() -> None:
    """Send rows on to other systems, as they are laid into the tables."""


@sink.command()
@click.option("--name", required=True, help="What it is called.")
@click.option("--table", default="", help="The table whose rows are sent; all tables if absent.")
@click.option("--source", default="", help="Only rows that come from this source; from any if absent.")
@click.option("--to", type=click.Choice(["url", "sharepoint"]), default="url", show_default=True, help="What it is.")
@click.option("--url", default="", help="Where to: an https:// URL.")
@click.option("--token", help="Sent along to the URL as the header kz-callback-token.")
@click.option("--tenant", default="", help="SharePoint: the directory (tenant) ID.")
@click.option("--client-id", "client", default="", help="SharePoint: the application (client) ID.")
@click.option("--client-secret", "secret", type=Secret, default="", help="SharePoint: the application's secret.")
@click.option("--site", default="", help="SharePoint: the site's id, or HOST:/sites/NAME:")
@click.option("--list", "list_id", default="", help="SharePoint: the list's id.")
@click.option("--authority", default=AUTHORITY, show_default=True, help="SharePoint: who gives tokens.")
@click.option("--graph", default=GRAPH, show_default=True, help="SharePoint: where Microsoft Graph is.")
@as_json
def create(
    *,
    name: str,
    table: str,
    source: str,
    to: str,
    url: str,
    token: str | None,
    list_id: str,
    is_json: bool,
    **entry: Any,  # noqa: ANN401 - the options of a list, as they are called there
) -> None:
    """Send new and changed rows to a URL, and print the secret that they are signed with; or keep them in a list.

    Name a table, a source, or both; for a list, a table.
    """
    place = _place(to, url, entry=entry | {"list": list_id})

    async def work(parts: Parts) -> str:
        _, secret = await parts.passing.create(
            name, to=place, actor=COMMAND_LINE, table=table, source=source, token=token
        )
        return secret.text

    secret = with_parts(work)
    made = {"name": name, "table": table, "source": source}
    if isinstance(place, ListAddress):
        told, line = made | {"url": place.url}, f"the rows of {table} go to {place.url}"
    else:
        told, line = made | {"url": url, "secret": secret}, f"secret  {secret}"
    if is_json:
        print_json(told)
    else:
        click.echo(line)


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
            await parts.passing.resume(name, actor=COMMAND_LINE)
        await parts.database.ring("owed")

    with_parts(work)


@sink.command()
@click.argument("name")
def end(*, name: str) -> None:
    """Send nothing more there, whatever still waits."""
    with_parts(lambda parts: parts.passing.end(name, actor=COMMAND_LINE))


def _place(to: str, url: str, *, entry: dict[str, Any]) -> str | ListAddress:
    if to == "sharepoint":
        if url:
            raise Invalid("--url: a list of SharePoint is named by --site and --list; leave it out")
        return ListAddress(**entry)
    if any(value for name, value in entry.items() if name not in {"authority", "graph"}):
        raise Invalid("--tenant, --client-id, --client-secret, --site and --list belong to --to sharepoint")
    return url


async def _all(parts: Parts) -> list[dict[str, str]]:
    found: list[Sink] = []
    while step := await parts.passing.sinks.list(after=found[-1].name if found else "", most=_PAGE):
        found += step
    return [await _told(parts, one) for one in found]


async def _told(parts: Parts, one: Sink) -> dict[str, str]:
    webhook = await parts.passing.webhook(one)
    state = {}
    if webhook:
        held = "held" if webhook.unopened else str(webhook.state)
        state = {"url": webhook.url, "state": held, "why": webhook.disabled_why or webhook.unopened}
    return (
        {"name": one.name, "table": one.table, "source": one.source} | {"url": "", "state": "ended", "why": ""} | state
    )
