"""`tidings migrate`: the database's schema, brought up to date."""

import asyncio

import rich_click as click

from tidings.cli.installation import settings_of_here
from tidings.cli.output import as_json, print_json
from tidings.core.clock import Clock
from tidings.store.open import open_database


@click.command()
@as_json
def migrate(*, is_json: bool) -> None:
    """Bring the database up to date, under a lock. `tidings serve` does it at its start."""
    done = asyncio.run(_migrate())
    if is_json:
        print_json(done)
    else:
        click.echo("\n".join(done) or "the database is up to date")


async def _migrate() -> list[str]:
    database = await open_database(settings_of_here().database.reveal(), clock=Clock())
    try:
        return await database.migrate()
    finally:
        await database.close()
