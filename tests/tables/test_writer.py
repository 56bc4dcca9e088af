"""Rows in real databases of three engines."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from tidings.core.errors import Unavailable
from tidings.core.row import Cell, Change, Family, Field, Place, Row, Shape, row_of
from tidings.tables.catalogue import MOST_COLUMNS, VERSION
from tidings.tables.tables import Tables, open_tables, opened

ORDERS = Place("package:order", "orders", "What was ordered.")
LINES = Place("package:order:lines", "order_lines", "The lines of the orders.")


def text(name: str, value: str | None, *, origin: str = "") -> Field:
    return Field(origin or name, name, Shape.TEXT, value, f"The {name}: 100 % 'said'.")


def order(number: str, *fields: Field, version: int = 1) -> Row:
    return row_of(place=ORDERS, key=(text("id", number),), fields=fields, version=version)


def lines(number: str, *goods: str, version: int = 1) -> Family:
    parent = text("id", number)

    def place(at: int) -> Field:
        return Field("number", "number", Shape.WHOLE, at)

    rows = (
        row_of(place=LINES, key=(parent, place(at)), fields=(text("goods", one),), version=version)
        for at, one in enumerate(goods)
    )
    return Family(place=LINES, parent=(parent,), rest=(place(0),), rows=tuple(rows), version=version)


def content(tables: Tables, name: str) -> list[dict[str, Cell]]:
    return [{column: value for column, value in row.items() if column != VERSION} for row in tables.rows(name)]


def test_every_shape_comes_back_as_it_went_in(tables: Tables) -> None:
    values: list[tuple[Shape, Cell]] = [
        (Shape.TEXT, "नमस्ते 🍚 '; drop table orders"),
        (Shape.NUMBER, 0.1),
        (Shape.WHOLE, 2**53 + 1),
        (Shape.TRUTH, True),
        (Shape.INSTANT, 1_700_000_000_123),
    ]
    fields = [Field(shape, shape, shape, value) for shape, value in values]
    tables.write([order("1", *fields), order("2", *(Field(one, one, one, None) for one, _ in values))])

    full, empty = content(tables, "orders")

    assert full == {
        "id": "1",
        "text": values[0][1],
        "number": 0.1,
        "whole": 2**53 + 1,
        "truth": True,
        "instant": 1_700_000_000_123,
    }
    assert set(empty.values()) == {"2", None}


def test_the_later_said_stays_in_whatever_order_and_however_often(tables: Tables) -> None:
    said = [order("1", text("goods", f"v{version}"), version=version) for version in range(6)]
    said += [order("2", text("goods", "only"))]
    families = [lines("1", *"abc"[:length], version=version) for version, length in ((1, 3), (2, 1), (3, 2), (4, 0))]
    families += [lines("2", "x"), lines("3", "y", version=9)]
    changes: list[Change] = [*said, *families] * 2
    random.Random(7).shuffle(changes)  # noqa: S311 - any order will do

    for start in range(0, len(changes), 5):
        tables.write(changes[start : start + 5])

    assert content(tables, "orders") == [{"id": "1", "goods": "v5"}, {"id": "2", "goods": "only"}]
    assert content(tables, "order_lines") == [
        {"id": "2", "number": 0, "goods": "x"},
        {"id": "3", "number": 0, "goods": "y"},
    ]


def test_a_new_question_widens_the_table_and_older_rows_keep_their_values(tables: Tables) -> None:
    tables.write([order("1", text("goods", "rice"))])

    tables.write([order("2", text("remarks", "none"))])

    assert content(tables, "orders") == [
        {"id": "1", "goods": "rice", "remarks": None},
        {"id": "2", "goods": None, "remarks": "none"},
    ]


def test_two_origins_with_one_wish_are_two_columns_whose_names_outlive_the_process(tables_url: str) -> None:
    first, second = text("Rice", "a", origin="q1"), text("rice!", "b", origin="q2")
    with open_tables(tables_url) as tables:
        tables.write([order("1", first, second)])
        before = content(tables, "orders")

    with open_tables(tables_url) as tables:
        tables.write([order("1", second, first, version=2)])

        assert content(tables, "orders") == before
        assert [*before[0]][1] == "rice"
        assert len(before[0]) == 3


def test_what_is_too_much_for_a_table_is_left_out_and_its_comment_says_so(tables: Tables) -> None:
    tables.write([order("1", *(text(f"question {number}", "x") for number in range(MOST_COLUMNS + 20)))])

    [row] = content(tables, "orders")

    assert len(row) == MOST_COLUMNS
    assert "`answers`" in tables.known()["orders"].comment


def test_tables_and_columns_are_commented_where_the_engine_can(tables: Tables) -> None:
    tables.write([order("1", text("goods", "rice"))])

    inspector = sa.inspect(tables.engine)
    if tables.engine.dialect.name == "sqlite":
        assert tables.known()["orders"].comments["goods"] == "The goods: 100 % 'said'."
        return
    schema = tables.known()["orders"].table.schema
    comments = {one["name"]: one["comment"] for one in inspector.get_columns("orders", schema=schema)}
    assert comments["goods"] == "The goods: 100 % 'said'."
    assert inspector.get_table_comment("orders", schema=schema)["text"] == "What was ordered."


def test_two_processes_that_widen_at_once_end_with_one_shape(tables_url: str) -> None:
    def work(name: str) -> None:
        with open_tables(tables_url) as tables:
            for number in range(8):
                tables.write([order(f"{name}{number}", text(f"question {number}", name))])

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, "ab"))

    with open_tables(tables_url) as tables:
        rows = content(tables, "orders")
        assert [row["id"] for row in rows] == [f"{name}{number}" for name in "ab" for number in range(8)]
        assert all(row[f"question_{str(row['id'])[1]}"] == str(row["id"])[0] for row in rows)
        assert len(rows[0]) == 9


def test_threads_that_look_while_the_shape_changes_see_whole_shapes(tables: Tables) -> None:
    tables.write([order("first")])

    def look() -> bool:
        is_whole = True
        while "question_29" not in (known := tables.known()["orders"]).comments:
            tables.refresh()
            is_whole &= len(known.table.columns) == len(known.comments) + 1
        return is_whole

    with ThreadPoolExecutor(1) as thread:
        looking = thread.submit(look)
        for number in range(30):
            tables.write([order(str(number), text(f"question {number}", "x"))])

        assert looking.result(30)


def test_emptied_tables_keep_their_names_and_forget_what_was_newest(tables: Tables) -> None:
    tables.write([order("1", text("goods", "rice"), version=9), lines("1", version=9)])

    tables.empty()
    tables.write([order("1", text("goods", "oil")), lines("1", "a")])

    assert content(tables, "orders") == [{"id": "1", "goods": "oil"}]
    assert content(tables, "order_lines") == [{"id": "1", "number": 0, "goods": "a"}]


def test_a_database_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "tables.db").mkdir()

    with pytest.raises(Unavailable, match="the tables cannot be opened"):
        opened("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(Unavailable, match="the tables cannot be opened"):
        opened(f"sqlite:{tmp_path / 'tables.db'}")
