"""Power: a forgetful disk, and what can happen to it. Where none may be mounted its tests are reported as not run."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from ctypes.util import find_library
from pathlib import Path
from typing import IO

import pytest

_ROOT = Path(__file__).parents[2]
_DEVICE = Path("/dev/fuse")


class ForgetfulDisk:
    """Mounted at `folder`."""

    def __init__(self, folder: Path, *, said: IO[str]) -> None:
        self.folder = folder
        self._said = said

    async def cut(self, *, torn: int | None = None) -> None:
        """What was not synced is gone; with the seed `torn`, some of it. Nobody may have files open any more."""
        seed = b"" if torn is None else str(torn).encode()
        await asyncio.to_thread(self._cut, seed)

    def set_read_only(self, *, on: bool) -> None:
        """As a kernel does that has seen errors: for those too who have files open."""
        os.setxattr(self.folder, "user.read-only", b"on" if on else b"off")

    def _cut(self, seed: bytes) -> None:
        os.setxattr(self.folder, "user.cut", seed)
        _unmount(self.folder)
        assert self._said.readline() == "mounted\n"


@contextlib.contextmanager
def forgetful_disk(folder: Path) -> Iterator[ForgetfulDisk]:
    if not os.access(_DEVICE, os.R_OK | os.W_OK):
        pytest.skip(f"not run: {_DEVICE} is missing, or not ours to use")
    if find_library("fuse3") is None:
        pytest.skip("FUSE is not installed; tools/test-machine installs it from Debian")
    folder.mkdir()
    command = [sys.executable, "-m", "tests.reliability.forgetful", str(folder)]
    with subprocess.Popen(
        command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as serving:
        assert serving.stdout is not None
        assert serving.stderr is not None
        if not serving.stdout.readline():
            error = serving.stderr.read()
            if "Operation not permitted" in error:
                pytest.skip("not run: mounting is not allowed here")
            pytest.fail(error)
        try:
            yield ForgetfulDisk(folder, said=serving.stdout)
        finally:
            os.setxattr(folder, "user.end", b"")
            _unmount(folder)


def _unmount(folder: Path) -> None:
    subprocess.run(["fusermount3", "-u", "-z", folder], check=True)
