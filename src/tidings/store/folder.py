"""Folders and names in them that outlive a power cut: what was synced under a name that was not is lost with it."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from tidings.core.errors import Invalid


def make_folder(folder: Path) -> None:
    """Make a folder that only we may use, with those above it, if it is not there; synced. Raises Invalid."""
    new = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid(f"the folder {folder} cannot be made: {error.strerror}; make it, or name another") from error
    for one in new:
        sync_names(one.parent)


def sync_names(folder: Path) -> None:
    """Have the names in a folder on disk."""
    with _opened(folder) as descriptor:
        try:
            os.fsync(descriptor)
        except OSError as error:
            # Some network file systems cannot, and need not.
            if error.errno != errno.EINVAL:
                raise


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
