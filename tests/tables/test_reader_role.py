"""A login of PostgreSQL that reads the tables and nothing else, in a real PostgreSQL."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from tidings.core.errors import Forbidden, Invalid, NotFound
from tidings.core.row import Field, Place, Row, Shape, row_of
from tidings.tables.reader_role import ReaderRole, drop_reader_role, make_reader_role, reader_roles
from tidings.tables.tables import Tables, open_tables


def row(table: str) -> Row:
    key, at = Field("id", "id", Shape.TEXT, "1"), Field("at", "at", Shape.INSTANT, 0)
    return row_of(place=Place(table, table, ""), key=(key,), fields=(at,), version=1)


@pytest.fixture
def url(new_postgresql_database: Callable[[], str]) -> str:
    return new_postgresql_database()


@pytest.fixture
def tables(url: str) -> Iterator[Tables]:
    with open_tables(url) as tables:
        tables.write([row("orders")])
        yield tables


@contextlib.contextmanager
def signed_in(tables: Tables, role: ReaderRole) -> Iterator[Engine]:
    target = tables.engine.url.set(username=role.user, password=role.password)
    engine = sa.create_engine(target)
    try:
        yield engine
    finally:
        engine.dispose()


@pytest.fixture
def role(tables: Tables) -> Iterator[ReaderRole]:
    made = make_reader_role(tables.engine, "Finance & Co")
    yield made
    with contextlib.suppress(NotFound):
        drop_reader_role(tables.engine, made.user)


def test_it_reads_tables_that_are_there_and_those_that_will_be(tables: Tables, role: ReaderRole) -> None:
    tables.write([row("later")])

    with signed_in(tables, role) as engine, engine.connect() as connection:
        asked = ("SELECT id FROM orders", "SELECT id FROM dash.later")
        found = [connection.exec_driver_sql(statement).scalar() for statement in asked]
        limit = connection.exec_driver_sql("SHOW statement_timeout").scalar()

    assert (role.user, role.schema, found, limit) == ("tidings_reader_finance_co", "dash", ["1", "1"], "1min")
    assert role.password not in repr(role)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO orders (id, tidings_version) VALUES ('2', 1)",
        "DELETE FROM orders",
        "DROP TABLE orders",
        "CREATE TABLE dash.mine (id text)",
        "SELECT * FROM secret",
        "SELECT * FROM public.secret",
        "SELECT * FROM tidings_table",
        "CREATE ROLE another",
    ],
)
def test_it_may_do_nothing_else(tables: Tables, role: ReaderRole, statement: str) -> None:
    with tables.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE public.secret (id text)")

    with signed_in(tables, role) as engine, engine.connect() as connection:
        with contextlib.suppress(sa.exc.DBAPIError):
            connection.exec_driver_sql("SET SESSION default_transaction_read_only = off")
            connection.commit()
        with pytest.raises(sa.exc.DBAPIError):
            connection.exec_driver_sql(statement)


def test_made_again_it_has_another_password(tables: Tables, role: ReaderRole) -> None:
    again = make_reader_role(tables.engine, "Finance & Co")

    assert again.user == role.user
    assert again.password != role.password
    with signed_in(tables, again) as engine, engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM orders").scalar() == 1


def test_a_login_that_may_not_make_roles_is_told_what_to_do(tables: Tables, role: ReaderRole) -> None:
    with signed_in(tables, role) as engine, pytest.raises(Forbidden, match="CREATEROLE"):
        make_reader_role(engine, "another")


def test_what_was_dropped_cannot_sign_in_and_other_roles_cannot_be_dropped(tables: Tables, role: ReaderRole) -> None:
    drop_reader_role(tables.engine, role.user)

    with tables.engine.connect() as connection:
        asked = sa.text("SELECT count(*) FROM pg_roles WHERE rolname = :user")
        assert connection.execute(asked, {"user": role.user}).scalar() == 0
    for name in (role.user, "postgres", "tidings_reader_' OR 1=1"):
        with pytest.raises(NotFound):
            drop_reader_role(tables.engine, name)


def test_roles_are_listed_until_they_are_dropped(tables: Tables, role: ReaderRole) -> None:
    there = reader_roles(tables.engine)
    drop_reader_role(tables.engine, role.user)

    assert there == [role.user]
    assert reader_roles(tables.engine) == []


def test_other_engines_have_none(tmp_path: Path) -> None:
    with open_tables(f"sqlite:{tmp_path / 'tables.db'}") as tables:
        assert reader_roles(tables.engine) == []
    with open_tables(f"sqlite:{tmp_path / 'tables.db'}") as tables, pytest.raises(Invalid, match="tables copy"):
        make_reader_role(tables.engine, "x")
