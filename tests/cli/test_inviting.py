"""Telling whoever started a server how to become its owner."""

from pathlib import Path

import pytest

from tidings.app.compose import opened
from tidings.app.serve import Served
from tidings.app.settings import load
from tidings.cli.serve import invite


async def test_whoever_starts_a_server_that_is_nobodys_is_told_how_to_become_its_owner(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened(load({}, folder=tmp_path, database=f"sqlite:{tmp_path}/tidings.db")) as parts:
        await invite(Served(url="http://127.0.0.1:8080/", parts=parts))

    assert "Become its owner within a day: http://127.0.0.1:8080/" in capsys.readouterr().out


async def test_a_store_that_goes_away_right_after_the_start_ends_no_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened(load({}, folder=tmp_path, database=f"sqlite:{tmp_path}/tidings.db")) as parts:
        await parts.database.close()

        await invite(Served(url="http://127.0.0.1:8080/", parts=parts))

    assert capsys.readouterr().out == ""
