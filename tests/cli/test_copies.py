"""Backup and restore."""

import pytest

from tests.cli.terminal import Terminal


@pytest.fixture
def shop(here: Terminal) -> Terminal:
    here.says("connector", "create", "--name", "shop", "--id", "shop-1")
    return here


def test_a_backup_that_is_restored_brings_back_what_was_there(shop: Terminal) -> None:
    made = shop.tells("backup", "copy.db")
    shop.says("connector", "create", "--name", "later", "--id", "later")

    shop.says("restore", "copy.db", "--replace")

    assert made["bytes"] == (shop.folder / "copy.db").stat().st_size
    assert [one["id"] for one in shop.tells("connector", "list")] == ["shop-1"]


def test_a_backup_can_be_taken_while_the_server_runs_but_not_restored(shop: Terminal) -> None:
    with shop.serving():
        shop.says("backup", "copy.db")

        assert "another process serves" in shop.refuses("restore", "copy.db", "--replace")


def test_a_backup_may_be_read_by_nobody_else_and_says_what_else_to_keep(shop: Terminal) -> None:
    done = shop.run("backup", "copy.db")

    assert (shop.folder / "copy.db").stat().st_mode & 0o777 == 0o600
    assert "secret.key" in done.stderr
    assert [path.name for path in shop.folder.glob("*copy*")] == ["copy.db"]


def test_a_backup_writes_over_nothing(shop: Terminal) -> None:
    (shop.folder / "copy.db").write_text("dear to somebody")

    assert "is there already" in shop.refuses("backup", "copy.db")
    assert (shop.folder / "copy.db").read_text() == "dear to somebody"
    assert "there is no folder" in shop.refuses("backup", "nowhere/copy.db")


def test_a_restore_replaces_nothing_unasked(shop: Terminal) -> None:
    shop.says("backup", "copy.db")

    assert "--replace" in shop.refuses("restore", "copy.db")


def test_a_restore_of_something_else_changes_nothing(shop: Terminal) -> None:
    (shop.folder / "notes.txt").write_text("not a database " * 100)

    assert "no backup of Tidings" in shop.refuses("restore", "notes.txt", "--replace")

    assert [one["id"] for one in shop.tells("connector", "list")] == ["shop-1"]


def test_a_restore_without_the_key_of_the_backup_changes_nothing(shop: Terminal) -> None:
    shop.says("backup", "copy.db")
    elsewhere = Terminal(folder=shop.folder / "elsewhere")
    elsewhere.folder.mkdir()

    assert "the key of this backup is missing" in elsewhere.refuses("restore", "../copy.db")

    elsewhere.says("connector", "list")
    assert "no key in TIDINGS_SECRET_KEY opens" in elsewhere.refuses("restore", "../copy.db", "--replace")
    assert elsewhere.tells("connector", "list") == []


def test_a_first_restore_needs_no_leave(shop: Terminal) -> None:
    shop.says("backup", "copy.db")
    elsewhere = Terminal(folder=shop.folder / "elsewhere")
    (elsewhere.folder / "tidings-data").mkdir(parents=True)
    key = shop.folder / "tidings-data/secret.key"
    key.rename(elsewhere.folder / "tidings-data/secret.key")

    elsewhere.says("restore", "../copy.db")

    assert [one["id"] for one in elsewhere.tells("connector", "list")] == ["shop-1"]


def test_nothing_is_backed_up_where_nothing_is(here: Terminal) -> None:
    assert "there is no database" in here.refuses("backup", "copy.db")


def test_on_postgresql_its_own_tools_are_named(here: Terminal) -> None:
    here.settings["TIDINGS_DATABASE"] = "postgresql://127.0.0.1/tidings"
    (here.folder / "copy.db").touch()

    assert "pg_dump" in here.refuses("backup", "new.db")
    assert "docs/postgresql.md" in here.refuses("restore", "copy.db")
