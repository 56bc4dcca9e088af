"""What the tables' database says of itself, without changing anything in it."""

import contextlib
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tidings.core.errors import Unavailable
from tidings.tables.engine import SCHEMA, open_engine, schema_of, url_of

_CATALOGUE = "tidings_table"
# Seconds. Whoever asks wants to know it now.
_PATIENCE = "5"
_LONGEST_REASON = 300
_MAY_MAKE = {
    "postgresql": f"""
        SELECT CASE WHEN to_regnamespace('{SCHEMA}') IS NULL
            THEN has_database_privilege(current_database(), 'CREATE')
            ELSE has_schema_privilege('{SCHEMA}', 'CREATE') END
    """,
    # Names of databases in grants are patterns.
    "mysql": """
        SELECT count(*) > 0 FROM (
            SELECT grantee, privilege_type FROM information_schema.user_privileges
            UNION ALL
            SELECT grantee, privilege_type FROM information_schema.schema_privileges WHERE DATABASE() LIKE table_schema
        ) AS privileges
        WHERE privilege_type = 'CREATE' AND grantee = concat('''', replace(current_user(), '@', '''@'''), '''')
    """,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TablesFacts:
    """Which engine, how many tables there are, and whether our login may make more."""

    version: str
    number: int
    may_make: bool


def facts_of_tables(url: str) -> TablesFacts | None:
    """None for a SQLite file that is not there yet. It blocks. Raises Invalid for what is no such URL, Unavailable."""
    kind, _, path = url.partition(":")
    try:
        if kind == "sqlite":
            return _of_sqlite(Path(path))
        engine = open_engine(_impatient(url))
        try:
            with engine.connect() as connection:
                return _of_server(connection, schema=schema_of(engine))
        finally:
            engine.dispose()
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
        # The rest of an engine's complaint is the statement.
        reason = str(getattr(error, "orig", error)).partition("\n")[0][:_LONGEST_REASON]
        raise Unavailable(f"the database of the tables does not answer: {reason}") from error


def _impatient(url: str) -> str:
    try:
        found = url_of(url)
    except sa.exc.ArgumentError:
        return url
    wait = {} if "connect_timeout" in found.query else {"connect_timeout": _PATIENCE}
    return found.update_query_dict(wait).render_as_string(hide_password=False)


def _of_server(connection: Connection, *, schema: str | None) -> TablesFacts:
    name = "postgresql" if connection.dialect.name == "postgresql" else "mysql"
    shown = {"postgresql": "PostgreSQL", "mysql": "MariaDB"}[name]
    version = connection.execute(sa.text("SELECT version()" if name == "mysql" else "SHOW server_version")).scalar_one()
    number = 0
    if sa.inspect(connection).has_table(_CATALOGUE, schema=schema):
        catalogue = sa.table(_CATALOGUE, schema=schema)
        number = connection.execute(sa.select(sa.func.count()).select_from(catalogue)).scalar_one()
    may_make = connection.execute(sa.text(_MAY_MAKE[name])).scalar_one()
    return TablesFacts(version=f"{shown} {version}", number=number, may_make=bool(may_make))


def _of_sqlite(path: Path) -> TablesFacts | None:
    if not path.is_file():
        return None
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        [(has_catalogue,)] = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = ?", [_CATALOGUE])
        number = 0
        if has_catalogue:
            [(number,)] = connection.execute(f"SELECT count(*) FROM {_CATALOGUE}")  # noqa: S608 - a name of ours
    # A write-ahead log stands beside the file.
    may_make = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    return TablesFacts(version=f"SQLite {sqlite3.sqlite_version}", number=number, may_make=may_make)
