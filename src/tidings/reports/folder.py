"""A folder of our own, for the files of one report while it is made."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path


@contextlib.asynccontextmanager
async def folder_of_our_own() -> AsyncIterator[Path]:
    """An empty folder that nobody else may enter, gone afterwards with all that is in it."""
    folder = await asyncio.to_thread(tempfile.mkdtemp, prefix="tidings-report-")
    try:
        yield Path(folder)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
