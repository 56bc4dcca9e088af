"""Filters that a generator writes: the database finds what plain Python finds, and no word of them is in its SQL."""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.effort import tries
from tidings.core.row import Cell, Field, Place, Row, Shape, row_of
from tidings.dashboards.odata.filter import parse_filter
from tidings.tables.query import Query
from tidings.tables.selection import Selection
from tidings.tables.tables import open_tables
from tidings.testing.clock import ManualClock

SHAPES = {
    "id": Shape.WHOLE,
    "goods": Shape.TEXT,
    "price": Shape.NUMBER,
    "line": Shape.WHOLE,
    "paid": Shape.TRUTH,
    "at": Shape.INSTANT,
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AT = 1_705_314_645_678  # 2024-01-15T10:30:45.678Z
DAY = 86_400_000
HOSTILE = "zq'; drop table orders -- \\"
CELLS: tuple[tuple[Cell, ...], ...] = (
    ("Rice 100%", 10.5, 1, True, AT),
    ("rice_x", -3.0, 2, False, AT + 1),
    (None, None, None, None, None),
    ("ZQ [*?]", 0.0, 0, True, AT + 31 * DAY),
    (HOSTILE, 1.0, 1, False, AT - 400 * DAY),
    ("", 2.0, -7, None, -1),
    ("zq", 10.5, 9_007_199_254_740_993, True, 0),
)
Cells = dict[str, Cell]
ROWS: tuple[Cells, ...] = tuple(dict(zip(SHAPES, (number, *cells), strict=True)) for number, cells in enumerate(CELLS))
FIRST_DAY = AT - AT % DAY


class Written(NamedTuple):
    """A piece of a filter, and what it means of a row."""

    text: str
    means: Callable[[Cells], Cell]


def literal(text: str, value: Cell) -> Written:
    return Written(text, lambda _: value)


def quoted(value: str) -> Written:
    return literal("'" + value.replace("'", "''") + "'", value)


def instant(value: int) -> Written:
    moment = EPOCH + timedelta(milliseconds=value)
    return literal(moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"), value)


def column(name: str) -> Written:
    return Written(name, lambda row: row[name])


def made(function: str, of: Written, make: Callable[[Cell], Cell]) -> Written:
    return Written(f"{function}({of.text})", lambda row: None if (cell := of.means(row)) is None else make(cell))


def moment_of(cell: Cell) -> datetime:
    return EPOCH + timedelta(milliseconds=int(cell or 0))


PIECES = ["rice", "Rice 100%", "zq", "ZQ", "%", "_", "[", "*", "?", "'", "''", "\\", "--", "", HOSTILE, " "]
TEXTS = st.sampled_from(PIECES).map(quoted) | st.just(column("goods"))
TEXTS |= TEXTS.map(lambda of: made("tolower", of, lambda cell: str(cell).lower()))
TEXTS |= TEXTS.map(lambda of: made("toupper", of, lambda cell: str(cell).upper()))
WHOLES = (
    st.sampled_from([-7, 0, 1, 2, 10, 9_007_199_254_740_993]).map(lambda value: literal(str(value), value))
    | st.just(column("line"))
    | TEXTS.map(lambda of: made("length", of, lambda cell: len(str(cell))))
    | st.sampled_from(["year", "month", "day", "hour", "minute", "second"]).map(
        lambda part: made(part, column("at"), lambda cell: getattr(moment_of(cell), part))
    )
)
NUMBERS = st.sampled_from([-3.0, 0.0, 0.5, 10.5]).map(lambda value: literal(repr(value), value)) | st.just(
    column("price")
)
INSTANTS = st.sampled_from([AT, AT + 1, 0, -1, FIRST_DAY]).map(instant) | st.just(column("at"))
NULL = st.just(literal("null", None))
TRUTHS = st.sampled_from([literal("true", value=True), literal("false", value=False), column("paid")])
ORDERED: dict[str, Callable[[int | float, int | float], bool]] = {
    "gt": lambda one, other: one > other,
    "ge": lambda one, other: one >= other,
    "lt": lambda one, other: one < other,
    "le": lambda one, other: one <= other,
}


def equal(left: Written, right: Written, word: str) -> Written:
    def means(row: Cells) -> bool:
        one, other = left.means(row), right.means(row)
        return (one == other) is (word == "eq")

    return Written(f"{left.text} {word} {right.text}", means)


def ordered(left: Written, right: Written, word: str) -> Written:
    def means(row: Cells) -> bool:
        one, other = left.means(row), right.means(row)
        return isinstance(one, int | float) and isinstance(other, int | float) and ORDERED[word](one, other)

    return Written(f"{left.text} {word} {right.text}", means)


def on_day(day: int, word: str, *, is_turned: bool) -> Written:
    date = (EPOCH + timedelta(milliseconds=day)).date().isoformat()
    text = f"{date} {word} date(at)" if is_turned else f"date(at) {word} {date}"

    def means(row: Cells) -> bool:
        cell = row["at"]
        if cell is None:
            return word == "ne"
        found = int(cell) // DAY * DAY
        if word in {"eq", "ne"}:
            return (found == day) is (word == "eq")
        return ORDERED[word](day, found) if is_turned else ORDERED[word](found, day)

    return Written(text, means)


def among(value: Written, members: list[Written]) -> Written:
    text = f"{value.text} in ({', '.join(member.text for member in members)})"
    return Written(text, lambda row: value.means(row) in [member.means(row) for member in members])


def holding(value: Written, part: str, where: str) -> Written:
    def means(row: Cells) -> bool:
        cell = value.means(row)
        if cell is None:
            return False
        found = {"contains": part in str(cell), "startswith": str(cell).startswith(part)}
        return found.get(where, str(cell).endswith(part))

    return Written(f"{where}({value.text}, {quoted(part).text})", means)


def equalities(of: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    return st.builds(equal, of, of | NULL, st.sampled_from(["eq", "ne"]))


CONDITIONS = st.one_of(
    st.just(Written("paid", lambda row: row["paid"] is True)),
    *map(equalities, (TEXTS, WHOLES | NUMBERS, INSTANTS, TRUTHS)),
    *(st.builds(ordered, of, of, st.sampled_from(sorted(ORDERED))) for of in (WHOLES, NUMBERS, INSTANTS)),
    st.builds(
        on_day,
        st.sampled_from([FIRST_DAY, 0, -DAY]),
        st.sampled_from(["eq", "ne", *ORDERED]),
        is_turned=st.booleans(),
    ),
    st.builds(among, TEXTS, st.lists(st.sampled_from(PIECES).map(quoted), min_size=1, max_size=3)),
    st.builds(holding, TEXTS, st.sampled_from(PIECES), st.sampled_from(["contains", "startswith", "endswith"])),
)


def joined(parts: list[Written], word: str) -> Written:
    every = all if word == "and" else any
    return Written(
        "(" + f" {word} ".join(part.text for part in parts) + ")", lambda row: every(p.means(row) for p in parts)
    )


FILTERS = st.recursive(
    CONDITIONS,
    lambda inner: (
        st.builds(joined, st.lists(inner, min_size=2, max_size=3), st.sampled_from(["and", "or"]))
        | inner.map(lambda of: Written(f"not ({of.text})", lambda row: not of.means(row)))
        | inner.map(lambda of: Written(f"({of.text} and true) eq false", lambda row: not of.means(row)))
    ),
    max_leaves=6,
)


@pytest.fixture(params=["sqlite", "postgresql"])
def query(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Query]:
    url = (
        f"sqlite:{tmp_path}/t.db" if request.param == "sqlite" else request.getfixturevalue("new_postgresql_database")()
    )
    place = Place("orders", "orders", "")
    with open_tables(url) as tables:
        tables.write([_row(place, row) for row in ROWS])
        yield Query(tables.engine, clock=ManualClock())


def _row(place: Place, row: Cells) -> Row:
    key, *fields = (Field(name, name, shape, row[name]) for name, shape in SHAPES.items())
    return row_of(place=place, key=(key,), fields=tuple(fields), version=1)


def test_a_filter_finds_the_rows_that_it_means(query: Query) -> None:
    columns = query.sheet("orders").columns

    @given(written=FILTERS)
    @tries(250)
    def found(written: Written) -> None:
        condition = parse_filter(written.text, columns=columns)
        selection = Selection(table="orders", columns=("id",), condition=condition, most=100)

        assert "zq" not in str(query.statement(selection)).lower()
        ids = list(itertools.chain.from_iterable(query.part(selection).rows))
        assert ids == [row["id"] for row in ROWS if written.means(row)]

    found()
