"""Engine: the database of the tables, opened through SQLAlchemy, and what its three kinds do differently."""

import contextlib
import fcntl
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import Connection, Engine, make_url

from tidings.core.errors import Invalid
from tidings.core.row import Shape

# The schema on PostgreSQL, where the tables may share a database with everything else.
SCHEMA = "dash"
# A name for the lock under which tables are made and widened, in every process the same.
_LOCK = 7_236_415_089_112_273
_LOCK_NAME = "tidings.tables"
_PATIENCE_S = 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARIADB = frozenset({"mysql", "mariadb"})
_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}


def open_engine(url: str) -> Engine:
    """Open `sqlite:PATH`, `postgresql://…` or `mariadb://…`. Raises Invalid if it is none of these."""
    kind, _, rest = url.partition(":")
    if kind == "sqlite":
        return _open_sqlite(Path(rest))
    driver = _DRIVERS.get(kind.partition("+")[0])
    if driver is None:
        raise Invalid(f"cannot tell what tables {kind!r} are; write sqlite:PATH, postgresql://… or mariadb://…")
    options: dict[str, Any] = {"pool_pre_ping": True, "pool_size": 4, "max_overflow": 4}
    if driver.startswith(("mysql", "mariadb")):
        options["paramstyle"] = "format"  # by place, as `Insertion` has its rows
        options["connect_args"] = {"charset": "utf8mb4", "init_command": "SET time_zone = '+00:00'"}
    else:
        options["connect_args"] = {"options": "-c timezone=utc"}
    return sa.create_engine(url_of(url).set(drivername=driver), **options)


def url_of(text: str) -> sa.URL:
    """Understand a URL, of several hosts too: of PostgreSQL's, the one that takes writes. Raises ArgumentError."""
    scheme, _, rest = text.partition("://")
    authority, slash, path = rest.partition("/")
    login, _, places = authority.rpartition("@")
    if "," not in places:
        return make_url(text)
    url = make_url(f"{scheme}://{login}@{slash}{path}").update_query_dict({"host": places.split(",")})
    wanted = "target_session_attrs"
    return url if wanted in url.query else url.update_query_dict({wanted: "read-write"})


def place_of(url: sa.URL) -> tuple[str, int]:
    """Host and port as another program is told them: of several hosts the first, of a socket this machine."""
    several = url.query.get("host", "")
    host, port = url.host or several, url.port
    if isinstance(host, tuple):
        first = urlsplit(f"//{host[0]}")
        host, port = first.hostname or "", first.port
    return "localhost" if not host or host.startswith("/") else host, port or 5432


def schema_of(engine: Engine) -> str | None:
    """The schema in which the tables stand, where the engine has schemas."""
    return SCHEMA if engine.dialect.name == "postgresql" else None


def column_type(shape: Shape, *, engine: str, is_key: bool) -> sa.types.TypeEngine[Any]:
    """What a column of that shape is in an engine. Keys on MariaDB are as long as its index takes."""
    if shape is Shape.TEXT:
        if engine not in _MARIADB:
            return sa.Text()
        return mysql.VARCHAR(255, collation="utf8mb4_bin") if is_key else mysql.MEDIUMTEXT(collation="utf8mb4_bin")
    if shape is Shape.INSTANT:
        return _Instant()
    types: dict[Shape, sa.types.TypeEngine[Any]] = {
        Shape.NUMBER: sa.Double(),
        Shape.WHOLE: sa.BigInteger(),
        Shape.TRUTH: sa.Boolean(),
    }
    return types[shape]


def upsert(table: sa.Table, columns: Sequence[str], *, version: str) -> sa.Insert:
    """An insert of those columns that takes the place of a row of the same key, unless that one is newer."""
    values: dict[str, sa.BindParameter[Any]] = {name: sa.bindparam(name) for name in columns}
    if table.info["engine"] not in _MARIADB:
        kind = postgresql if table.info["engine"] == "postgresql" else sqlite
        return _unless_newer(kind.insert(table).values(values), columns, version=version)
    insert = mysql.insert(table)
    is_newer = insert.inserted[version] >= table.c[version]
    keys = {column.name for column in table.primary_key}
    # Assigned from left to right: the version, by which the others are judged, comes last.
    others = [name for name in columns if name not in keys and name != version]
    changes = [(name, sa.func.if_(is_newer, insert.inserted[name], table.c[name])) for name in (*others, version)]
    return insert.values(values).on_duplicate_key_update(changes)


