"""Insertion: rows of one shape, handed to the driver as it takes them, which is half of what SQLAlchemy's way costs."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tidings.core.row import Cell, Row, Shape
from tidings.tables.engine import instant_text, upsert, upsert_of_json


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
        self._instants = [place for place, name in enumerate(names) if name and shapes.get(name) is Shape.INSTANT]
        self._is_json = dialect.name == "postgresql"
        statement = (upsert_of_json if self._is_json else upsert)(table, self._columns, version=version)
        compiled = statement.compile(dialect=dialect)
        self._sql = str(compiled)
        # An object for PostgreSQL, several times as quick as a dictionary.
        spelled = {f"column_{place}": name for place, name in enumerate(self._columns) if self._is_json}
        self._object = msgspec.defstruct("Object", list(spelled), rename=spelled, gc=False)
        places = {name: place for place, name in enumerate((*names, version)) if name}
        order = self._columns if self._is_json else compiled.positiontup or ()
        self._in_order: Callable[[list[Cell]], tuple[Cell, ...]] = itemgetter(*(places[name] for name in order))

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Write rows of this layout, of which no two have the same key.

        Raises OverflowError for an instant that no engine knows.
        """
        cells = [self._cells(row) for row in rows]
        if self._is_json:
            text = msgspec.json.encode([self._object(*row) for row in cells]).decode()
            connection.exec_driver_sql(self._sql, {"rows": text})
        else:
            connection.exec_driver_sql(self._sql, cells)

    def _cells(self, row: Row) -> tuple[Cell, ...]:
        cells = [*row.values, row.version]
        for place in self._instants:
            instant = cells[place]
            if isinstance(instant, int):
                cells[place] = instant_text(instant)
        return self._in_order(cells)
