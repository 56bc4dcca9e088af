"""What a report is made in is gone afterwards, also when its process could not see to it."""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tidings.reports.folder import folder_of_our_own, remove_abandoned


async def test_folders_of_processes_that_are_gone_are_removed_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone = await asyncio.to_thread(subprocess.check_output, [sys.executable, "-c", "import os; print(os.getpid())"])
    abandoned, foreign = tmp_path / f"tidings-report-{int(gone)}-x", tmp_path / "tidings-report-of-somebody"
    for folder in (abandoned, foreign):
        folder.mkdir()
        (folder / "report.csv").write_text("a")

    async with folder_of_our_own() as ours:
        remove_abandoned()
        is_there = ours.is_dir()

    assert is_there
    assert not ours.exists()
    assert not abandoned.exists()
    assert foreign.exists()
