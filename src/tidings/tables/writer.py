"""Writer: lays rows into the tables, which are made and widened as the rows need it."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tidings.core.row import Cell, Change, Family, Layout, Place, Row
from tidings.tables.catalogue import VERSION, Catalogue, Known
from tidings.tables.engine import upsert, writing
from tidings.tables.insertion import Insertion
from tidings.tables.naming import digest

_Values = dict[str, Cell]
_Key = tuple[Cell, ...]
# A statement's parameters are bounded (SQLite: 32,766).
_AT_ONCE = 500


class Writer:
    """Writes changes in one transaction; repeating them, in any order, leaves the tables as they are. It blocks."""

    def __init__(self, engine: Engine, catalogue: Catalogue) -> None:
        self._engine = engine
        self._catalogue = catalogue

    def write(self, changes: Sequence[Change]) -> frozenset[str]:
        """Keep what was said; the tables that were written.

        Of two rows with one key, and of two families of one parent, the later said stays.
        """
        for layout in _layouts(changes):
            self._ensure(layout)
        # Making one table may be the end of another.
        changes = [one for one in changes if not self._catalogue.is_gone(one.place)]
        rows = [one for one in changes if isinstance(one, Row)]
        families = [one for one in changes if isinstance(one, Family)]
        with writing(self._engine) as connection:
            if families:
                rows += [row for family in self._current(connection, families) for row in family.rows]
            for insertion, batch in self._batches(rows).items():
                insertion.run(connection, batch)
        places = {one.place.origin: one.place for one in changes}
        return frozenset(str(self._known(one).table.name) for one in places.values())

    def _ensure(self, layout: Layout) -> None:
        known = self._catalogue.find(layout.place)
        if self._catalogue.is_gone(layout.place):
            return
        if known is None or any(digest(one.origin) not in known.columns for one in layout.fields):
            self._catalogue.widen(layout.place, key=layout.key, fields=layout.fields)

    def _batches(self, rows: Sequence[Row]) -> Mapping[Insertion, list[Row]]:
        """The newest row of each key, by how it is written."""
        newest: dict[str, dict[_Key, tuple[Row, Insertion]]] = defaultdict(dict)
        ways: dict[int, tuple[int, Insertion, dict[_Key, tuple[Row, Insertion]]]] = {}
        for row in rows:
            way = ways.get(id(row.layout))
            if way is None:
                layout = row.layout
                way = len(layout.key), self._insertion(layout), newest[layout.place.origin]
                ways[id(layout)] = way
            length, insertion, of_table = way
            key = row.values[:length]
            before = of_table.get(key)
            if before is None or before[0].version <= row.version:
                of_table[key] = row, insertion
        batches: dict[Insertion, list[Row]] = defaultdict(list)
        for of_table in newest.values():
            for row, insertion in of_table.values():
                batches[insertion].append(row)
        return batches

    def _insertion(self, layout: Layout) -> Insertion:
        known = self._known(layout.place)
        origins = tuple([one.origin for one in (*layout.key, *layout.fields)])
        insertion = known.insertions.get(origins)
        if insertion is None:
            names = [known.columns[digest(one)] for one in origins]
            dialect = self._engine.dialect
            insertion = Insertion(known.table, names, version=VERSION, shapes=known.shapes, dialect=dialect)
            known.remember(origins, insertion)
        return insertion

    def _current(self, connection: Connection, families: Sequence[Family]) -> Sequence[Family]:
        """Those families that no later one of their parents has replaced; what was there before them goes."""
        newest: dict[tuple[str, str], Family] = {}
        for family in families:
            named = self._known(family.place).table.name, digest(repr([one.value for one in family.parent]))
            if named not in newest or newest[named].version <= family.version:
                newest[named] = family
        return [one for part in _parts(newest) for one in self._put_in_place(connection, part)]

    def _put_in_place(self, connection: Connection, part: Mapping[tuple[str, str], Family]) -> Iterator[Family]:
        heads = self._catalogue.families
        rows = [{"table_name": table, "parent": parent, VERSION: one.version} for (table, parent), one in part.items()]
        connection.execute(upsert(heads, ("table_name", "parent", VERSION), version=VERSION), rows)
        asked = sa.select(heads).where(heads.c.parent.in_([parent for _, parent in part]))
        kept = {(row["table_name"], row["parent"]): row[VERSION] for row in connection.execute(asked).mappings()}
        outdated: dict[str, list[_Values]] = defaultdict(list)
        for named, family in part.items():
            if kept[named] == family.version:
                outdated[named[0]].append(self._values(family) | {"newer": family.version})
                yield family
        for name, parents in outdated.items():
            connection.execute(self._deletion(name, parents[0]), parents)

    def _values(self, family: Family) -> _Values:
        known = self._known(family.place)
        return {f"parent_{known.columns[digest(one.origin)]}": one.value for one in family.parent}

    def _deletion(self, name: str, values: _Values) -> sa.Delete:
        table = self._catalogue.named()[name].table
        of_parent = (
            table.c[bound.removeprefix("parent_")] == sa.bindparam(bound) for bound in values if bound != "newer"
        )
        return table.delete().where(*of_parent, table.c[VERSION] < sa.bindparam("newer"))

    def _known(self, place: Place) -> Known:
        known = self._catalogue.find(place)
        assert known is not None  # noqa: S101 - `write` ensures every table first
        return known


def _layouts(changes: Sequence[Change]) -> Collection[Layout]:
    """What tables and columns the changes need: each layout once, be it shared or only alike."""
    shared: dict[int, Layout] = {}
    for change in changes:
        if isinstance(change, Row):
            shared[id(change.layout)] = change.layout
        elif change.rows:
            shared |= {id(row.layout): row.layout for row in change.rows}
        else:
            bare = Layout(change.place, (*change.parent, *change.rest), ())
            shared[id(bare)] = bare
    return {(one.place.origin, *(column.origin for column in one.fields)): one for one in shared.values()}.values()


def _parts(families: Mapping[tuple[str, str], Family]) -> Iterator[Mapping[tuple[str, str], Family]]:
    named = list(families.items())
    for start in range(0, len(named), _AT_ONCE):
        yield dict(named[start : start + _AT_ONCE])
