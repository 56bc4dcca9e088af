"""Dashboards connected, and tables copied, from a terminal."""

import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.cli.terminal import Terminal
from tidings.core.row import Field, Place, Shape, row_of
from tidings.tables.reader_role import drop_reader_role
from tidings.tables.tables import open_tables


def fill(url: str) -> None:
    key, at = Field("id", "id", Shape.TEXT, "1"), Field("at", "at", Shape.INSTANT, 0)
    with open_tables(url) as tables:
        tables.write([row_of(place=Place("orders", "orders", "Orders."), key=(key,), fields=(at,), version=1)])


@pytest.fixture
def filled(here: Terminal) -> Terminal:
    fill(f"sqlite:{here.folder / 'tidings-data' / 'tables.db'}")
    return here


def test_a_tool_gets_a_file_that_its_owner_alone_reads_and_a_login_with_its_name(filled: Terminal) -> None:
    made = filled.tells("connect", "powerbi", "--name", "Finance", "--out", "kit")

    path, *project = made["files"]
    assert "kit/project/Tidings.pbip" in project
    assert json.loads((filled.folder / path).read_text())["connections"][0]["details"]["protocol"] == "odata"
    assert stat.S_IMODE((filled.folder / path).stat().st_mode) == 0o600
    [connector] = filled.tells("connector", "list")
    assert (connector["id"], connector["name"], connector["scopes"]) == (
        made["connector"],
        "Finance (powerbi)",
        ["tables.read"],
    )
    assert "password  tdk_" in made["steps"]


def test_what_to_do_is_printed_with_where_the_files_are(filled: Terminal) -> None:
    said = filled.says("connect", "excel", "--table", "orders")

    assert "From OData Feed" in said
    assert "tables/orders.xlsx" in said
    assert "files  tidings-excel/" in said


def test_what_cannot_be_connected_is_refused_in_a_sentence(filled: Terminal, tmp_path: Path) -> None:
    empty = Terminal(folder=tmp_path / "empty", settings={})
    empty.folder.mkdir()

    assert "the tables must be in PostgreSQL" in filled.refuses("connect", "metabase")
    assert "there is no such table" in filled.refuses("connect", "excel", "--table", "nothing")
    assert "there are no tables yet" in empty.refuses("connect", "excel")
    assert "no reader role" in filled.refuses("tables", "drop-role", "tidings_reader_x")
    assert not filled.tells("connector", "list")


def test_tables_are_copied_to_postgresql_where_every_tool_reads_them(
    filled: Terminal, new_postgresql_database: Callable[[], str]
) -> None:
    url = new_postgresql_database()

    said = filled.says("tables", "copy", "--to", url)
    there = Terminal(folder=filled.folder, settings={"TIDINGS_TABLES": url})
    made = there.tells("connect", "superset", "--name", filled.folder.parent.name)

    try:
        assert said.startswith("1 rows")
        assert f"postgresql+psycopg2://{made['role']}:" in made["steps"]
        [archive] = [there.folder / path for path in made["files"] if path.endswith("tidings.zip")]
        assert zipfile.is_zipfile(archive)
        assert archive.stat().st_mode & 0o077 == 0
        assert f"dropped {made['role']}" in there.says("tables", "drop-role", made["role"])
    except AssertionError:
        drop_reader_role(sa.create_engine(url), made["role"])
        raise


def test_a_place_that_is_no_database_is_refused(filled: Terminal) -> None:
    assert "cannot tell what tables" in filled.refuses("tables", "copy", "--to", "oracle://x")
