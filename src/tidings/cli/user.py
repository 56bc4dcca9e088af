"""`tidings user`: people who may sign in."""

import rich_click as click

from tidings.app.parts import Parts
from tidings.cli.installation import COMMAND_LINE, with_parts
from tidings.cli.output import as_json, print_json
from tidings.core.event import Actor


@click.group()
def user() -> None:
    """Let people sign in."""


@user.command()
@click.option("--phone", required=True, help="The number by which the person signs in, like +910000000001.")
@click.option("--name", required=True, help="What the person is called.")
@click.option("--id", "identifier", help="The person's id; a new GUID if absent.")
@click.option("--picture", default="", help="The URL of a picture.")
@as_json
def create(*, phone: str, name: str, identifier: str | None, picture: str, is_json: bool) -> None:
    """Make a person, or give a name to one who was only a member of a group."""

    async def work(parts: Parts) -> Actor:
        return await parts.access.create_person(
            phone, actor=COMMAND_LINE, name=name, picture=picture, identifier=identifier
        )

    person = with_parts(work)
    if is_json:
        print_json({"id": person.id, "phone": person.phone, "name": person.name})
    else:
        click.echo(person.id)


@user.command()
@click.argument("phone")
@as_json
def pin(*, phone: str, is_json: bool) -> None:
    """Print the PIN that waits for a person, alone."""
    waiting = with_parts(lambda parts: parts.access.waiting_pin(phone))
    if is_json:
        print_json({"pin": waiting})
    else:
        click.echo(waiting)
