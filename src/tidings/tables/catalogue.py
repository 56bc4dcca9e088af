"""Catalogue: which tables and columns there are, kept in the tables' own database, so that names never change."""

import contextlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tidings.core.row import Field, Place, Shape
from tidings.tables.bundle import Bundles
from tidings.tables.engine import alone, column_type, schema_of, writing
from tidings.tables.insertion import Insertion
from tidings.tables.naming import digest, name_for
from tidings.tables.views import VIEWS, View

# Says how new a row is; of two with the same key the greater stays.
VERSION = "tidings_version"
# ENGINE's rule: more of them go to `answers` only.
MOST_COLUMNS = 150
# Versions of a form that one batch after the other may bring, a guess; and characters, of 150 long questions.
_MOST_INSERTIONS, _LONGEST_INSERTION = 64, 20_000
_TOO_MANY = " More columns than this table holds: the values of the others are in `answers` only."


@dataclass(slots=True, kw_only=True)
class Known:
    """A table that is there; `columns` are its columns' names by the digest of their origin, None for one left out.

    `insertions` are ways to write to it by the origins of a row's fields. Nothing can be written to one that `is_view`.
    """

    table: sa.Table
    comment: str
    time: str
    columns: dict[str, str | None] = field(default_factory=dict)
    insertions: dict[tuple[str, ...], Insertion] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    is_view: bool = False

    def remember(self, origins: tuple[str, ...], insertion: Insertion) -> None:
        if len(self.insertions) >= _MOST_INSERTIONS:
            self.insertions.clear()
        if sum(map(len, origins)) <= _LONGEST_INSERTION:
            self.insertions[origins] = insertion


