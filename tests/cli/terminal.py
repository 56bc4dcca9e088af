"""A terminal: `tidings` as a process, in a folder and an environment of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tidings.core.clock import Clock

T = TypeVar("T")

PROGRAM = [sys.executable, "-m", "tidings"]
# Seconds. A hang must not outlive the test's own limit, which could not end the process.
LONGEST_S = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Where commands are typed; `settings` are variables beside the test's own environment."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever that is."""
        return subprocess.run(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=self._environ(),
            input=typed,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )

    def in_shell(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a line of the shell, in which `"$0"` is Python."""
        return subprocess.run(
            ["sh", "-c", line, sys.executable],
            cwd=self.folder,
            env=self._environ(),
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )

    def says(self, *arguments: str, typed: str = "") -> str:
        """What a command prints that succeeds."""
        done = self.run(*arguments, typed=typed)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def tells(self, *arguments: str) -> Any:  # noqa: ANN401 - any JSON
        """What a command prints for programs."""
        return json.loads(self.says(*arguments, "--json"))

    def refuses(self, *arguments: str, status: int = 1) -> str:
        """The sentence with which a command fails; nothing else is printed."""
        done = self.run(*arguments)
        assert done.returncode == status, done.stdout + done.stderr
        assert not done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr.strip()

    def refuses_after_log(self, *arguments: str) -> str:
        """As `refuses`, of a command that logs on the same channel before it fails: the last line."""
        return self.refuses(*arguments).splitlines()[-1]

    @contextlib.contextmanager
    def running(self, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
        """A command that goes on by itself; in the end it is told to stop, and must do so in good order."""
        with (
            (self.folder / "log").open("w") as log,
            subprocess.Popen(
                [*PROGRAM, *arguments],
                cwd=self.folder,
                env=self._environ(),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(LONGEST_S)
                finally:
                    process.kill()

    @contextlib.contextmanager
    def serving(self) -> Iterator[str]:
        """A server on a free port; its URL, which ends in `/`."""
        with self.running("serve", "--port", "0") as process:
            yield line_of(process).split()[-1]
        assert process.returncode == 0

    def _environ(self) -> dict[str, str]:
        rest = {name: value for name, value in os.environ.items() if not name.startswith("TIDINGS_")}
        return rest | {"COLUMNS": "200"} | self.settings


def line_of(process: "subprocess.Popen[str]") -> str:
    """The next line that is not empty. Fails if there is none."""
    assert process.stdout is not None
    line = next((line.strip() for line in process.stdout if line.strip()), None)
    assert line is not None, "it ended without a word"
    return line


def eventually(condition: Callable[[], T]) -> T:
    """Wait until a condition holds; what it gives then."""
    pause, ends_at = threading.Event(), Clock().monotonic() + LONGEST_S
    while not (found := condition()):
        assert Clock().monotonic() < ends_at, "what was waited for did not happen"
        pause.wait(0.05)
    return found
