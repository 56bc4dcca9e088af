"""Bundle: tables that come and go together, like those of a survey; only the newest bundles have tables."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tidings.core.row import Shape
from tidings.tables.engine import column_type

# As DESIGN has it for surveys: nobody picks from a longer list. What the others hold is in `answers`.
MOST = 200


class Bundles:
    """Which tables belong to which bundle, by digests of both, kept with the catalogue; and which of them are gone."""

    def __init__(self, metadata: sa.MetaData, *, engine: str, version: str) -> None:
        text = column_type(Shape.TEXT, engine=engine, is_key=True)
        # Numbered as they came; the number is the row's version, too.
        self._number: sa.Column[int] = sa.Column(version, sa.BigInteger, nullable=False)
        self._table = sa.Table(
            "tidings_bundle",
            metadata,
            sa.Column("origin", text, primary_key=True),
            sa.Column("bundle", text, nullable=False),
            sa.Column("is_gone", sa.Boolean, nullable=False),
            self._number,
        )

    def gone(self, connection: Connection) -> frozenset[str]:
        """Those that have no tables any more, and get none again."""
        asked = sa.select(self._table.c.bundle).where(self._table.c.is_gone).distinct()
        return frozenset(connection.execute(asked).scalars())

    def add(self, connection: Connection, bundle: str, *, origin: str) -> Sequence[str]:
        """A table was made; those that are to go for it, all of the oldest bundle."""
        table = self._table
        oldest = sa.func.min(self._number)
        standing = sa.select(table.c.bundle, oldest).where(~table.c.is_gone).group_by(table.c.bundle).order_by(oldest)
        numbers = {row[0]: row[1] for row in connection.execute(standing)}
        if bundle not in numbers:
            last = connection.execute(sa.select(sa.func.max(self._number))).scalar()
            numbers[bundle] = (last or 0) + 1
        values = {"origin": origin, "bundle": bundle, "is_gone": False, self._number.name: numbers[bundle]}
        connection.execute(table.insert().values(values))
        if len(numbers) <= MOST:
            return ()
        first = next(iter(numbers))
        return connection.execute(sa.select(table.c.origin).where(table.c.bundle == first)).scalars().all()

    def end(self, connection: Connection, origin: str) -> None:
        """The table goes."""
        connection.execute(self._table.update().where(self._table.c.origin == origin).values(is_gone=True))
