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


def test_the_version_is_told_by_an_option_too(here: Terminal) -> None:
    assert here.says("--version") == version("tidings")


def test_version_imports_neither_an_engine_nor_the_server(here: Terminal) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tidings", "version"],
        cwd=here.folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}

    assert "tidings.cli.main" in imported
    assert not imported & {"apsw", "asyncpg", "uvicorn", "cryptography", "asyncio"}


def test_the_installed_program_is_the_same(here: Terminal) -> None:
    program = Path(sys.executable).with_name("tidings")

    said = subprocess.run([program, "version"], cwd=here.folder, capture_output=True, text=True, check=True, timeout=60)

    assert said.stdout.strip() == version("tidings")


def test_what_was_not_understood_exits_with_2(here: Terminal) -> None:
    assert "No such command" in here.refuses("serv", status=2)
    assert "Missing option '--name'" in here.refuses("connector", "create", status=2)


def test_the_keys_of_a_connector_that_is_not_there_are_no_empty_list(here: Terminal) -> None:
    assert here.refuses("token", "list", "--connector", "nope").startswith("tidings: there is no connector nope; see")


@pytest.mark.parametrize("line", ["--help >/dev/full", "doctor >/dev/full", "openapi >/dev/full", "version >&-"])
def test_an_output_that_takes_nothing_is_told_in_one_sentence(here: Terminal, line: str) -> None:
    done = here.in_shell(f'"$0" -m tidings {line}')

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("tidings: cannot write: ")


@pytest.mark.parametrize("command", ["--help", "openapi"])
def test_a_reader_that_has_gone_ends_a_command_without_a_word(here: Terminal, command: str) -> None:
    assert here.in_shell(f'"$0" -m tidings {command} | true').stderr == ""


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("DATABASE", "mysql://user:hidden@example.com/x", "TIDINGS_DATABASE: write sqlite:PATH or postgresql://…"),
        ("TABLES", "tables.db", "TIDINGS_TABLES: write sqlite:PATH or postgresql://… or mariadb://… or mysql://…"),
        ("DATABASE", "sqlite:/dev/null/x/tidings.db", "the folder /dev/null/x cannot be made: Not a directory"),
        ("HOST", "300.1.1.1", "cannot listen on 300.1.1.1 port 0: "),
    ],
)
def test_what_cannot_be_served_is_told_in_one_sentence_without_what_may_be_a_secret(
    here: Terminal, setting: str, value: str, told: str
) -> None:
    here.settings[f"TIDINGS_{setting}"] = value

    said = here.refuses("serve", "--port", "0")

    assert said.startswith(f"tidings: {told}")
    assert "hidden" not in said


def test_a_file_that_cannot_be_read_is_named(here: Terminal) -> None:
    (here.folder / "tidings.toml").write_bytes(b"\xff")

    assert here.refuses("connector", "list").startswith("tidings: tidings.toml is not TOML")


def test_a_store_that_is_away_is_told_with_whom_to_ask(here: Terminal) -> None:
    here.settings["TIDINGS_DATABASE"] = "postgres://nobody:hidden@127.0.0.1:1/x"

    said = here.refuses("connector", "list")

    assert "PostgreSQL does not answer; `tidings doctor` shows" in said
    assert "hidden" not in said


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
