"""Index: by what rows are found, made when somebody asks for them that way, so that laying rows costs no more."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from tidings.tables.catalogue import VERSION, Known
from tidings.tables.engine import alone, writing
from tidings.tables.naming import digest

_TIME = "time"


class Indexes:
    """Makes indexes that are not there yet, once for all processes. It blocks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._there: set[str] = set()

    def ensure(self, known: Known, *columns: str) -> None:
        """Have rows found by their time, and by each of those columns. A million rows take a second or two."""
        table = known.table
        wanted = [sa.Index(time_index(known), _as_ordered(table.c[known.time]), table.c[VERSION])]
        for name in columns:
            is_text = isinstance(table.c[name].type, sa.String)
            options: dict[str, Any] = {"mysql_length": 64, "mariadb_length": 64} if is_text else {}
            wanted.append(sa.Index(_name(known, name), _as_ordered(table.c[name]), **options))
        if self._there.issuperset(one.name for one in wanted):
            return
        with self._engine.connect().execution_options(is_reading=True) as connection:
            there = {one["name"] for one in sa.inspect(connection).get_indexes(table.name, schema=table.schema)}
        if missing := [one for one in wanted if one.name not in there]:
            with writing(self._engine) as connection, alone(connection):
                for index in missing:
                    index.create(connection, checkfirst=True)
        self._there.update(str(one.name) for one in wanted)


def _as_ordered(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """As `position.ordering` has it: PostgreSQL takes rows off an index only where both put what is empty first."""
    is_postgresql = column.table.info["engine"] == "postgresql"
    return column.asc().nulls_first() if is_postgresql and column.nullable else column


def time_index(known: Known) -> str:
    """The index by which rows are found by their time."""
    return _name(known, _TIME)


def _name(known: Known, what: str) -> str:
    return f"tidings_{digest(f'{known.table.name} {what}')[:20]}"