class Catalogue:
    """The tables that are known; `widen` makes what is missing. Its methods block.

    `families` keeps how new the rows of each parent in a child table are, which rows that went cannot tell.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kind = engine.dialect.name
        self._schema = schema_of(engine)
        self._known: dict[str, Known] = {}
        self._gone: frozenset[str] = frozenset()
        self._changing = threading.Lock()
        own = sa.MetaData(schema=self._schema)
        text = column_type(Shape.TEXT, engine=self._kind, is_key=True)
        long = column_type(Shape.TEXT, engine=self._kind, is_key=False)
        self._tables = sa.Table(
            "tidings_table",
            own,
            sa.Column("origin", text, primary_key=True),
            sa.Column("name", text, nullable=False, unique=True),
            sa.Column("time", text, nullable=False),
            sa.Column("comment", long, nullable=False),
        )
        self._columns = sa.Table(
            "tidings_column",
            own,
            sa.Column("table_name", text, primary_key=True),
            sa.Column("origin", text, primary_key=True),
            sa.Column("number", sa.Integer, nullable=False),
            sa.Column("name", text),
            sa.Column("shape", text, nullable=False),
            sa.Column("is_key", sa.Boolean, nullable=False),
            sa.Column("comment", long, nullable=False),
        )

        self.families = sa.Table(
            "tidings_family",
            own,
            sa.Column("table_name", text, primary_key=True),
            sa.Column("parent", text, primary_key=True),
            sa.Column(VERSION, sa.BigInteger, nullable=False),
            info={"engine": self._kind},
        )
        self._bundles = Bundles(own, engine=self._kind, version=VERSION)

    def open(self) -> None:
        """Make the catalogue if it is not there, and read it."""
        with writing(self._engine) as connection, alone(connection):
            if self._schema:
                connection.execute(sa.schema.CreateSchema(self._schema, if_not_exists=True))
            self._tables.metadata.create_all(connection)
            self._known = self._read(connection)
            self._make_views(connection, self._known)

    def find(self, place: Place) -> Known | None:
        """The table of that origin, unless it is not known yet."""
        return self._known.get(digest(place.origin))

    def is_gone(self, place: Place) -> bool:
        """Whether it had a table once, and gets none any more."""
        return bool(self._gone) and digest(place.bundle) in self._gone

    def named(self) -> Mapping[str, Known]:
        """All tables by name."""
        return {known.table.name: known for known in self._known.values()}

    def widen(self, place: Place, *, key: Sequence[Field], fields: Sequence[Field]) -> None:
        """Make the table unless it is gone, or the columns that it lacks. Whoever else does so has finished then."""
        with self._changing:
            with writing(self._engine) as connection, alone(connection):
                found = self._read(connection)
                origin = digest(place.origin)
                if self.is_gone(place):
                    fields = ()
                elif origin not in found:
                    taken = {known.table.name for known in found.values()}
                    found[origin] = self._make(connection, place=place, key=key, taken=taken)
                    self._make_room(connection, found, place=place)
                for one in fields:
                    if digest(one.origin) not in found[origin].columns:
                        self._add_column(connection, known=found[origin], one=one)
                self._make_views(connection, found)
            # Whole, and not before it is true: other threads look at it meanwhile.
            self._known = found

    def refresh(self) -> None:
        """Learn what other processes have made."""
        with self._changing, self._engine.connect().execution_options(is_reading=True) as connection:
            self._known = self._read(connection)

    def _read(self, connection: Connection) -> dict[str, Known]:
        # One statement: what another process makes meanwhile is seen whole or not at all.
        tables, columns = self._tables.c, self._columns.c
        asked = (
            sa.select(
                tables.origin.label("table_origin"),
                tables.name.label("table_name"),
                tables.time,
                tables.comment.label("table_comment"),
                columns.origin,
                columns.name,
                columns.shape,
                columns.is_key,
                columns.comment,
            )
            .join_from(self._tables, self._columns, columns.table_name == tables.name, isouter=True)
            .order_by(tables.name, columns.number)
        )
        found: dict[str, Known] = {}
        self._gone = self._bundles.gone(connection)
        for row in connection.execute(asked):
            if row.table_origin not in found:
                table = sa.Table(row.table_name, sa.MetaData(schema=self._schema), info={"engine": self._kind})
                found[row.table_origin] = Known(table=table, comment=row.table_comment, time=row.time)
            if row.origin is not None:
                known, shape = found[row.table_origin], Shape(row.shape)
                _learn(known, row.origin, name=row.name, shape=shape, is_key=row.is_key, comment=row.comment)
        for known in found.values():
            known.table.append_column(sa.Column(VERSION, sa.BigInteger, nullable=False))
        return found | {digest(view.origin): self._seen(view) for view in VIEWS if _stands(view, found)}

    def _seen(self, view: View) -> Known:
        table = sa.Table(view.name, sa.MetaData(schema=self._schema), info={"engine": self._kind})
        known = Known(table=table, comment=view.comment, time=view.time, is_view=True)
        for one in view.shown:
            origin = digest(one.name)
            _learn(known, origin, name=one.name, shape=one.shape, is_key=one.is_key, comment=one.comment)
        table.append_column(sa.Column(VERSION, sa.BigInteger, nullable=False))
        return known

    def _make_views(self, connection: Connection, found: dict[str, Known]) -> None:
        for view in VIEWS:
            if not _stands(view, found):
                continue
            found[digest(view.origin)] = self._seen(view)
            if not sa.inspect(connection).has_table(view.name, schema=self._schema):
                base = found[digest(view.base)]
                columns = {origin: base.table.c[base.columns[digest(origin)] or ""] for origin in view.needs}
                selected = view.select(columns, version=base.table.c[VERSION])
                connection.execute(sa.schema.CreateView(selected, view.name, schema=self._schema))
                if self._kind == "postgresql":
                    self._comment(connection, found[digest(view.origin)])

    def _comment(self, connection: Connection, view: Known) -> None:
        dialect = self._engine.dialect
        words = str(sa.literal(view.comment).compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        connection.exec_driver_sql(f"COMMENT ON VIEW {dialect.identifier_preparer.format_table(view.table)} IS {words}")
        for column in view.table.columns:
            if column.comment:
                connection.execute(sa.schema.SetColumnComment(column))

    def _make(self, connection: Connection, *, place: Place, key: Sequence[Field], taken: set[str]) -> Known:
        taken |= {table.name for table in self._tables.metadata.tables.values()} | {view.name for view in VIEWS}
        name = name_for(place.origin, wish=place.name, taken=taken, otherwise="table")
        table = sa.Table(
            name, sa.MetaData(schema=self._schema), comment=place.comment or None, info={"engine": self._kind}
        )
        known = Known(table=table, comment=place.comment, time=place.time)
        values = {"origin": digest(place.origin), "name": name, "time": place.time, "comment": place.comment}
        connection.execute(self._tables.insert().values(values))
        for one in key:
            self._note(connection, known=known, one=one, name=self._name(known, one), is_key=True)
        table.append_column(sa.Column(VERSION, sa.BigInteger, nullable=False))
        table.create(connection)
        return known

    def _make_room(self, connection: Connection, found: dict[str, Known], *, place: Place) -> None:
        if place.bundle:
            for origin in self._bundles.add(connection, digest(place.bundle), origin=digest(place.origin)):
                self._drop(connection, found.pop(origin).table, origin=origin)
            self._gone = self._bundles.gone(connection)

    def _drop(self, connection: Connection, table: sa.Table, *, origin: str) -> None:
        # It is forgotten first: where tables are dropped outside of transactions, none is missed that is known.
        self._bundles.end(connection, origin)
        connection.execute(self._tables.delete().where(self._tables.c.origin == origin))
        connection.execute(self._columns.delete().where(self._columns.c.table_name == table.name))
        connection.execute(self.families.delete().where(self.families.c.table_name == table.name))
        if self._kind != "postgresql":
            table.drop(connection)
            return
        # One that somebody's view stands on is left to them.
        with contextlib.suppress(sa.exc.DBAPIError), connection.begin_nested():
            table.drop(connection)

    def _add_column(self, connection: Connection, *, known: Known, one: Field) -> None:
        if sum(name is not None for name in known.columns.values()) >= MOST_COLUMNS:
            self._leave_out(connection, known=known, one=one)
            return
        name = self._name(known, one)
        self._note(connection, known=known, one=one, name=name, is_key=False)
        column = known.table.c[name]
        spelled = sa.schema.CreateColumn(column).compile(dialect=self._engine.dialect)
        quoted = self._engine.dialect.identifier_preparer.format_table(known.table)
        connection.exec_driver_sql(f"ALTER TABLE {quoted} ADD COLUMN {spelled}")
        if self._kind == "postgresql" and one.comment:
            connection.execute(sa.schema.SetColumnComment(column))

    def _leave_out(self, connection: Connection, *, known: Known, one: Field) -> None:
        self._note(connection, known=known, one=one, name=None, is_key=False)
        if not known.comment.endswith(_TOO_MANY):
            known.comment += _TOO_MANY
            known.table.comment = known.comment
            named = self._tables.c.name == known.table.name
            connection.execute(self._tables.update().where(named).values(comment=known.comment))
            if self._kind != "sqlite":
                connection.execute(sa.schema.SetTableComment(known.table))

    def _name(self, known: Known, one: Field) -> str:
        return name_for(one.origin, wish=one.name, taken={*known.comments, VERSION}, otherwise="column")

    def _note(self, connection: Connection, *, known: Known, one: Field, name: str | None, is_key: bool) -> None:
        origin = digest(one.origin)
        values = {
            "table_name": known.table.name,
            "origin": origin,
            "number": len(known.columns),
            "name": name,
            "shape": one.shape.value,
            "is_key": is_key,
            "comment": one.comment,
        }
        connection.execute(self._columns.insert().values(values))
        _learn(known, origin, name=name, shape=one.shape, is_key=is_key, comment=one.comment)


def _stands(view: View, found: Mapping[str, Known]) -> bool:
    """Whether the table is there through which it is seen."""
    base = found.get(digest(view.base))
    return base is not None and all(base.columns.get(digest(origin)) for origin in view.needs)


def _learn(known: Known, origin: str, *, name: str | None, shape: Shape, is_key: bool, comment: str) -> None:
    known.columns[origin] = name
    if name is not None:
        kind = column_type(shape, engine=known.table.info["engine"], is_key=is_key)
        column = sa.Column(
            name, kind, primary_key=is_key, nullable=not is_key, comment=comment or None, autoincrement=False
        )
        known.table.append_column(column)
        known.shapes[name] = shape
        known.comments[name] = comment
