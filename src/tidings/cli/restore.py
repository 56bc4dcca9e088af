"""`tidings restore`: a backup, put in the place of the database."""

import asyncio
import dataclasses
import shutil
import tempfile
from pathlib import Path

import rich_click as click
from rich.console import Console
from rich.progress import Progress

from tidings.app.compose import opened
from tidings.app.secret_key import FILE as KEY_FILE
from tidings.app.settings import Settings
from tidings.cli.backup import sqlite_path
from tidings.cli.installation import settings_of_here
from tidings.core.errors import Conflict, Invalid
from tidings.core.secret import Secret
from tidings.store.folder import make_folder
from tidings.store.sqlite.copy import copy_store, is_store
from tidings.store.sqlite.lock import ServingLock


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--replace", is_flag=True, help="Replace the database that is there.")
def restore(*, path: Path, replace: bool) -> None:
    """Put a backup in the place of the database; no server may run on it meanwhile.

    What was delivered since the backup was made is delivered again.
    """
    target = sqlite_path("restore")
    if target.exists() and not replace:
        raise Conflict(f"there is a database at {target}; give --replace to lose what is in it")
    make_folder(target.parent)
    lock = ServingLock(str(target))
    try:
        with (
            tempfile.TemporaryDirectory(prefix=".tidings-restore-", dir=target.parent) as folder,
            Progress(transient=True, console=Console(stderr=True)) as progress,
        ):
            task = progress.add_task("restoring", total=1.0)
            # On trial first, in a copy: a backup that cannot be used changes nothing.
            trial = shutil.copyfile(path, Path(folder) / "trial.db")
            _check(trial, path=path, target=target)
            copy_store(str(trial), target=str(target), progress=lambda done: progress.update(task, completed=done))
    finally:
        lock.close()
    click.echo(f"restored {target}")


def _check(trial: Path, *, path: Path, target: Path) -> None:
    """Raises Invalid if it is no backup of ours, or the key that is here does not open its secrets."""
    if not is_store(trial):
        raise Invalid(f"{path} is no backup of Tidings, or it is damaged; name a file that `tidings backup` made")
    settings = settings_of_here()
    key = target.parent / KEY_FILE
    if not settings.secret_key and not key.is_file():
        raise Invalid(f"the key of this backup is missing; put it into {key}, or into TIDINGS_SECRET_KEY")
    secret_key = settings.secret_key or Secret(",".join(key.read_text("ascii").split()))
    asyncio.run(_open(dataclasses.replace(settings, database=Secret(f"sqlite:{trial}"), secret_key=secret_key)))


async def _open(settings: Settings) -> None:
    async with opened(settings):
        pass
