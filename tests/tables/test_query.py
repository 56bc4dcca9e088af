"""Reading tables in real databases of three engines."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa

from tidings.core.clock import Clock
from tidings.core.errors import Invalid, NotFound, Unavailable
from tidings.core.row import Cell, Field, Place, Row, Shape, row_of
from tidings.tables.condition import (
    Among,
    Both,
    Compared,
    Condition,
    Either,
    Function,
    Holding,
    Literal,
    Made,
    Named,
    Negated,
    Operator,
    Where,
)
from tidings.tables.engine import open_engine
from tidings.tables.index import time_index
from tidings.tables.query import Query, selecting
from tidings.tables.selection import Cells, Order, Selection
from tidings.tables.tables import Tables, open_tables
from tidings.testing.clock import ManualClock

PLACE = Place("orders", "orders", "What was ordered.")
COLUMNS = {
    "id": Shape.TEXT,
    "line": Shape.WHOLE,
    "goods": Shape.TEXT,
    "price": Shape.NUMBER,
    "paid": Shape.TRUTH,
    "at": Shape.INSTANT,
}
DAY = 86_400_000
AT = 1_705_314_645_678  # 2024-01-15T10:30:45.678Z
ROWS: tuple[Cells, ...] = (
    ("a", 1, "Rice 100%", 10.5, True, AT),
    ("a", 2, "rice_x", -3.0, False, AT + 1),
    ("b", 1, None, None, None, None),
    ("b", 2, "ÄPFEL [*?]", 0.1, True, AT + 31 * DAY),
    ("c", 1, "o'neil; drop table orders -- \\", 1e300, False, AT - 400 * DAY),
    ("c", 2, "नमस्ते 🍚", 10.5, None, AT + 1),
)
GOODS, PRICE, PAID, MOMENT = (Named(name, COLUMNS[name]) for name in ("goods", "price", "paid", "at"))


def row(cells: Cells) -> Row:
    fields = [
        Field(name, name, shape, cell, f"The {name}.")
        for (name, shape), cell in zip(COLUMNS.items(), cells, strict=True)
    ]
    return row_of(place=PLACE, key=tuple(fields[:2]), fields=tuple(fields[2:]), version=1)


@pytest.fixture
def query(tables: Tables) -> Query:
    tables.write([row(cells) for cells in ROWS])
    return Query(tables.engine, clock=ManualClock())


def read(query: Query, **wishes: object) -> Iterator[Cells]:
    """All rows, two at a time."""
    selection = Selection(**{"table": "orders", "columns": tuple(COLUMNS), "most": 2} | wishes)  # type: ignore[arg-type]  # what a test wishes
    while True:
        part = query.part(selection)
        yield from part.rows
        if part.after is None:
            return
        selection = Selection(
            table=selection.table,
            columns=selection.columns,
            condition=selection.condition,
            order=selection.order,
            most=selection.most,
            after=part.after,
        )


def text(value: str | None) -> Literal:
    return Literal(value, Shape.TEXT)


def compared(left: Named | Made, operator: str, value: Cell, shape: Shape | None = None) -> Compared:
    return Compared(left, Operator(operator), Literal(value, shape or left.shape))


def test_a_sheet_tells_its_columns_and_hides_our_bookkeeping(query: Query) -> None:
    [sheet] = query.sheets().values()

    assert (sheet.name, sheet.comment, sheet.time) == ("orders", "What was ordered.", "at")
    assert {column.name: column.shape for column in sheet.columns.values()} == COLUMNS
    assert [column.name for column in sheet.key] == ["id", "line"]
    assert sheet.columns["goods"].comment == "The goods."


@pytest.mark.parametrize("ask", [lambda query: list(query.sheets()), lambda query: [query.sheet("orders").name]])
def test_a_table_that_another_process_makes_is_there_at_once(
    tables: Tables, tables_url: str, ask: Callable[[Query], list[str]]
) -> None:
    query = Query(tables.engine, clock=ManualClock())
    assert query.sheets() == {}

    with open_tables(tables_url) as others:
        others.write([row(ROWS[0])])

    assert ask(query) == ["orders"]


async def test_a_column_that_another_process_adds_is_seen_a_second_later(tables: Tables, tables_url: str) -> None:
    clock = ManualClock()
    query = Query(tables.engine, clock=clock)
    tables.write([row(ROWS[0])])
    assert "note" not in query.sheet("orders").columns

    note = Field(origin="note", name="note", shape=Shape.TEXT, value="late")
    with open_tables(tables_url) as others:
        others.write([row_of(place=PLACE, key=row(ROWS[0]).key, fields=(note,), version=2)])
    await clock.advance(1_000)

    assert "note" in query.sheet("orders").columns


def test_parts_follow_one_another_by_key_and_hold_all_values_as_they_were_written(query: Query) -> None:
    assert list(read(query)) == list(ROWS)


def test_a_part_holds_the_wanted_columns_in_the_wanted_order(query: Query) -> None:
    assert list(read(query, columns=("price", "id"), most=100)) == [(cells[3], cells[0]) for cells in ROWS]
    assert list(read(query, columns=("price",), skip=4)) == [(1e300,), (10.5,)]


SORTED = [*itertools.permutations(("goods", "price", "paid", "at", "line"), 2), ("price",), ("id",), ("line", "id")]


@pytest.mark.parametrize("names", SORTED)
def test_rows_come_in_any_order_with_what_is_empty_first_or_descending_last(query: Query, names: Sequence[str]) -> None:
    ways = itertools.product((False, True), repeat=len(names))
    for descending in ways:
        order = tuple(
            Order(column=name, is_descending=is_down) for name, is_down in zip(names, descending, strict=True)
        )

        found = list(read(query, order=order))

        assert len(found) == len(set(found)) == len(ROWS)
        # Letters stand in the order of the engine: only of other columns we know it.
        if COLUMNS[names[0]] is not Shape.TEXT:
            cells = [cells[list(COLUMNS).index(names[0])] for cells in found]
            assert cells == sorted(cells, key=lambda cell: (cell is not None, cell or 0), reverse=descending[0])
        everything = query.part(Selection(table="orders", columns=tuple(COLUMNS), order=order, most=100))
        assert everything.rows == found


PAID_FOR = Compared(PAID, Operator.EQ, Literal(value=True, shape=Shape.TRUTH))
CONDITIONS: list[tuple[Condition, str]] = [
    (compared(GOODS, "eq", "rice_x"), "a2"),
    (compared(GOODS, "ne", "rice_x"), "a1 b1 b2 c1 c2"),
    (compared(GOODS, "eq", None), "b1"),
    (compared(GOODS, "ne", None), "a1 a2 b2 c1 c2"),
    (compared(GOODS, "gt", None), ""),
    (Compared(text(None), Operator.EQ, text(None)), "a1 a2 b1 b2 c1 c2"),
    (Compared(text(None), Operator.NE, text(None)), ""),
    (Compared(GOODS, Operator.EQ, GOODS), "a1 a2 b1 b2 c1 c2"),
    (Compared(text("x"), Operator.EQ, text("x")), "a1 a2 b1 b2 c1 c2"),
    (compared(GOODS, "eq", "o'neil; drop table orders -- \\"), "c1"),
    (compared(GOODS, "eq", "' or 1=1 --"), ""),
    (compared(PRICE, "gt", 0.05), "a1 b2 c1 c2"),
    (compared(PRICE, "le", 0, Shape.WHOLE), "a2"),
    (compared(Named("line", Shape.WHOLE), "lt", 1.5, Shape.NUMBER), "a1 b1 c1"),
    (PAID_FOR, "a1 b2"),
    (Compared(PAID, Operator.NE, PAID_FOR.right), "a2 b1 c1 c2"),
    (compared(MOMENT, "eq", AT), "a1"),
    (compared(MOMENT, "ge", AT + 1), "a2 b2 c2"),
    (Negated(compared(PRICE, "gt", 0.05)), "a2 b1"),
    (Negated(Negated(compared(PRICE, "gt", 0.05))), "a1 b2 c1 c2"),
    (Negated(Both((compared(PRICE, "gt", 0.05), PAID_FOR))), "a2 b1 c1 c2"),
    (Either((compared(PRICE, "lt", 0), compared(GOODS, "eq", None))), "a2 b1"),
    (Both((compared(PRICE, "eq", 10.5), PAID_FOR)), "a1"),
    (Among(GOODS, (text("rice_x"), text("नमस्ते 🍚"))), "a2 c2"),
    (Negated(Among(PRICE, (Literal(10.5, Shape.NUMBER), Literal(7, Shape.WHOLE)))), "a2 b1 b2 c1"),
    (Holding(GOODS, Where.CONTAINS, "ice"), "a1 a2"),
    (Holding(GOODS, Where.STARTS, "rice"), "a2"),
    (Holding(GOODS, Where.ENDS, "%"), "a1"),
    (Holding(GOODS, Where.CONTAINS, "_"), "a2"),
    (Holding(GOODS, Where.CONTAINS, "[*?]"), "b2"),
    (Holding(GOODS, Where.ENDS, "\\"), "c1"),
    (Holding(GOODS, Where.CONTAINS, "'"), "c1"),
    (Holding(GOODS, Where.CONTAINS, ""), "a1 a2 b2 c1 c2"),
    (Holding(Made(Function.LOWER, GOODS), Where.STARTS, "äpf"), "b2"),
    (compared(Made(Function.UPPER, GOODS), "eq", "RICE 100%"), "a1"),
    (compared(Made(Function.LENGTH, GOODS), "eq", 8), "c2"),
    (compared(Made(Function.YEAR, MOMENT), "eq", 2024), "a1 a2 b2 c2"),
    (compared(Made(Function.MONTH, MOMENT), "eq", 2), "b2"),
    (compared(Made(Function.DAY, MOMENT), "eq", 15), "a1 a2 b2 c2"),
    (compared(Made(Function.HOUR, MOMENT), "eq", 10), "a1 a2 b2 c1 c2"),
    (compared(Made(Function.MINUTE, MOMENT), "eq", 30), "a1 a2 b2 c1 c2"),
    (compared(Made(Function.SECOND, MOMENT), "eq", 45), "a1 a2 b2 c1 c2"),
]


def test_every_condition_means_the_same_on_all_engines(query: Query) -> None:
    for condition, expected in CONDITIONS:
        found = " ".join(f"{cells[0]}{cells[1]}" for cells in read(query, condition=condition))

        assert (condition, found) == (condition, expected)
        assert query.count("orders", condition) == len(expected.split())
    assert query.count("orders", None) == len(ROWS)


def test_a_part_ends_early_when_its_rows_are_large(tables: Tables) -> None:
    tables.write([row((f"k{number}", 1, "x" * 1_500_000, None, None, None)) for number in range(6)])
    query = Query(tables.engine, clock=ManualClock())

    part = query.part(Selection(table="orders", columns=("id", "goods"), most=1_000))

    assert [name for name, _ in part.rows] == ["k0", "k1", "k2"]
    assert part.after == ("k2", 1)
    assert len(list(read(query, columns=("id",), most=1_000))) == 6


def test_a_table_that_is_not_there_is_not_found(query: Query) -> None:
    for name in ("other", "tidings_table", "orders; drop table orders", "sqlite_master"):
        with pytest.raises(NotFound):
            query.sheet(name)
        with pytest.raises(NotFound):
            query.part(Selection(table=name, columns=("id",), most=1))


def test_what_the_engine_cannot_do_is_told_without_the_statement(query: Query, tables: Tables) -> None:
    with tables.engine.begin() as connection:
        connection.execute(sa.schema.DropTable(tables.known()["orders"].table))

    with pytest.raises((Invalid, Unavailable)) as caught:
        query.count("orders", None)

    assert "SELECT" not in caught.value.message


def test_a_database_that_is_away_is_unavailable(free_port: int) -> None:
    engine = open_engine(f"postgresql://nobody@127.0.0.1:{free_port}/none")

    with pytest.raises(Unavailable):
        Query(engine, clock=ManualClock()).sheets()


def test_a_question_that_takes_too_long_is_broken_off_and_the_next_is_answered(tables: Tables) -> None:
    tables.write([row(cells) for cells in ROWS])
    query = Query(tables.engine, clock=Clock(), longest_ms=50)
    table = tables.known()["orders"].table

    # 6 to the power of 12 rows: minutes.
    tables_of_it = ", ".join(f"{tables.engine.dialect.identifier_preparer.format_table(table)} t{n}" for n in range(12))

    def ask() -> None:
        with query.reading() as connection:
            connection.exec_driver_sql(f"SELECT sum(t0.price) FROM {tables_of_it}").scalar_one()  # noqa: S608 - ours

    with pytest.raises(Unavailable, match="ask for less"):
        ask()

    assert query.count("orders", None) == len(ROWS)


MANY = 100_000


def fill(tables: Tables) -> sa.Table:
    tables.write([row(ROWS[0])])
    table = tables.known()["orders"].table
    with tables.engine.begin() as connection:
        for start in range(0, MANY, 10_000):
            rows = [(f"{number // 100:06}", number % 100) for number in range(start, start + 10_000)]
            values = [
                {"id": name, "line": line, "goods": name, "at": AT + int(name) * 1_000, "tidings_version": 1}
                for name, line in rows
            ]
            connection.execute(table.insert(), values)
    name = tables.engine.dialect.name
    with tables.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        quoted = tables.engine.dialect.identifier_preparer.format_table(table)
        connection.exec_driver_sql(
            f"ANALYZE {quoted}" if name in {"sqlite", "postgresql"} else f"ANALYZE TABLE {quoted}"
        )
    return table


def plan(tables: Tables, statement: sa.Select[tuple[object, ...]]) -> str:
    name = tables.engine.dialect.name
    explain = "EXPLAIN QUERY PLAN " if name == "sqlite" else "EXPLAIN "
    compiled = statement.compile(tables.engine, compile_kwargs={"literal_binds": True})
    with tables.engine.connect() as connection:
        return "\n".join(map(str, connection.exec_driver_sql(explain + str(compiled).replace("%", "%%"))))


def test_a_part_in_the_middle_of_a_hundred_thousand_rows_is_found_by_the_key(tables: Tables) -> None:
    table = fill(tables)
    selection = Selection(table="orders", columns=("id", "goods"), most=1_000, after=("000500", 50))

    told = plan(tables, selecting(table, selection))

    if tables.engine.dialect.name == "sqlite":
        assert "USING INDEX sqlite_autoindex_orders_1 ((id,line)>(?,?))" in told
        assert "TEMP B-TREE" not in told
    elif tables.engine.dialect.name == "postgresql":
        assert "Index Scan using orders_pkey" in told
        assert "Index Cond: (ROW(id, line) > ROW(" in told
        assert "Sort" not in told
    else:
        assert "'range'" in told
        assert "'PRIMARY'" in told
        assert "filesort" not in told
    part = Query(tables.engine, clock=ManualClock()).part(selection)
    assert part.rows[0] == ("000500", "000500")
    assert part.after == ("000510", 50)


def since(at: int, *, until: int | None = None) -> Condition:
    parts: list[Condition] = [compared(MOMENT, "ge", at), compared(PRICE, "eq", None)]
    if until is not None:
        parts.append(Both((compared(MOMENT, "lt", until),)))
    return Both(tuple(parts))


def test_the_newest_of_a_hundred_thousand_rows_are_found_by_their_time(tables: Tables) -> None:
    fill(tables)
    query = Query(tables.engine, clock=ManualClock())
    wished = Selection(table="orders", columns=("id", "line"), most=1_000, condition=since(AT + 995_000))

    told = plan(tables, query.statement(wished))

    assert time_index(tables.known()["orders"]) in told
    assert "Seq Scan" not in told
    first = query.part(wished)
    rest = query.part(replace(wished, after=("000999", 49)))
    assert (first.rows[0], len(first.rows), len(rest.rows), rest.after) == (("000995", 0), 500, 50, None)


def test_many_rows_of_a_span_of_time_are_read_by_key_without_sorting_all_of_them_at_every_part(tables: Tables) -> None:
    fill(tables)
    query = Query(tables.engine, clock=ManualClock())
    wished = Selection(
        table="orders", columns=("id", "line"), most=100, condition=since(AT, until=AT + 900_000), after=("000300", 50)
    )

    told = plan(tables, query.statement(wished))

    assert "sqlite_autoindex_orders_1" in told or "orders_pkey" in told or "'PRIMARY'" in told, told
    assert query.part(wished).rows[0] == ("000300", 51)
    assert query.count("orders", wished.condition) == 90_000
