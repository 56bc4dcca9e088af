"""The demo as its users start it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

COUNTS = re.compile(r"(\d+) events accepted · (\d+) callbacks delivered · (\d+) retried · 0 lost\n$")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator["Demo"]:
    demo = Demo(tmp_path)
    yield demo
    demo.end()


class Demo:
    """Starts the demo as a process, in a folder and with a temporary folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tidings", "demo", *arguments],
            cwd=self._folder,
            env=os.environ | {"TMPDIR": str(self._folder)} | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self._process

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def test_the_demo_ends_by_itself_and_loses_nothing(demo: Demo, tmp_path: Path) -> None:
    process = demo.start("--for", "3s")

    printed, complaints = process.communicate(timeout=120)

    counts = COUNTS.search(printed)
    assert counts is not None
    assert all(int(count) > 0 for count in counts.groups())
    assert "→ archive   500" in printed
    assert "archive is active again" in printed
    assert re.search(r"^  messages +[1-9]", printed, re.MULTILINE)
    assert (process.returncode, complaints) == (0, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_demo_in_order(demo: Demo, number: signal.Signals) -> None:
    process = demo.start()
    assert process.stdout is not None
    assert any("→ dashboard 200" in line for line in iter(process.stdout.readline, ""))

    process.send_signal(number)
    printed, complaints = process.communicate(timeout=120)

    assert COUNTS.search(printed)
    assert (process.returncode, complaints) == (0, "")


def test_the_settings_of_an_installation_in_the_same_shell_are_left_alone(demo: Demo, tmp_path: Path) -> None:
    process = demo.start("--for", "1s", TIDINGS_DATABASE=f"sqlite:{tmp_path / 'precious.db'}", TIDINGS_PORT="nonsense")

    printed, _ = process.communicate(timeout=120)

    assert COUNTS.search(printed)
    assert not (tmp_path / "precious.db").exists()
