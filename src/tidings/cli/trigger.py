"""`tidings trigger`: a sample event, published for real."""

import msgspec
import rich_click as click

from tidings.app.parts import Parts
from tidings.cli.group import OPERATOR
from tidings.cli.installation import COMMAND_LINE, with_parts
from tidings.cli.output import as_json, print_json
from tidings.core.errors import Invalid, NotFound
from tidings.core.event import ANY, Event, Subject
from tidings.core.identifier import outside
from tidings.core.json_text import read_object
from tidings.core.pattern import check_type
from tidings.outbox.publisher import Draft
from tidings.store.database import Kept


@click.command()
@click.argument("type_", metavar="TYPE")
@click.option(
    "--about", metavar="KIND:ID", help="What the event is about, like Group:3f2504e0…; the sample's own if absent."
)
@click.option("--data", help="The event's data, a JSON object; the sample's if absent.")
@as_json
def trigger(*, type_: str, about: str | None, data: str | None, is_json: bool) -> None:
    """Publish a sample event of a type; webhooks that listen to it are called as for any other event.

    Types that have no sample need --about and --data.
    """

    async def work(parts: Parts) -> tuple[Event, Kept]:
        event = _event(type_, parts, about=about, data=data)
        if about:
            await _must_be_there(event.subjects[0], parts)
        await parts.hub.directory.refresh()
        async with parts.hub.publisher.running():
            kept = await parts.hub.publisher.publish_one(Draft(event=event))
        await parts.access.audit(COMMAND_LINE, "event.triggered", about=outside(kept.id))
        await parts.database.ring("owed")
        return event, kept

    event, kept = with_parts(work)
    if is_json:
        print_json({"event_id": outside(kept.id), "deliveries": kept.deliveries})
    elif kept.deliveries:
        click.echo(f"{outside(kept.id)} goes to {kept.deliveries} webhook{'s' if kept.deliveries > 1 else ''}")
    else:
        about = " and ".join(f"{subject.kind} {subject.id}" for subject in event.subjects)
        click.echo(f"{outside(kept.id)} goes to no webhook: none hears of {event.type} about {about}")


async def _must_be_there(subject: Subject, parts: Parts) -> None:
    """Raise NotFound for a group, an action or a package that there is not."""
    try:
        await parts.workspace.rights.may_list(OPERATOR, subject)
    except NotFound as error:
        raise NotFound(f"--about {subject.kind}:{subject.id}: {error.message}") from error


def _event(type_: str, parts: Parts, *, about: str | None, data: str | None) -> Event:
    sample = parts.found.samples.get(type_)
    if sample is None and not (about and data):
        known = ", ".join(sorted(parts.found.samples))
        raise Invalid(f"there is no sample of {type_}; give --about and --data, or trigger one of {known}")
    sample = sample or Event(type=check_type(type_, place="TYPE"), subjects=(), data=b"{}", at=0)
    subjects = sample.subjects
    if about:
        kind, _, identifier = about.partition(":")
        if not kind or identifier in {"", ANY}:
            raise Invalid("--about: write KIND:ID, like Application:shop-1")
        subjects = (Subject(kind, identifier), *(one for one in subjects if one.kind != kind))
    # Without the sample's id: a receiver that remembers ids must not take the second one for a duplicate.
    return msgspec.structs.replace(
        sample,
        subjects=subjects,
        data=sample.data if data is None else _object(data),
        at=parts.clock.now(),
        wire_id="",
    )


def _object(text: str) -> bytes:
    octets = text.encode("utf-8", "surrogateescape")
    try:
        read_object(octets)
    except Invalid as error:
        raise Invalid(f"--data: expected a JSON object; {error.message}") from error
    return octets
