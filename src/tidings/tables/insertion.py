"""Insertion: rows of one shape, handed to the driver as it takes them, which is half of what SQLAlchemy's way costs."""

from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tidings.core.row import Cell, Field, Shape
from tidings.tables.engine import instant_text, upsert, upsert_of_json

Cells = list[Cell]


class Insertion:
    """Puts rows in the place of older ones of the same key.

    `names` are the columns of a row's fields in their order, None for a field that is left out; the column `version`
    comes behind them.
    """

    def __init__(
        self,
        table: sa.Table,
        names: Sequence[str | None],
        *,
        version: str,
        shapes: Mapping[str, Shape],
        dialect: sa.Dialect,
    ) -> None:
        self._columns = (*(name for name in names if name), version)
        self._left_out = frozenset(place for place, name in enumerate(names) if not name)
        self._instants = [place for place, name in enumerate(self._columns) if shapes.get(name) is Shape.INSTANT]
        self._is_json = dialect.name == "postgresql"
        statement = (upsert_of_json if self._is_json else upsert)(table, self._columns, version=version)
        compiled = statement.compile(dialect=dialect)
        self._sql = str(compiled)
        self._order = [self._columns.index(name) for name in compiled.positiontup or ()]

    def cells(self, fields: Sequence[Field], *, version: int) -> Cells:
        """The row as it is written. Raises OverflowError for an instant that no engine knows."""
        cells = [one.value for one in fields]
        if self._left_out:
            cells = [cell for place, cell in enumerate(cells) if place not in self._left_out]
        cells.append(version)
        for place in self._instants:
            instant = cells[place]
            if isinstance(instant, int):
                cells[place] = instant_text(instant)
        return cells

    def run(self, connection: Connection, rows: Sequence[Cells]) -> None:
        """Write rows of which no two have the same key."""
        if self._is_json:
            text = msgspec.json.encode([dict(zip(self._columns, row, strict=True)) for row in rows]).decode()
            connection.exec_driver_sql(self._sql, {"rows": text})
        else:
            connection.exec_driver_sql(self._sql, [tuple([row[place] for place in self._order]) for row in rows])