def upsert_of_json(table: sa.Table, columns: Sequence[str], *, version: str) -> sa.Insert:
    """The same for all rows of a JSON array of objects, bound as `rows`; PostgreSQL takes it in one message."""
    text = sa.cast(sa.bindparam("rows", type_=sa.Text()), postgresql.JSON())
    wanted = [sa.column(name, table.c[name].type) for name in columns]
    each = sa.func.json_to_recordset(text).table_valued(*wanted).render_derived(name="each", with_types=True)
    return _unless_newer(postgresql.insert(table).from_select(columns, sa.select(*each.c)), columns, version=version)


def _unless_newer(
    insert: postgresql.Insert | sqlite.Insert, columns: Sequence[str], *, version: str
) -> postgresql.Insert | sqlite.Insert:
    table = insert.table
    keys = [column.name for column in table.primary_key]
    return insert.on_conflict_do_update(
        index_elements=keys,
        set_={name: insert.excluded[name] for name in columns if name not in keys},
        where=insert.excluded[version] >= table.c[version],
    )


@contextlib.contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Nobody else makes or widens tables meanwhile; the others wait, and see what we made."""
    name = connection.dialect.name
    if name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    elif name in _MARIADB:
        got = connection.execute(sa.text("SELECT GET_LOCK(:lock, :wait)"), {"lock": _LOCK_NAME, "wait": _PATIENCE_S})
        if not got.scalar():
            raise Invalid("somebody else has been changing the tables for too long; try again later")
    try:
        yield
    finally:
        if name in _MARIADB:
            connection.execute(sa.text("SELECT RELEASE_LOCK(:lock)"), {"lock": _LOCK_NAME})


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction in which things change. On SQLite one process at a time has it, and the others wait.

    SQLite would let them try at once; but before 3.51.3, which Python need not have, two writers could corrupt its log.
    """
    with contextlib.ExitStack() as stack:
        if engine.dialect.name == "sqlite":
            stack.enter_context(_alone_with(Path(engine.url.database or "")))
        yield stack.enter_context(engine.begin())


@contextlib.contextmanager
def _alone_with(path: Path) -> Iterator[None]:
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _open_sqlite(path: Path) -> Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone_with(path), contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": _PATIENCE_S})
    engine.dialect.statement_compiler = _WithHints

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own
        connection.isolation_level = None  # we say when a transaction begins
        connection.execute("PRAGMA synchronous = FULL")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("is_reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def instant_text(value: int) -> str:
    """Epoch milliseconds as each engine reads them, in UTC. Raises OverflowError beyond the years that it knows."""
    seconds, milliseconds = divmod(value, 1_000)
    return f"{_second_text(seconds)}.{milliseconds:03}"


@lru_cache(maxsize=4_096)
def _second_text(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat(" ")[:-6]


class _WithHints(SQLiteCompiler):
    """Lets a statement say by which index it reads (`INDEXED BY`), which SQLAlchemy leaves to other engines."""

    def get_from_hint_text(self, table: object, text: str | None) -> str | None:  # noqa: ARG002 - as it is called
        return text


class _Instant(sa.types.TypeDecorator[int]):
    """Epoch milliseconds here, a timestamp in UTC there."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True, precision=3))
        if dialect.name in _MARIADB:
            return dialect.type_descriptor(mysql.DATETIME(fsp=3))
        return dialect.type_descriptor(sa.Text())

    def process_bind_param(self, value: int | None, dialect: sa.Dialect) -> Any:  # noqa: ANN401 - the driver's own
        if value is None:
            return None
        if dialect.name == "sqlite":
            return instant_text(value)
        moment = _EPOCH + timedelta(milliseconds=value)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> int | None:  # noqa: ANN401, ARG002
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return (moment.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
