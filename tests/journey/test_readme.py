"""The README and the first report, tried in a shell against `tidings serve`; its table against the settings."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from json import JSONDecoder
from pathlib import Path
from typing import Self

import pytest
from standardwebhooks import Webhook

from tidings.app.settings import Settings, variable

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text()
PROGRAMS = Path(sys.executable).parent


def commands(kind: str, *, text: str = TEXT) -> str:
    """The fenced blocks of a kind, as one script."""
    return "\n".join(re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


@pytest.fixture
def shell(tmp_path: Path, free_port: int) -> Iterator["Shell"]:
    with Shell(tmp_path, free_port) as shell:
        yield shell


class Shell:
    """A terminal in an empty folder, and another one in which the server runs."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TIDINGS_")}
        self._environ = clean | {"TIDINGS_PORT": str(port)}

    def __enter__(self) -> Self:
        self._server = subprocess.Popen(
            ["bash", "-ec", self._adapted(commands("sh server").replace("tidings serve", "exec tidings serve"))],
            cwd=self._folder,
            env=self._environ,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._server.stdout is not None
        assert "listens on" in self._server.stdout.readline()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.communicate(timeout=120)

    def run(self, script: str) -> str:
        """What a script prints. It ends at the first command that fails."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self._adapted(script)],
            cwd=self._folder,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _adapted(self, script: str) -> str:
        return script.replace("127.0.0.1:8080", f"127.0.0.1:{self._port}").replace("$PWD/.venv/bin", str(PROGRAMS))


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_walk_through_works_as_it_is_written(shell: Shell) -> None:
    printed = shell.run(commands("sh"))

    # The bin's answer is the one document that is printed over several lines.
    shown, _ = JSONDecoder().raw_decode(printed[printed.index('{\n    "requests"') :])
    [request] = shown["requests"]
    secret = re.search(r'"signingSecret":"(whsec_[^"]+)"', printed)
    assert secret is not None
    payload = Webhook(secret[1]).verify(request["body"], {name.lower(): value for name, value in request["headers"]})
    assert payload["data"] == {"text": "A message to test webhooks!"}
    assert payload["context"] == "my context"
    assert payload["fromUser"] == "+910000000001"
    assert printed.endswith('"deliveries":1,"duplicate":false}')


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_first_report_is_asked_for_as_it_is_written(shell: Shell) -> None:
    printed = shell.run(f"""
        export PATH="$PWD/.venv/bin:$PATH"
        {commands("sh", text=(ROOT / "docs/reports.md").read_text())}""")

    assert '"perPage":20' in printed


def test_the_table_of_settings_is_complete_and_right() -> None:
    written = re.findall(r"^\| `(TIDINGS_\w+)` \| (\S+) \| (.*) \|$", TEXT, re.MULTILINE)

    declared = [
        (
            variable(one.name),
            f"`{one.metadata['default']}`" if one.metadata["default"] else "none",
            one.metadata["meaning"],
        )
        for one in fields(Settings)
    ]
    assert written == declared
