"""Any engine tells what it is, how many tables it holds, and whether we may make more; looking makes none."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from tidings.core.errors import Invalid, Unavailable
from tidings.core.row import Field, Place, Shape, row_of
from tidings.tables.engine import open_engine
from tidings.tables.facts import facts_of_tables
from tidings.tables.tables import Tables, open_tables

ROW = row_of(place=Place("words", "words", ""), key=(Field("word", "word", Shape.TEXT, "a"),), fields=(), version=1)


def test_tables_are_counted_and_more_may_be_made(tables: Tables, tables_url: str) -> None:
    before = facts_of_tables(tables_url)
    tables.write([ROW])
    after = facts_of_tables(tables_url)

    assert before is not None
    assert after is not None
    assert after.number == before.number + 1
    assert after.may_make
    assert after.version.split()[0] in {"SQLite", "PostgreSQL", "MariaDB"}


def test_a_database_without_tables_stays_without(tables_url: str) -> None:
    first, second = facts_of_tables(tables_url), facts_of_tables(tables_url)

    assert first == second
    if tables_url.startswith("sqlite:"):
        assert first is None
        assert not Path(tables_url.removeprefix("sqlite:")).exists()
    else:
        assert first is not None
        assert (first.number, first.may_make) == (0, True)


@pytest.mark.parametrize("tables_url", ["postgresql", "mariadb"], indirect=True)
def test_a_login_that_may_only_read_is_told(tables_url: str) -> None:
    with open_tables(tables_url) as tables:
        tables.write([ROW])
    engine = open_engine(tables_url)
    is_postgresql = engine.dialect.name == "postgresql"
    with engine.begin() as connection:
        name = connection.execute(
            sa.text("SELECT current_database()" if is_postgresql else "SELECT DATABASE()")
        ).scalar_one()
        for step in (
            (
                f"CREATE ROLE {name}_reader LOGIN PASSWORD 'fake'",
                f"GRANT USAGE ON SCHEMA dash TO {name}_reader",
                f"GRANT SELECT ON ALL TABLES IN SCHEMA dash TO {name}_reader",
            )
            if is_postgresql
            else (
                "CREATE USER IF NOT EXISTS reader@'127.0.0.1' IDENTIFIED BY 'fake'",
                f"GRANT SELECT ON {name}.* TO reader@'127.0.0.1'",
            )
        ):
            connection.exec_driver_sql(step)
    user = f"{name}_reader" if is_postgresql else "reader"
    url = engine.url.set(drivername=tables_url.partition(":")[0], username=user, password="fake")
    try:
        facts = facts_of_tables(url.render_as_string(hide_password=False))
    finally:
        if is_postgresql:
            with engine.begin() as connection:
                connection.exec_driver_sql(f"DROP OWNED BY {user}")
                connection.exec_driver_sql(f"DROP ROLE {user}")
        engine.dispose()

    assert facts is not None
    assert (facts.number, facts.may_make) == (1, False)


def test_a_database_that_does_not_answer_is_told_in_a_sentence(free_port: int) -> None:
    for kind in ("postgresql", "mariadb"):
        with pytest.raises(Unavailable, match=r"does not answer: .*refused"):
            facts_of_tables(f"{kind}://ada:pass-word@127.0.0.1:{free_port}/tables")
    with pytest.raises(Invalid, match="cannot tell"):
        facts_of_tables("oracle://127.0.0.1/tables")
