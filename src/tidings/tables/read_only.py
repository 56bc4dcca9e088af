"""Read only: databases opened so that the engine itself lets nothing be written, and nothing of ours be read.

- SQLite: opened with `mode=ro`, and an authorizer that lets SELECT, READ and FUNCTION pass: no ATTACH, no PRAGMA.
- PostgreSQL: a READ ONLY transaction. Our own tables by a login that may read the schema `dash` and nothing else: what
  it could set or run in a query leads nowhere, for there is no other role behind it. Its password is made anew by
  whoever signs in, under a lock, and kept nowhere.
- MariaDB and MySQL: READ ONLY transactions. A login's other databases are refused by name, its files not at all.
- Others: a transaction that is rolled back; give a login that may only read.
"""

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tidings.core.clock import Clock
from tidings.core.errors import Invalid, Unavailable
from tidings.tables.engine import url_of
from tidings.tables.limit import limited
from tidings.tables.one_select import MYSQL
from tidings.tables.reader_role import make_reader_role
from tidings.tables.tables import open_tables

# Bytes of one text or row; our own texts are shorter.
_LONGEST_TEXT = 32_000_000
# A name for the lock under which a password is made and used.
_SIGNING_IN = 7_236_415_089_112_274
_CONNECT_S = 10
_REASON = 300
# By such a table one knows what Tidings keeps itself in; on SQLite also by what its tables are known by.
_STORE, _TABLES = "publication_key", "tidings_table"
_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_FUNCTION})
_HIDDEN = ("sqlite_", "tidings_", "pragma_")


class ReadOnly:
    """A database that is open for reading alone. It blocks. Whoever opens it closes it."""

    def __init__(self, url: str, *, is_own: bool) -> None:
        self._url = url
        self.is_own = is_own
        self._engine = _own(url) if is_own else _foreign(url)
        self.kind = self._engine.dialect.name
        # Others on the same server, by name, small.
        self.databases: frozenset[str] = frozenset()

    def close(self) -> None:
        self._engine.dispose()

    def quoted(self, name: str) -> str:
        """A name as it stands in a statement."""
        preparer = self._engine.dialect.identifier_preparer
        end = preparer.final_quote
        return f"{preparer.initial_quote}{name.replace(end, end * 2)}{end}"

    @contextlib.contextmanager
    def reading(self, ms: int, *, clock: Clock) -> Iterator[Connection]:
        """A connection on which statements may take so long; what they did is undone. Raises Invalid, Unavailable."""
        with contextlib.closing(self._connected()) as connection:
            try:
                try:
                    self._prepare(connection)
                except sa.exc.DBAPIError as error:
                    raise Unavailable(f"the database cannot be read: {reason(error)}") from error
                with _limited(connection, ms, clock=clock):
                    yield connection
            finally:
                with contextlib.suppress(sa.exc.DBAPIError):
                    connection.rollback()
                    if self.kind == "postgresql":
                        # The one thing that is not undone.
                        connection.exec_driver_sql("SELECT pg_advisory_unlock_all()").close()

    def _connected(self) -> Connection:
        try:
            try:
                return self._tried()
            except sa.exc.DBAPIError:
                if not self._has_reader:
                    raise
            # It was lost, and another clerk has made a new password meanwhile; or somebody dropped the login.
            self._engine.dispose()
            self._engine = _own(self._url)
            return self._tried()
        except sa.exc.DBAPIError as error:
            raise Unavailable(f"the database cannot be reached: {reason(error)}") from error

    def _tried(self) -> Connection:
        connection = self._engine.connect()
        if self._has_reader:
            try:
                connection.exec_driver_sql("SELECT current_user").close()  # an error if it was dropped
                connection.rollback()
            except sa.exc.DBAPIError:
                connection.invalidate()
                connection.close()
                raise
        return connection

    @property
    def _has_reader(self) -> bool:
        return self.is_own and self.kind == "postgresql"

    def _prepare(self, connection: Connection) -> None:
        if self.kind == "sqlite":
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA query_only = ON")
            driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_TEXT)
        elif self.kind == "postgresql":
            # The planner is not to take it for a page of which the first rows are wanted.
            options = ("timezone = 'UTC'", "standard_conforming_strings = on", "cursor_tuple_fraction = 1")
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            for option in options:
                connection.exec_driver_sql(f"SET LOCAL {option}")
        if not self.is_own:
            _check_not_ours(connection)
        elif self.kind in MYSQL:
            found = connection.exec_driver_sql("SELECT lower(schema_name) FROM information_schema.schemata")
            self.databases = frozenset(map(str, found.scalars())) - {str(self._engine.url.database).lower()}
        if self.kind == "sqlite":
            driver.set_authorizer(_authorized)


