"""Tables: what is in the database that dashboards read, written by us alone."""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from tidings.core.errors import Invalid, NotFound, Unavailable
from tidings.core.row import Cell, Change, Field, Place
from tidings.tables.catalogue import Catalogue, Known
from tidings.tables.engine import open_engine, writing
from tidings.tables.naming import digest
from tidings.tables.writer import Writer

_LONGEST_REASON = 300
# Five seconds in all: longer than a batch takes.
_LOOKS, _LOOK_EVERY_S = 100, 0.05


class Tables:
    """Rows go in, and can be looked at. Everything here blocks: call it in a thread."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._catalogue = Catalogue(engine)
        self._writer = Writer(engine, self._catalogue)
        self._catalogue.open()

    def write(self, changes: Sequence[Change]) -> frozenset[str]:
        """Keep what was said; the tables that were written. Repeating it, in any order, changes nothing (see `Writer`).

        Raises Unavailable if that is not possible now, and Invalid if the engine does not take these values.
        """
        try:
            return self._written(changes)
        except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
            raise Unavailable(f"the tables cannot be written: {_reason(error)}") from error
        except (sa.exc.SQLAlchemyError, OverflowError, ValueError) as error:
            # The drivers say by the latter two that a value is beyond what a column holds.
            raise Invalid(f"the tables do not take it: {_reason(error)}") from error

    def _written(self, changes: Sequence[Change]) -> frozenset[str]:
        try:
            return self._writer.write(changes)
        except sa.exc.DBAPIError:
            before = self._catalogue.named().keys()
            self._catalogue.refresh()
            if before <= self._catalogue.named().keys():
                raise
        # Another process has dropped what we knew.
        return self._writer.write(changes)

    def close(self) -> None:
        """Let go of the database, after what other threads are still at, for a few seconds at most."""
        pool = self.engine.pool
        returned = threading.Event()
        sa.event.listen(pool, "checkin", lambda *_: returned.set())
        for _ in range(_LOOKS):
            if not isinstance(pool, sa.pool.QueuePool) or not pool.checkedout():
                break
            returned.wait(_LOOK_EVERY_S)
            returned.clear()
        self.engine.dispose()

    def known(self) -> Mapping[str, Known]:
        """The tables by name, as this process knows them."""
        return self._catalogue.named()

    def refresh(self) -> None:
        """Learn what other processes have made."""
        self._catalogue.refresh()

    def named_as(self, place: Place, fields: Sequence[Field]) -> tuple[str, Sequence[str | None]]:
        """What a table that was written, and these of its columns, are called; None for a column that was left out."""
        known = self._catalogue.find(place)
        if known is None or any(digest(one.origin) not in known.columns for one in fields):
            self._catalogue.refresh()
            known = self._catalogue.find(place)
        if known is None:
            raise NotFound(f"the table {place.name!r} is not there any more")
        return str(known.table.name), [known.columns.get(digest(one.origin)) for one in fields]

    def rows(self, name: str) -> Iterator[Mapping[str, Cell]]:
        """All rows of a table by key, as one reads them, instants in epoch milliseconds."""
        table = self._catalogue.named()[name].table
        with self.engine.connect().execution_options(is_reading=True, stream_results=True) as connection:
            for row in connection.execute(sa.select(table).order_by(*table.primary_key)).mappings():
                yield dict(row)

    def empty(self) -> None:
        """Take all rows away; tables and names stay."""
        with writing(self.engine) as connection:
            for known in self._catalogue.named().values():
                if not known.is_view:
                    connection.execute(known.table.delete())
            connection.execute(self._catalogue.families.delete())


def opened(url: str) -> Tables:
    """Open the tables; whoever does closes them. Raises Invalid for what is no such URL, Unavailable if it is lost."""
    try:
        engine = open_engine(url)
        with contextlib.ExitStack() as stack:
            stack.callback(engine.dispose)
            tables = Tables(engine)
            stack.pop_all()
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise Unavailable(f"the tables cannot be opened: {_reason(error)}") from error
    return tables


@contextlib.contextmanager
def open_tables(url: str) -> Iterator[Tables]:
    """Open the tables at `sqlite:PATH`, `postgresql://…` or `mariadb://…`; what is not there yet is made."""
    tables = opened(url)
    try:
        yield tables
    finally:
        tables.close()


def _reason(error: Exception) -> str:
    # The rest of an engine's complaint is the statement, with values that are nobody's business.
    return str(getattr(error, "orig", error)).partition("\n")[0][:_LONGEST_REASON]
