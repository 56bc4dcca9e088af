"""Writer: lays rows into the tables, which are made and widened as the rows need it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tidings.core.row import Cell, Change, Family, Field, Place, Row
from tidings.tables.catalogue import VERSION, Catalogue, Known
from tidings.tables.engine import upsert, writing
from tidings.tables.insertion import Cells, Insertion
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
        for place, key, fields in _shapes(changes).values():
            self._ensure(place, key=key, fields=fields)
        # Making one table may be the end of another.
        changes = [one for one in changes if not self._catalogue.is_gone(one.place)]
        with writing(self._engine) as connection:
            current = self._current(connection, [one for one in changes if isinstance(one, Family)])
            rows = [one for one in changes if isinstance(one, Row)]
            rows += [row for family in current for row in family.rows]
            for insertion, batch in self._batches(rows).items():
                insertion.run(connection, batch)
        places = {one.place.origin: one.place for one in changes}
        return frozenset(str(self._known(one).table.name) for one in places.values())

    def _ensure(self, place: Place, *, key: Sequence[Field], fields: Sequence[Field]) -> None:
        known = self._catalogue.find(place)
        if self._catalogue.is_gone(place):
            return
        if known is None or any(digest(one.origin) not in known.columns for one in fields):
            self._catalogue.widen(place, key=key, fields=fields)

    def _batches(self, rows: Sequence[Row]) -> Mapping[Insertion, list[Cells]]:
        newest: dict[tuple[str, _Key], tuple[int, Insertion, Cells]] = {}
        insertions: dict[tuple[str, tuple[str, ...]], Insertion] = {}
        for row in rows:
            fields = (*row.key, *row.fields)
            shape = row.place.origin, tuple([one.origin for one in fields])
            insertion = insertions.get(shape)
            if insertion is None:
                insertion = insertions[shape] = self._insertion(row.place, shape[1])
            key = row.place.origin, tuple([one.value for one in row.key])
            before = newest.get(key)
            if before is None or before[0] <= row.version:
                newest[key] = row.version, insertion, insertion.cells(fields, version=row.version)
        batches: dict[Insertion, list[Cells]] = defaultdict(list)
        for _, insertion, cells in newest.values():
            batches[insertion].append(cells)
        return batches

    def _insertion(self, place: Place, origins: tuple[str, ...]) -> Insertion:
        known = self._known(place)
        insertion = known.insertions.get(origins)
        if insertion is None:
            names = [known.columns[digest(one)] for one in origins]
            dialect = self._engine.dialect
            insertion = Insertion(known.table, names, version=VERSION, shapes=known.shapes, dialect=dialect)
            known.insertions[origins] = insertion
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


def _shapes(changes: Sequence[Change]) -> Mapping[object, tuple[Place, Sequence[Field], Sequence[Field]]]:
    """What tables the changes need, each shape once."""
    found: dict[object, tuple[Place, Sequence[Field], Sequence[Field]]] = {}
    for change in changes:
        for row in [change] if isinstance(change, Row) else change.rows:
            shape = row.place.origin, tuple([one.origin for one in row.fields])
            if shape not in found:
                found[shape] = row.place, row.key, row.fields
        if isinstance(change, Family) and not change.rows:
            found.setdefault((change.place.origin, ()), (change.place, (*change.parent, *change.rest), ()))
    return found


def _parts(families: Mapping[tuple[str, str], Family]) -> Iterator[Mapping[tuple[str, str], Family]]:
    named = list(families.items())
    for start in range(0, len(named), _AT_ONCE):
        yield dict(named[start : start + _AT_ONCE])
