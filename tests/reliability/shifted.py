"""Shifted: runs a Python module as a program whose clock on the wall is off by what a file says, in milliseconds.

The clock that counts since the machine was started is right, as on a machine whose time is set.
"""

import runpy
import sys
import time
from pathlib import Path


def main() -> None:
    """`shifted.py FILE PYTHON -m MODULE …`: what follows the file is the command as it would be without us."""
    file, _, _, module, *arguments = sys.argv[1:]
    right, shown = time.time_ns, Path(file)  # noqa: TID251 - it is what is shifted

    def shifted() -> int:
        return right() + int(shown.read_text("ascii")) * 1_000_000

    time.time_ns, time.time = shifted, lambda: shifted() / 1_000_000_000  # noqa: TID251 - as above
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


main()
