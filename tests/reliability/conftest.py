"""What trials need beyond an empty folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability.disk import Disk, small_disk
from tests.reliability.postgres import Postgres, started


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    with started(tmp_path / "postgresql") as one:
        yield one


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk") as one:
        yield one