def reason(error: Exception) -> str:
    """The first line of what the engine says, which is never the statement."""
    original = getattr(error, "orig", None) or error
    said = original.args[-1] if len(original.args) > 1 else original
    return str(said).partition("\n")[0][:_REASON]


def _own(url: str) -> Engine:
    # What is not there yet is made.
    with open_tables(url) as tables:
        if tables.engine.dialect.name == "postgresql":
            return _as_reader(tables.engine)
    return _foreign(url)


def _as_reader(owner: Engine) -> Engine:
    # Roles are of the whole server, and whoever made one alone may change it.
    digest = hashlib.sha256(f"{owner.url.username}@{owner.url.database}".encode()).hexdigest()[:8]
    with owner.connect() as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:lock)"), {"lock": _SIGNING_IN})
        try:
            role = make_reader_role(owner, f"reports {digest}")
            url = owner.url.set(username=role.user, password=role.password)
            engine = sa.create_engine(url, pool_size=1, max_overflow=0, pool_pre_ping=True)
            try:
                engine.connect().close()
            except sa.exc.DBAPIError as error:
                engine.dispose()
                raise Unavailable(
                    f"the login {role.user}, by which reports read, may not sign in: {reason(error)};"
                    " let pg_hba.conf have it sign in by password (scram-sha-256)"
                ) from error
        finally:
            connection.execute(sa.text("SELECT pg_advisory_unlock(:lock)"), {"lock": _SIGNING_IN})
    return engine


def _foreign(url: str) -> Engine:
    kind, _, rest = url.partition(":")
    if kind.partition("+")[0] == "sqlite":
        return _sqlite(rest)
    try:
        parsed = url_of(url)
        parsed = parsed.set(drivername=_DRIVERS.get(parsed.get_backend_name(), parsed.drivername))
        options: dict[str, Any] = {}
        if parsed.get_backend_name() in MYSQL:
            options = {"charset": "utf8mb4", "connect_timeout": _CONNECT_S}
        elif parsed.get_backend_name() == "postgresql":
            options = {"connect_timeout": _CONNECT_S}
        engine = sa.create_engine(parsed, poolclass=sa.pool.NullPool, connect_args=options)
    except (sa.exc.NoSuchModuleError, ImportError) as error:
        raise Invalid(f"url: no driver for {kind[:40]!r} is installed; install one that SQLAlchemy knows") from error
    except (sa.exc.ArgumentError, ValueError) as error:
        raise Invalid("url: is not like postgresql://user:password@host:port/database, or sqlite:PATH") from error
    if engine.dialect.name in MYSQL:
        sa.event.listen(engine, "connect", _prepare_mysql)
    return engine


def _sqlite(rest: str) -> Engine:
    # Both `sqlite:PATH`, as we write it, and `sqlite:///PATH`, as SQLAlchemy does.
    path = Path(rest.removeprefix("///") if rest.startswith("//") else rest)
    if not path.is_file():
        raise Invalid("url: there is no file of that name")
    file = f"file:{quote(str(path.resolve()))}?mode=ro"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(file, uri=True, timeout=_CONNECT_S, isolation_level=None, check_same_thread=False)

    return sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.NullPool)


def _prepare_mysql(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own
    with connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00', sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')")
        cursor.execute("SET SESSION TRANSACTION READ ONLY")


def _authorized(action: int, one: str | None, *others: str | None) -> int:
    is_allowed = (action in _ALLOWED and others[0] != "load_extension") or (
        action == sqlite3.SQLITE_READ and not (one or "").lower().startswith(_HIDDEN)
    )
    return sqlite3.SQLITE_OK if is_allowed else sqlite3.SQLITE_DENY


def _check_not_ours(connection: Connection) -> None:
    inspector = sa.inspect(connection)
    is_file = connection.dialect.name == "sqlite"
    if inspector.has_table(_STORE) or (is_file and inspector.has_table(_TABLES)):
        raise Invalid("url: this is where Tidings keeps its own; its tables are there for templates without it")


@contextlib.contextmanager
def _limited(connection: Connection, ms: int, *, clock: Clock) -> Iterator[None]:
    dialect: Any = connection.dialect
    if dialect.name in {"sqlite", "postgresql"}:
        with limited(connection, ms, clock=clock):
            yield
        return
    # Nobody uses the connection after us; and as long as rows are coming it takes no other statement.
    if dialect.name in MYSQL:
        limit = f"max_statement_time = {ms / 1_000}" if dialect.is_mariadb else f"max_execution_time = {ms}"
        connection.exec_driver_sql(f"SET {limit}")
    yield
