"""Disk: a small one that can be filled up; without the right to mount one, a limit on what a process may write."""

import contextlib
import errno
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

SIZE = "24m"  # a log that has levelled off, a few thousand events, and room to spare
_BLOCK = bytes(4_096)


class Disk(Protocol):
    folder: Path

    def fill(self, pid: int) -> None:
        """Leave no room to that process."""
        ...

    def free(self, pid: int) -> None:
        """Make room again."""
        ...


class SmallDisk:
    """A file system of its own, in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filling = folder / "filling"

    def fill(self, pid: int) -> None:
        del pid
        with self._filling.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(_BLOCK)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self, pid: int) -> None:
        del pid
        self._filling.unlink()


class LimitedWrites:
    """No file of the process may become longer than the longest is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, pid: int) -> None:
        longest = max(file.stat().st_size for file in self.folder.glob("tidings.db*"))
        self._limit(pid, longest)

    def free(self, pid: int) -> None:
        self._limit(pid, resource.RLIM_INFINITY)

    def _limit(self, pid: int, size: int) -> None:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    folder.mkdir()
    if not _is_mounted(folder):
        yield LimitedWrites(folder)
        return
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def _is_mounted(folder: Path) -> bool:
    mount = ("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tidings", str(folder))
    return os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0
