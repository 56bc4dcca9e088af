"""The key that encrypts stored secrets: from the settings, or a file that only we may read."""

import contextlib
import os
import tempfile
from pathlib import Path

from tidings.core.errors import Invalid
from tidings.core.vault import Vault, new_key
from tidings.store.folder import make_folder, sync_names

FILE = "secret.key"


def open_vault(keys: str, *, folder: Path) -> Vault:
    """A vault on TIDINGS_SECRET_KEY (several keys, separated by commas), or on a key file made at first start."""
    if keys:
        return Vault([key.strip() for key in keys.split(",") if key.strip()])
    path = folder / FILE
    make_folder(folder)
    with contextlib.suppress(FileExistsError):
        _make(path)
    if path.stat().st_mode & 0o077:
        raise Invalid(f"{path} may be read by others; run: chmod 600 {path}")
    return Vault(path.read_text("ascii").split())


def _make(path: Path) -> None:
    # Written aside and linked into place: whoever starts at the same moment reads one whole key, and the same.
    with tempfile.NamedTemporaryFile("w", encoding="ascii", dir=path.parent) as file:  # made with mode 0600
        file.write(new_key() + "\n")
        file.flush()
        os.fsync(file.fileno())
        os.link(file.name, path)
    # What is encrypted with it may be on disk in a moment.
    sync_names(path.parent)
