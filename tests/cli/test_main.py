"""The command line as a whole."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal

COMMANDS = ["serve", "worker", "demo", "listen", "trigger", "replay", "connector", "user", "person", "group", "token"]
COMMANDS += ["migrate", "backup", "restore", "doctor", "openapi", "bench", "version"]


def test_help_names_every_command_and_what_it_does(here: Terminal) -> None:
    said = here.says("--help")

    assert all(f" {command} " in said for command in COMMANDS)


def test_version_prints_the_version_alone(here: Terminal) -> None:
    assert here.says("version") == version("tidings")


def test_version_imports_neither_an_engine_nor_the_server(here: Terminal) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tidings", "version"],
        cwd=here.folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}

    assert "tidings.cli.main" in imported
    assert not imported & {"apsw", "asyncpg", "uvicorn", "cryptography", "asyncio"}


def test_the_installed_program_is_the_same(here: Terminal) -> None:
    program = Path(sys.executable).with_name("tidings")

    said = subprocess.run([program, "version"], cwd=here.folder, capture_output=True, text=True, check=True, timeout=30)

    assert said.stdout.strip() == version("tidings")


def test_what_was_not_understood_exits_with_2(here: Terminal) -> None:
    assert "No such command" in here.refuses("serv", status=2)
    assert "Missing option '--name'" in here.refuses("connector", "create", status=2)


def test_a_wrong_setting_is_told_in_one_sentence(here: Terminal) -> None:
    here.settings["TIDINGS_PORT"] = "many"

    assert here.refuses("connector", "list") == (
        "tidings: TIDINGS_PORT: write a whole number from 0 to 65535, not 'many'"
    )


def test_a_database_that_does_not_answer_is_told_in_one_sentence(here: Terminal, free_port: int) -> None:
    here.settings["TIDINGS_DATABASE"] = f"postgresql://ada:secret-word@127.0.0.1:{free_port}/tidings"

    said = here.refuses("connector", "list")

    assert said.count("\n") == 0
    assert "PostgreSQL" in said
    assert "secret-word" not in said


@pytest.mark.parametrize("engine", ["here", "postgresql"])
def test_migrate_says_what_it_ran_and_runs_it_once(engine: str, request: pytest.FixtureRequest) -> None:
    terminal: Terminal = request.getfixturevalue(engine)

    assert "0001_hub" in terminal.tells("migrate")
    assert terminal.tells("migrate") == []
    assert terminal.says("migrate") == "the database is up to date"
