"""Folder: a directory of this machine, or a share that is mounted there."""

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from ..failure import Later, Misconfigured
from ..publication import Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """`path` must be there: a share that is not mounted is not filled behind its back."""

    path: str

    def __post_init__(self) -> None:
        if not Path(self.path).is_absolute():
            raise Misconfigured("path must be absolute, as /srv/reports is")

    def publish(self, publication: Publication) -> str:
        """In one step: nobody sees half a file."""
        file = publication.file()
        there = Path(self.path) / file.name
        coming = there.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with file.path.open("rb") as source, coming.open("xb") as target:
                shutil.copyfileobj(source, target)
                target.flush()
                os.fsync(target.fileno())
            coming.replace(there)
        except OSError as error:
            raise Later(f"{self.path} cannot be written: {error.strerror}") from error
        finally:
            coming.unlink(missing_ok=True)
        return str(there)
