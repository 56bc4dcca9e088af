"""`tidings pull`: what is fetched at intervals, because nobody pushes it, or not all of it."""

import rich_click as click

from tidings.app.parts import Parts
from tidings.cli.installation import COMMAND_LINE, with_parts
from tidings.cli.output import as_json, print_json, print_table, shown_instant
from tidings.core.duration import parse_duration
from tidings.core.errors import Unavailable
from tidings.store.pulls import Pull

_PAGE = 500


@click.group()
def pull() -> None:
    """Fetch groups, members, actions and responses of a source at intervals, through its API.

    Messages cannot be read back there: only callbacks bring them.
    """


@pull.command()
@click.option("--source", required=True, help="The source that it belongs to; make one with `tidings source create`.")
@click.option("--name", help="What it is called; as its source if absent.")
@click.option("--remote", required=True, help="The base URL of the API, in front of v1/.")
@click.option("--application-id", required=True, help="The connector's id there.")
@click.option("--secret", required=True, help="The connector's secret.")
@click.option("--refresh-token", required=True, help="A token of an admin of the group, or of the group itself.")
@click.option("--group", required=True, help="The group's id there.")
@click.option("--every", default="5m", show_default=True, help="How often: 10s, 5m, 1h, 1d.")
@as_json
def create(
    *,
    source: str,
    name: str | None,
    remote: str,
    application_id: str,
    secret: str,
    refresh_token: str,
    group: str,
    every: str,
    is_json: bool,
) -> None:
    """Fetch a group from now on; a server with the role `pull` does it."""

    async def work(parts: Parts) -> Pull:
        return await parts.pulling.create(
            name or source,
            source=source,
            remote=remote,
            application=application_id,
            secret=secret,
            refresh_token=refresh_token,
            group=group,
            every_ms=parse_duration(every),
            actor=COMMAND_LINE,
        )

    made = with_parts(work)
    if is_json:
        print_json(_told(made))
    else:
        click.echo(f"pull {made.name} fetches {made.group} from {made.remote} every {every}")


@pull.command(name="list")
@as_json
def list_(*, is_json: bool) -> None:
    """List what is fetched: when it was last, when it will be, and what went wrong."""
    found = with_parts(_all)
    if is_json:
        print_json([_told(one) for one in found])
        return
    print_table("name", "source", "group", "last", "next", "receipts", "error", rows=[_shown(one) for one in found])


@pull.command()
@click.argument("name")
def run(*, name: str) -> None:
    """Fetch one now, whether or not it is due, and lay flat what it brings."""

    async def work(parts: Parts) -> tuple[Pull, int]:
        after = await parts.pulling.run_now(name)
        while await parts.inbox.laying.step():
            continue
        return after, parts.pulling.pulled

    after, number = with_parts(work)
    if after.error:
        raise Unavailable(f"{number} receipts were fetched, then {after.error}")
    click.echo(f"{number} receipts were fetched")


@pull.command()
@click.argument("name")
def end(*, name: str) -> None:
    """Fetch it no more, and forget its secrets; what was fetched is kept."""
    with_parts(lambda parts: parts.pulling.end(name, actor=COMMAND_LINE))


async def _all(parts: Parts) -> list[Pull]:
    found: list[Pull] = []
    while step := await parts.pulling.pulls.list(after=found[-1].name if found else "", most=_PAGE):
        found += step
    return found


def _shown(one: Pull) -> tuple[str, ...]:
    last = shown_instant(one.succeeded_at) if one.succeeded_at else "never"
    return one.name, one.source, one.group, last, shown_instant(one.next_at), str(one.pulled), one.error


def _told(one: Pull) -> dict[str, str | int]:
    return {
        "name": one.name,
        "source": one.source,
        "remote": one.remote,
        "group": one.group,
        "everyMs": one.every_ms,
        "lastAt": one.succeeded_at,
        "nextAt": one.next_at,
        "receipts": one.pulled,
        "failures": one.failures,
        "error": one.error,
    }
