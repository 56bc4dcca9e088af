"""`tidings replay`: what was owed to a webhook, owed again."""

import rich_click as click

from tidings.app.parts import Parts
from tidings.cli.installation import COMMAND_LINE, with_parts
from tidings.cli.instant import read_instant
from tidings.cli.output import as_json, print_json
from tidings.core.delivery import FINAL, State
from tidings.core.errors import NotFound
from tidings.store.audit import audited


@click.command()
@click.argument("webhook")
@click.option(
    "--since",
    required=True,
    help="From when: 2h for two hours ago, a time like 2026-01-31T09:00:00Z, or epoch milliseconds.",
)
@click.option("--until", help="Up to when, spelled the same way; until now if absent.")
@click.option("--event", "types", multiple=True, help="Only events of this type; may be repeated.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(sorted(state.value for state in FINAL)),
    default=[State.FAILED.value],
    show_default=True,
    help="Only deliveries that ended so; may be repeated.",
)
@as_json
def replay(
    *, webhook: str, since: str, until: str | None, types: tuple[str, ...], states: tuple[str, ...], is_json: bool
) -> None:
    """Deliver again, oldest first, what a webhook was sent or should have been sent."""

    async def work(parts: Parts) -> int:
        now = parts.clock.now()
        subscription = await parts.subscriptions.get(webhook)
        if subscription is None:
            raise NotFound(f"there is no webhook {webhook}; list those of an object with GET /v1/webhook")
        count = await parts.history.replay(
            subscription.number,
            since=read_instant(since, now=now, option="--since"),
            until=None if until is None else read_instant(until, now=now, option="--until"),
            types=types,
            states=tuple(map(State, states)),
            also=(audited(actor=COMMAND_LINE, action="webhook.replayed", about=webhook, at=now),),
        )
        await parts.database.ring("owed")
        return count

    count = with_parts(work)
    if is_json:
        print_json({"deliveries": count})
    else:
        click.echo(f"{count:,} deliveries are owed again")
