"""Seen: what a template sees of rows and parameters: names of columns and nothing that is Python's."""

from collections.abc import Iterator, Mapping, Sequence

from tidings.core.report import DataSheet, Value


class Names:
    """Things by name, as `things.name` or `things["name"]`; names such as `items` are like any other here."""

    __slots__ = ("_things",)

    def __init__(self, things: Mapping[str, object]) -> None:
        self._things = things

    def __getitem__(self, name: str) -> object:
        return self._things[name]

    def __contains__(self, name: object) -> bool:
        return name in self._things

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)


class Row:
    """A row: `row.column`, `row["column"]`, `row[0]`, and its cells one after another."""

    __slots__ = ("_cells", "_places")

    def __init__(self, cells: Sequence[Value], *, places: Mapping[str, int]) -> None:
        self._cells = cells
        self._places = places

    def __getitem__(self, name: str | int) -> Value:
        return self._cells[name if isinstance(name, int) else self._places[name]]

    def __iter__(self) -> Iterator[Value]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)


class Table:
    """The rows of a query, its `columns`, and the `total` of rows that there are."""

    __slots__ = ("_places", "_sheet")

    def __init__(self, sheet: DataSheet) -> None:
        self._sheet = sheet
        self._places = {name: at for at, name in enumerate(sheet.columns)}

    @property
    def columns(self) -> tuple[str, ...]:
        return self._sheet.columns

    @property
    def total(self) -> int:
        return self._sheet.total

    def __getitem__(self, at: int) -> Row:
        return Row(self._sheet.rows[at], places=self._places)

    def __iter__(self) -> Iterator[Row]:
        return (Row(cells, places=self._places) for cells in self._sheet.rows)

    def __len__(self) -> int:
        return len(self._sheet.rows)


def names_in(thing: object) -> Sequence[str]:
    """Which names a template could have meant."""
    if isinstance(thing, Names):
        return list(thing)
    if isinstance(thing, Row):
        return list(thing._places)  # noqa: SLF001 - it has no names of its own, lest they hide a column's
    return ["columns", "total"] if isinstance(thing, Table) else []
