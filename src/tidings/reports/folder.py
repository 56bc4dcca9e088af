"""A folder of our own, for the files of one report while it is made."""

import asyncio
import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

_PREFIX = "tidings-report-"
_NAME = re.compile(rf"{_PREFIX}(\d+)-.*")


@contextlib.asynccontextmanager
async def folder_of_our_own() -> AsyncIterator[Path]:
    """An empty folder that nobody else may enter, gone afterwards with all that is in it."""
    folder = await asyncio.to_thread(tempfile.mkdtemp, prefix=f"{_PREFIX}{os.getpid()}-")
    try:
        yield Path(folder)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def remove_abandoned() -> None:
    """Remove the folders of processes that were killed: they are ours, and their process is gone. It blocks."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        found = _NAME.fullmatch(folder.name)
        with contextlib.suppress(OSError):  # somebody else removes it, too
            if found and folder.stat().st_uid == os.getuid() and not Path(f"/proc/{found[1]}").exists():
                shutil.rmtree(folder, ignore_errors=True)
