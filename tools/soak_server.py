"""The server of a soak: `tidings`, with a clock that is ahead by as many days as a file says."""

import mmap
import os
from pathlib import Path

from tidings.cli.main import main
from tidings.core.clock import DAY, Clock

# The environment's name of that file.
DAYS = "SOAK_DAYS"
# Its bytes: enough for a day a second, for hours.
_LENGTH = 4


def write_days(path: Path, days: int) -> None:
    """Move the clock of every server that reads the file."""
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(days.to_bytes(_LENGTH, "big"))


def move_clock(path: Path) -> None:
    """Have every clock of this process tell the time of that many days later. What is measured is not touched."""
    with path.open("rb") as file:
        days = mmap.mmap(file.fileno(), _LENGTH, access=mmap.ACCESS_READ)
    real = Clock.now

    def now(clock: Clock) -> int:
        return real(clock) + int.from_bytes(days[:], "big") * DAY

    Clock.now = now  # type: ignore[method-assign, assignment]  # whoever takes the time takes it there


if __name__ == "__main__":
    move_clock(Path(os.environ[DAYS]))
    main()
