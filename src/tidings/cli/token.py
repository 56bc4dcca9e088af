"""`tidings token`: tokens and keys, made and taken away by hand."""

import sys

import rich_click as click

from tidings.app.parts import Parts
from tidings.cli.group import OPERATOR
from tidings.cli.installation import COMMAND_LINE, with_parts
from tidings.cli.output import as_json, print_json, print_table, shown_instant
from tidings.core.caller import TokenKind
from tidings.core.duration import parse_duration
from tidings.core.errors import NotFound
from tidings.store.connectors import Connectors
from tidings.store.tokens import Key

# Characters of a key's hash, enough to tell keys apart.
_SHORT = 12


@click.group()
def token() -> None:
    """Give tokens, and take them away."""


@token.command()
@click.option("--connector", required=True, help="The application id of the connector whose token it is.")
@click.option("--user", "phone", help="The phone number of the person who acts, as what they are in each group.")
@click.option("--group", "group", help="The id of the group in which it acts as an admin, and in those beneath.")
@click.option(
    "--tenant", "is_tenant", is_flag=True, help="It acts as an admin everywhere, for --user if given; as without both."
)
@click.option("--static", "is_static", is_flag=True, help="A key that is accepted as it is, until it is revoked.")
@click.option("--scope", "scopes", multiple=True, help="With --static: what it may do; may be repeated.")
@click.option("--expires-in", "life", help="With --static: how long it is good, like 90d; for ever if absent.")
@as_json
def create(
    *,
    connector: str,
    phone: str | None,
    group: str | None,
    is_tenant: bool,
    is_static: bool,
    scopes: tuple[str, ...],
    life: str | None,
    is_json: bool,
) -> None:
    """Print a refresh token, which GET /v1/accessToken takes; or with --static a key, which the API takes as Bearer."""
    if (scopes or life) and not is_static:
        raise click.UsageError("--scope and --expires-in go with --static; a refresh token has its connector's scopes")
    if group and (phone or is_static or is_tenant):
        raise click.UsageError("--group makes a token of its own kind; leave out --user, --tenant and --static")
    if is_tenant and is_static:
        raise click.UsageError("--tenant makes a refresh token; a key for everything has --static --scope admin")

    async def work(parts: Parts) -> dict[str, object]:
        if is_static:
            life_ms = parse_duration(life) if life else None
            key = await parts.access.create_key(
                connector, actor=COMMAND_LINE, scopes=scopes, phone=phone, life_ms=life_ms
            )
            return {"token": key}
        if group:
            await parts.workspace.groups.get(OPERATOR, group)
        kind = TokenKind.GROUP if group else TokenKind.USER if phone and not is_tenant else TokenKind.TENANT
        made = await parts.access.create_refresh_token(
            connector, actor=COMMAND_LINE, kind=kind, phone=phone, group=group or ""
        )
        return {"token": made.token, "expires_at": made.expires_at, "scopes": made.scopes}

    made = with_parts(work)
    if is_json:
        print_json(made)
    else:
        click.echo(made["token"])


@token.command(name="list")
@click.option("--connector", required=True, help="The application id of the connector whose keys are listed.")
@as_json
def list_(*, connector: str, is_json: bool) -> None:
    """List a connector's keys with when they were last used, to the minute; the keys themselves are kept nowhere."""

    async def work(parts: Parts) -> list[Key]:
        if await Connectors(parts.database).get(connector) is None:
            raise NotFound(f"there is no connector {connector}; see `tidings connector list`")
        found: list[Key] = []
        while more := await parts.access.keys(connector, after=found[-1] if found else None):
            found += more
        return found

    keys = with_parts(work)
    if is_json:
        print_json(keys)
        return
    print_table(
        "key",
        "made",
        "last used",
        "good until",
        "revoked",
        "scopes",
        rows=[
            (
                key.hash[:_SHORT],
                shown_instant(key.created_at),
                shown_instant(key.used_at) if key.used_at else "never",
                shown_instant(key.expires_at) if key.expires_at else "revoked",
                shown_instant(key.revoked_at) if key.revoked_at else "",
                key.scopes,
            )
            for key in keys
        ],
    )


@token.command()
@click.argument("token", default="-")
def revoke(*, token: str) -> None:
    """End a token or key, within a second on every node; without one it is read from the input."""
    text = sys.stdin.readline().strip() if token == "-" else token  # noqa: S105 - the sign for the input
    with_parts(lambda parts: parts.access.revoke_token(text, actor=COMMAND_LINE))
    click.echo("revoked")
