"""`tidings group`: groups of people."""

import rich_click as click

from tidings.access.scope import ALL
from tidings.app.parts import Parts
from tidings.cli.installation import COMMAND_LINE, with_parts
from tidings.cli.output import as_json, print_json
from tidings.core.caller import Caller, TokenKind
from tidings.store.groups import Group
from tidings.workspace.groups import NewGroup

# Whoever can open the database may do anything.
OPERATOR = Caller(connector="", kind=TokenKind.TENANT, scopes=frozenset(ALL))


@click.group()
def group() -> None:
    """Make groups."""


@group.command()
@click.option("--name", required=True, help="What the group is called.")
@click.option("--admin", "admins", required=True, multiple=True, help="An admin's phone number; may be repeated.")
@click.option("--member", "members", multiple=True, help="A member's phone number; may be repeated.")
@click.option("--id", "identifier", help="The group's id; a new GUID if absent.")
@as_json
def create(
    *, name: str, admins: tuple[str, ...], members: tuple[str, ...], identifier: str | None, is_json: bool
) -> None:
    """Make a group. Numbers that are new become people, who can sign in from then on."""

    async def work(parts: Parts) -> Group:
        new = NewGroup(name=name, admins=admins, members=members, id=identifier)
        made = await parts.workspace.groups.create(OPERATOR, new)
        await parts.access.audit(COMMAND_LINE, "group.created", about=made.id)
        return made

    made = with_parts(work)
    if is_json:
        print_json({"id": made.id, "name": made.name})
    else:
        click.echo(made.id)
