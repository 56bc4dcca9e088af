"""`tidings connector`: the programs that may use the API."""

import rich_click as click

from tidings.access.scope import GRANTED, PERMISSIONS, permissions_in, scopes_of
from tidings.app.parts import Parts
from tidings.cli.installation import COMMAND_LINE, with_parts
from tidings.cli.output import as_json, print_json, print_table, shown_instant
from tidings.store.connectors import Connector

_PAGE = 500


@click.group()
def connector() -> None:
    """Let programs use the API."""


@connector.command()
@click.option("--name", required=True, help="What people call the program.")
@click.option("--id", "identifier", help="Its application id; a new GUID if absent.")
@click.option("--secret", help="Its application secret; a random one if absent.")
@click.option("--scope", "scopes", multiple=True, help="What it may do; may be repeated. All but admin if absent.")
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    help=f"The same by Kaizala's names; may be repeated: {', '.join(PERMISSIONS)}.",
)
@click.option(
    "--redirect-uri",
    "redirect_uris",
    multiple=True,
    help="Where people who sign in through a browser are sent back to, to the letter; may be repeated.",
)
@as_json
def create(
    *,
    name: str,
    identifier: str | None,
    secret: str | None,
    scopes: tuple[str, ...],
    permissions: tuple[str, ...],
    redirect_uris: tuple[str, ...],
    is_json: bool,
) -> None:
    """Make a connector, and print its secret this once."""

    async def work(parts: Parts) -> None:
        wanted = {*scopes, *(scope for permission in permissions for scope in scopes_of(permission))}
        made = await parts.access.create_connector(
            name,
            actor=COMMAND_LINE,
            identifier=identifier,
            secret=secret,
            scopes=wanted or GRANTED,
            redirect_uris=redirect_uris,
        )
        if is_json:
            print_json({"id": made.id, "secret": made.secret, "name": name})
        else:
            click.echo(f"applicationId      {made.id}\napplicationSecret  {made.secret}")

    with_parts(work)


@connector.command(name="list")
@as_json
def list_(*, is_json: bool) -> None:
    """List the connectors, revoked ones too."""
    found = with_parts(_all)
    if is_json:
        print_json([_told(one) for one in found])
        return
    print_table(
        "id",
        "name",
        "made",
        "revoked",
        "permissions",
        rows=[
            (
                one.id,
                one.name,
                shown_instant(one.created_at),
                shown_instant(one.revoked_at) if one.revoked_at else "",
                ", ".join(permissions_in(one.scopes.split())),
            )
            for one in found
        ],
    )


@connector.command()
@click.argument("identifier", metavar="ID")
def revoke(*, identifier: str) -> None:
    """End a connector and its tokens for good, within a second on every node; what its webhooks are owed is held."""
    with_parts(lambda parts: parts.access.revoke_connector(identifier, actor=COMMAND_LINE))
    click.echo(f"revoked {identifier}")


async def _all(parts: Parts) -> list[Connector]:
    found = await parts.access.connectors(most=_PAGE)
    while found and (more := await parts.access.connectors(after=found[-1].id, most=_PAGE)):
        found += more
    return found


def _told(one: Connector) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "scopes": one.scopes.split(),
        "permissions": permissions_in(one.scopes.split()),
        "redirect_uris": one.redirect_uris.split(),
        "created_at": one.created_at,
        "revoked_at": one.revoked_at,
    }
