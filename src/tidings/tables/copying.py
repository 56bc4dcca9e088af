"""Copying: all tables from one database into another of any engine, with their names, and as often as one likes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tidings.core.errors import Conflict, Invalid, Unavailable
from tidings.core.row import Shape
from tidings.tables.catalogue import VERSION, Known
from tidings.tables.engine import alone, column_type, schema_of, upsert, writing
from tidings.tables.position import beyond, ordering, ranks_of
from tidings.tables.tables import Tables

_AT_ONCE = 500
_BESIDE = ("tidings_family", "tidings_bundle")


def copy_tables(source: Tables, target: Tables, *, progress: Callable[[int], None]) -> int:
    """Copy every row that the target has not, or has older; how many rows were looked at. It blocks.

    Broken off, it is begun again and changes nothing twice. `progress` is told of each step's rows. Raises Conflict if
    the target has tables of its own under these names, or more rows than the source, and Unavailable.
    """
    try:
        source.refresh()
        number = 0
        for known in _real(source):
            made = _made(known, source, target=target)
            number += _copy_rows(source, target, tables=(known.table, made), progress=progress)
        for bookkeeping in _BESIDE:
            with _reading(source) as there, _reading(target) as here:
                both = _reflected(there, bookkeeping), _reflected(here, bookkeeping)
            _copy_rows(source, target, tables=both, progress=lambda _: None)
        # With the views, which stand on tables that were not there before.
        _verify(source, Tables(target.engine))
        return number
    except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
        raise Unavailable("one of the databases broke off; run it again, and it goes on") from error
    except sa.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).partition("\n")[0][:300]
        raise Invalid(f"the other database does not take it: {reason}") from error


def total_rows(tables: Tables) -> int:
    """The rows of all tables."""
    with _reading(tables) as connection:
        return sum(_count(connection, known.table) for known in _real(tables))


def _real(tables: Tables) -> list[Known]:
    return [known for known in tables.known().values() if not known.is_view]


def _made(known: Known, source: Tables, *, target: Tables) -> sa.Table:
    """The table there, known to the catalogue there; what was there of it is kept."""
    engine = target.engine.dialect.name
    table = sa.Table(
        known.table.name,
        sa.MetaData(schema=schema_of(target.engine)),
        *(_column(column, known, engine=engine) for column in known.table.columns),
        comment=known.comment or None,
        info={"engine": engine},
    )
    with writing(target.engine) as connection, alone(connection):
        # The catalogue is told last: where tables are made outside of transactions, it knows none that is not there.
        rows = list(_told(known, source, into=connection))
        look = sa.inspect(connection)
        if look.has_table(table.name, schema=table.schema):
            _widen(connection, table, there={one["name"] for one in look.get_columns(table.name, schema=table.schema)})
        else:
            table.create(connection)
        for bookkeeping, row in rows:
            connection.execute(bookkeeping.insert().values(row))
    return table


def _column(column: sa.Column[Any], known: Known, *, engine: str) -> sa.Column[Any]:
    is_key = column.primary_key
    shape = Shape.WHOLE if column.name == VERSION else known.shapes[column.name]
    kind = column_type(shape, engine=engine, is_key=is_key)
    return sa.Column(
        column.name, kind, primary_key=is_key, nullable=column.nullable, comment=column.comment, autoincrement=False
    )


def _widen(connection: Connection, table: sa.Table, *, there: set[str]) -> None:
    quoted = connection.dialect.identifier_preparer.format_table(table)
    for column in table.columns:
        if column.name not in there:
            spelled = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {quoted} ADD COLUMN {spelled}")


def _told(known: Known, source: Tables, *, into: Connection) -> Iterator[tuple[sa.Table, dict[str, Any]]]:
    """What the catalogue there lacks of a table. Raises Conflict if it knows another one by that name."""
    with _reading(source) as connection:
        tables = _rows(connection, "tidings_table", of=known.table.name)
        columns = _rows(connection, "tidings_column", of=known.table.name)
    kept = _rows(into, "tidings_table", of=known.table.name)[1]
    if kept and kept[0]["origin"] != tables[1][0]["origin"]:
        raise Conflict(f"the other database has a {known.table.name} of its own; copy into an empty one")
    if not kept:
        here, _ = _rows(into, "tidings_table", of=known.table.name)
        yield here, tables[1][0]
    here, there = _rows(into, "tidings_column", of=known.table.name)
    origins = {row["origin"] for row in there}
    for row in columns[1]:
        if row["origin"] not in origins:
            yield here, row


def _rows(connection: Connection, bookkeeping: str, *, of: str) -> tuple[sa.Table, list[dict[str, Any]]]:
    table = _reflected(connection, bookkeeping)
    name = table.c["name" if bookkeeping == "tidings_table" else "table_name"]
    return table, [dict(row) for row in connection.execute(sa.select(table).where(name == of)).mappings()]


def _copy_rows(
    source: Tables, target: Tables, *, tables: tuple[sa.Table, sa.Table], progress: Callable[[int], None]
) -> int:
    there, here = tables
    names = [column.name for column in there.columns]
    number = 0
    for rows in _batches(source, there):
        with writing(target.engine) as connection:
            connection.execute(upsert(here, names, version=VERSION), rows)
        number += len(rows)
        progress(len(rows))
    return number


def _batches(source: Tables, table: sa.Table) -> Iterator[Sequence[Mapping[str, Any]]]:
    """All rows by key, in short transactions."""
    ranks = ranks_of(table, ())
    statement = sa.select(table).order_by(*ordering(ranks)).limit(_AT_ONCE)
    rows: list[dict[str, Any]] = []
    while True:
        last = tuple(rows[-1][one.column.name] for one in ranks) if rows else ()
        asked = statement.where(beyond(ranks, last)) if last else statement
        with _reading(source) as connection:
            rows = [dict(row) for row in connection.execute(asked).mappings()]
        if not rows:
            return
        yield rows


def _verify(source: Tables, target: Tables) -> None:
    with _reading(source) as there, _reading(target) as here:
        for known in _real(source):
            name = known.table.name
            wanted, found = _count(there, known.table), _count(here, target.known()[name].table)
            if found != wanted:
                raise Conflict(
                    f"{name} has {wanted} rows here and {found} there; if rows came meanwhile, stop the server and run"
                    " it again, else copy into an empty database"
                )


def _reading(tables: Tables) -> Connection:
    return tables.engine.connect().execution_options(is_reading=True)


def _count(connection: Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _reflected(connection: Connection, name: str) -> sa.Table:
    kind = connection.dialect.name
    schema = schema_of(connection.engine)
    return sa.Table(name, sa.MetaData(schema=schema), autoload_with=connection, info={"engine": kind})
