"""Terminals on a database of either engine, or on SQLite alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal
from tidings.core.vault import new_key


@pytest.fixture
def terminal(tmp_path: Path, database_url: str) -> Terminal:
    """Once for each engine."""
    return Terminal(folder=tmp_path, settings={"TIDINGS_DATABASE": database_url, "TIDINGS_SECRET_KEY": new_key()})


@pytest.fixture
def postgresql(tmp_path: Path, new_postgresql_database: Callable[[], str]) -> Terminal:
    """On PostgreSQL alone."""
    return Terminal(
        folder=tmp_path, settings={"TIDINGS_DATABASE": new_postgresql_database(), "TIDINGS_SECRET_KEY": new_key()}
    )


@pytest.fixture
def here(tmp_path: Path) -> Terminal:
    """With no settings at all, as on the first day."""
    return Terminal(folder=tmp_path)
