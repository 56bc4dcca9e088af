"""`tidings openapi`: the description of the API, without a server."""

import asyncio
import os
import tempfile
from pathlib import Path

import msgspec
import rich_click as click

from tidings.app.compose import opened
from tidings.app.front import front
from tidings.app.settings import load, variable


@click.command()
def openapi() -> None:
    """Print the API's OpenAPI 3.1 document."""
    click.echo(asyncio.run(_document()))


async def _document() -> bytes:
    with tempfile.TemporaryDirectory(prefix="tidings-") as folder:
        # The description is the same whatever is in the database: the installation's own is left alone.
        environ = os.environ | {variable("database"): f"sqlite:{Path(folder)}/tidings.db", variable("workers"): "1"}
        environ.pop(variable("secret_key"), None)
        async with opened(load(environ)) as parts:
            return msgspec.json.encode(front(parts).document())
