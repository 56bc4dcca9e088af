"""All tables of a database, brought into one of another engine."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from tidings.core.errors import Conflict
from tidings.core.row import Change, Family, Field, Place, Row, Shape, row_of
from tidings.tables.copying import copy_tables, total_rows
from tidings.tables.tables import Tables, open_tables

ORDERS = Place("package:orders", "responses_orders", "Responses to orders.")
OPTIONS = Place("package:orders:options", "responses_orders_options", "Options.")
AT = 1_705_314_645_678


def text(name: str, value: str | None) -> Field:
    return Field(name, name, Shape.TEXT, value, f"The {name}.")


def order(name: str, *more: Field, version: int = 1) -> Row:
    fields = (
        Field("at", "at", Shape.INSTANT, AT, "When."),
        Field("rice", "Rice 🍚", Shape.NUMBER, 2.5, "Question (Numeric): Rice"),
        Field("paid", "paid", Shape.TRUTH, value=True),
        Field("line", "line", Shape.WHOLE, 2**53 + 1),
        text("goods", "o'neil; drop table -- नमस्ते"),
    )
    return row_of(place=ORDERS, key=(text("response_id", name),), fields=(*fields, *more), version=version)


def options(name: str, *chosen: str, version: int = 1) -> Family:
    parent = (text("response_id", name),)
    rows = tuple(
        row_of(
            place=OPTIONS,
            key=(*parent, Field("item", "item", Shape.WHOLE, at)),
            fields=(text("option", one),),
            version=version,
        )
        for at, one in enumerate(chosen)
    )
    rest = (Field("item", "item", Shape.WHOLE, 0),)
    return Family(place=OPTIONS, parent=parent, rest=rest, rows=rows, version=version)


def member(name: str) -> Row:
    fields = [text(one, name) for one in ("group_id", "member", "member_id", "member_name", "role")]
    told = (Field("at", "at", Shape.INSTANT, AT), *fields, Field("is_member", "is_member", Shape.TRUTH, value=True))
    return row_of(
        place=Place("member_changes", "member_changes", "Who came and went."),
        key=(text("event_id", name),),
        fields=told,
        version=1,
    )


CHANGES: Sequence[Change] = [order(f"r{n:04}") for n in range(1_200)] + [
    options("r0001", "Salt", "Oil"),
    member("Asha"),
]


def copied(source: Tables, target: Tables) -> int:
    steps: list[int] = []
    number = copy_tables(source, target, progress=steps.append)
    assert sum(steps) == number == total_rows(source)
    return number


def same(source: Tables, target: Tables) -> bool:
    return all(list(source.rows(name)) == list(target.rows(name)) for name in source.known())


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Tables]:
    with open_tables(f"sqlite:{tmp_path / 'source.db'}") as tables:
        tables.write(CHANGES)
        yield tables


def test_everything_is_there_under_its_name_and_a_repetition_changes_nothing(source: Tables, tables: Tables) -> None:
    first = copied(source, tables)
    second = copied(source, tables)

    tables.refresh()
    assert first == second == 1_203
    assert source.known().keys() == tables.known().keys()
    assert same(source, tables)
    assert tables.known()["responses_orders"].comments == source.known()["responses_orders"].comments


def test_what_is_copied_goes_on_to_be_written(source: Tables, tables: Tables) -> None:
    copied(source, tables)
    tables.refresh()

    later: list[Change] = [
        order("r0001", text("new", "later"), version=2),
        options("r0001", "Oil", version=2),
        order("r0002"),
    ]
    for one in (source, tables):
        one.write(later)

    assert same(source, tables)
    assert len(list(tables.rows("responses_orders_options"))) == 1


def test_a_copy_goes_on_where_it_was_broken_off_with_the_columns_and_rows_that_came_since(
    source: Tables, tables: Tables
) -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_tables(source, tables, progress=stop)
    source.write([order("r0500", text("new", "later"), version=2)])
    copied(source, tables)

    tables.refresh()
    assert same(source, tables)


def test_from_sqlite_to_postgresql_to_mariadb_and_back_nothing_is_lost(
    source: Tables, new_postgresql_database: Callable[[], str], mariadb: str, tmp_path: Path
) -> None:
    engine = sa.create_engine(mariadb.replace("mariadb:", "mariadb+pymysql:"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE DATABASE IF NOT EXISTS copied")
    engine.dispose()
    urls = [new_postgresql_database(), f"{mariadb}copied", f"sqlite:{tmp_path / 'back.db'}"]

    with contextlib.ExitStack() as stack:
        here = source
        for url in urls:
            there = stack.enter_context(open_tables(url))
            copied(here, there)
            there.refresh()
            here = there

        assert same(source, here)


def test_a_table_that_is_somebody_elses_is_not_touched(source: Tables, tables: Tables) -> None:
    other = row_of(place=Place("another origin", "responses_orders", ""), key=(text("id", "1"),), fields=(), version=1)
    tables.write([other])

    with pytest.raises(Conflict, match="of its own"):
        copy_tables(source, tables, progress=lambda _: None)

    assert [row["id"] for row in tables.rows("responses_orders")] == ["1"]


def test_rows_that_only_the_copy_has_are_told_of(source: Tables, tables: Tables) -> None:
    copied(source, tables)
    tables.refresh()
    tables.write([order("another")])

    with pytest.raises(Conflict, match="1200 rows here and 1201 there"):
        copy_tables(source, tables, progress=lambda _: None)
