"""Reader role: a login of PostgreSQL that may read the tables, and nothing else."""

import secrets
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tidings.core.errors import Forbidden, Invalid, NotFound, Unavailable
from tidings.tables.engine import SCHEMA, alone, place_of
from tidings.tables.naming import plain

PREFIX = "tidings_reader_"
# PostgreSQL cuts names at 63 bytes.
_LONGEST = 60
# A dashboard's question that takes longer is a mistake of whoever asked it.
_STATEMENT_TIMEOUT = "60s"
# A guess: a dashboard tool's pool, and a person beside it.
_CONNECTIONS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderRole:
    """A login, and where it is one."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    schema: str = SCHEMA


def make_reader_role(engine: Engine, name: str) -> ReaderRole:
    """Make the role of that name, or give it another password. It blocks.

    It reads the tables that are there and those that will be. Raises Invalid on other engines than PostgreSQL,
    Forbidden if our own login may not make roles, and Unavailable.
    """
    if engine.dialect.name != "postgresql":
        raise Invalid(
            "only PostgreSQL has reader roles; tidings tables copy --to postgresql://… brings the tables there"
        )
    user = f"{PREFIX}{plain(name, otherwise='dashboard')}"[:_LONGEST]
    password = secrets.token_urlsafe(24)
    try:
        with engine.begin() as connection, alone(connection):
            _make(connection, user=user, password=password)
            database = str(connection.execute(sa.text("SELECT current_database()")).scalar_one())
    except (sa.exc.ProgrammingError, sa.exc.InternalError) as error:
        raise Forbidden(
            f"{engine.url.username} may not make roles in this database; let its owner run ALTER ROLE"
            f" {engine.url.username} CREATEROLE, or use the feeds over HTTP"
        ) from error
    except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
        raise Unavailable("the database of the tables does not answer; try again later") from error
    host, port = place_of(engine.url)
    return ReaderRole(host=host, port=port, database=database, user=user, password=password)


def reader_roles(engine: Engine) -> list[str]:
    """The roles that were made so and read these tables, by name; none on other engines. Raises Unavailable."""
    if engine.dialect.name != "postgresql":
        return []
    # A server has one set of roles for all its databases.
    asked = sa.text(
        "SELECT rolname FROM pg_roles WHERE starts_with(CAST(rolname AS text), :prefix)"
        " AND has_schema_privilege(oid, to_regnamespace(:schema), 'USAGE') ORDER BY rolname"
    )
    try:
        with engine.connect().execution_options(is_reading=True) as connection:
            return [str(name) for name in connection.execute(asked, {"prefix": PREFIX, "schema": SCHEMA}).scalars()]
    except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
        raise Unavailable("the database of the tables does not answer; try again later") from error


def drop_reader_role(engine: Engine, user: str) -> None:
    """Take the role away; what it has open ends with its next statement. Raises NotFound."""
    if not user.startswith(PREFIX) or engine.dialect.name != "postgresql":
        raise NotFound(f"there is no reader role {user!r}; their names begin with {PREFIX}")
    with engine.begin() as connection, alone(connection):
        if not _is_there(connection, user):
            raise NotFound(f"there is no reader role {user!r}")
        quoted = _quoted(connection, user)
        connection.exec_driver_sql(f"DROP OWNED BY {quoted}")
        connection.exec_driver_sql(f"DROP ROLE {quoted}")


def _make(connection: Connection, *, user: str, password: str) -> None:
    quoted, schema = _quoted(connection, user), _quoted(connection, SCHEMA)
    database = _quoted(connection, str(connection.execute(sa.text("SELECT current_database()")).scalar_one()))
    verb = "ALTER" if _is_there(connection, user) else "CREATE"
    # Not the password itself: statements may be logged. It has no quotes; PostgreSQL takes no parameter there.
    driver: Any = connection.connection.driver_connection
    verifier = driver.pgconn.encrypt_password(password.encode(), user.encode(), b"scram-sha-256").decode()
    steps = [
        f"{verb} ROLE {quoted} LOGIN NOINHERIT CONNECTION LIMIT {_CONNECTIONS} PASSWORD '{verifier}'",
        f"ALTER ROLE {quoted} SET statement_timeout = '{_STATEMENT_TIMEOUT}'",
        f"ALTER ROLE {quoted} SET default_transaction_read_only = on",
        f"ALTER ROLE {quoted} SET search_path = {schema}",
        f"GRANT CONNECT ON DATABASE {database} TO {quoted}",
        f"GRANT USAGE ON SCHEMA {schema} TO {quoted}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {quoted}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {quoted}",
    ]
    own = sa.text("SELECT tablename FROM pg_tables WHERE schemaname = :schema AND tablename LIKE 'tidings\\_%'")
    # Our own bookkeeping would only be in the way of whoever looks for a table.
    names = [_quoted(connection, name) for name in connection.execute(own, {"schema": SCHEMA}).scalars()]
    steps += [f"REVOKE ALL ON {schema}.{name} FROM {quoted}" for name in names]
    for step in steps:
        connection.exec_driver_sql(step)


def _is_there(connection: Connection, user: str) -> bool:
    asked = sa.text("SELECT 1 FROM pg_roles WHERE rolname = :user")
    return connection.execute(asked, {"user": user}).scalar() is not None


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)
