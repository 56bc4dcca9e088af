"""`tidings vault`: the keys that seal stored secrets."""

import rich_click as click
from rich.console import Console
from rich.progress import Progress

from tidings.app.parts import Parts
from tidings.cli.installation import COMMAND_LINE, with_parts
from tidings.cli.output import as_json, print_json
from tidings.core.errors import Conflict
from tidings.core.vault import new_key
from tidings.store.resealing import Resealed, Resealing


@click.group()
def vault() -> None:
    """Look after the keys that seal stored secrets."""


@vault.command()
def create_key() -> None:
    """Print a new key, to be put first in TIDINGS_SECRET_KEY or in `secret.key`. It is kept nowhere."""
    click.echo(new_key())


@vault.command()
@as_json
def reseal(*, is_json: bool) -> None:
    """Seal all stored secrets anew with the first key, so that the others may go; broken off, run it again.

    Servers may run meanwhile, if they have the same keys in the same order.
    """

    async def work(parts: Parts) -> Resealed:
        resealing = Resealing(parts.database, parts.vault, clock=parts.clock)
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("Sealing anew", total=await resealing.count())
            return await resealing.run(actor=COMMAND_LINE, progress=lambda number: progress.advance(task, number))

    done = with_parts(work)
    if is_json:
        print_json(done)
    else:
        click.echo(f"{done.rows} rows were sealed anew")
        for row in done.lost:
            click.echo(f"no key opens {row}", err=True)
    if done.left:
        raise Conflict(f"{done.left} rows were sealed with another key meanwhile; keep all keys, and run it again")
    if done.lost_count:
        raise Conflict(
            f"{done.lost_count} secrets are opened by none of these keys: put the key that sealed them behind the"
            " others and run it again, or set them anew; everything else is sealed with the first key"
        )
    if not is_json:
        click.echo("the keys behind the first one may go")
