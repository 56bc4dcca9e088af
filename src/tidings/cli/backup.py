"""`tidings backup`: a copy of the database, taken while it is in use."""

import os
import tempfile
from pathlib import Path

import rich_click as click
from rich.console import Console
from rich.progress import Progress

from tidings.app.secret_key import FILE as KEY_FILE
from tidings.cli.installation import settings_of_here
from tidings.cli.output import as_json, print_json
from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.store.folder import sync_names
from tidings.store.sqlite.copy import copy_store


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@as_json
def backup(*, path: Path, is_json: bool) -> None:
    """Copy the database to a new file, as it is at this moment, while the server runs.

    Keep the secret key as well, in another place: without it the copy's secrets cannot be opened.
    """
    source = sqlite_path("backup")
    if not source.is_file():
        raise NotFound(f"there is no database at {source} yet; TIDINGS_DATABASE names another")
    if path.exists():
        raise Conflict(f"{path} is there already; name a new file")
    if not path.parent.is_dir():
        raise Invalid(f"there is no folder {path.parent}; make it, or name another")
    # Written aside and linked into place: what bears the name is whole, and nobody's file is written over.
    with tempfile.TemporaryDirectory(prefix=".tidings-backup-", dir=path.parent) as folder:
        copy = Path(folder) / "copy.db"
        copy.touch(mode=0o600)
        with Progress(transient=True, console=Console(stderr=True)) as progress:
            task = progress.add_task("copying", total=1.0)
            copy_store(str(source), target=str(copy), progress=lambda done: progress.update(task, completed=done))
        try:
            os.link(copy, path)
            sync_names(path.parent)
        except FileExistsError as error:
            raise Conflict(f"{path} is there already; name a new file") from error
    size = path.stat().st_size
    if is_json:
        print_json({"path": str(path), "bytes": size})
        return
    click.echo(f"copied {size / 1e6:,.1f} MB to {path}")
    key = source.parent / KEY_FILE
    click.echo(f"keep the secret key as well: {key if key.is_file() else 'TIDINGS_SECRET_KEY'}", err=True)


def sqlite_path(command: str) -> Path:
    """The file of the installation's database. Raises Invalid if it is on PostgreSQL, saying what to do there."""
    engine, _, path = settings_of_here().database.reveal().partition(":")
    if engine != "sqlite":
        tool = {"backup": "pg_dump", "restore": "pg_restore"}[command]
        raise Invalid(f"tidings {command} is for SQLite; on PostgreSQL use {tool}, as docs/postgresql.md shows")
    return Path(path)
