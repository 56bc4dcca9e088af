"""The demo's first screen: it fits, and what it invites to works as it is printed."""

import asyncio
import os
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.demo.conftest import CLOCK, House
from tidings.demo.screen import Screen
from tidings.demo.welcome import commands, welcome
from tidings.demo.work import Work

WIDTH = 80
# As long as the name of the folder that a demo makes.
FOLDER = "x" * 26


async def run(command: str) -> str:
    """What a command prints in a shell that knows of no installation."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TIDINGS_")}
    shell = ("bash", "-euc", command)
    done = await asyncio.to_thread(
        subprocess.run, shell, env=clean, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_no_line_is_wider_than_eighty_columns(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    # Where `make demo` runs.
    monkeypatch.chdir(Path(sys.executable).parents[2])
    file = StringIO()
    welcome(Screen(Console(file=file, width=WIDTH), clock=CLOCK), house.stage)

    lines = file.getvalue().replace(str(house.stage.parts.settings.data_folder), FOLDER).splitlines()

    assert [line for line in lines if len(line) > WIDTH] == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_every_command_does_what_it_is_for(house: House) -> None:
    work = Work(house.stage, screen=house.screen)
    for _ in range(4):
        await work.step()
    await house.becomes(lambda tally: not tally.waiting)

    post, see, orders, tables, enter = commands(house.stage).values()
    posted = await run(post)
    await house.becomes(lambda tally: house.heard("dashboard")["TextMessageCreated"] == 1 and not tally.waiting)

    assert "referenceId" in posted
    assert '\\"text\\":\\"Hello\\"' in await run(see)
    assert "Harbour Stores" in await run(orders)
    assert "responses_orderformdemo" in await run(tables)
    assert f"{house.stage.parts.settings.base_url}console/first/" in await run(enter)
