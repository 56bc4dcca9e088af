"""The floor of a table's newest rows: what a page that goes back in time asks for no more than."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests.tables.test_query import AT, MOMENT, compared, fill, plan
from tidings.core.clock import SECOND
from tidings.core.errors import NotFound
from tidings.tables.condition import Both
from tidings.tables.index import time_index
from tidings.tables.query import Query
from tidings.tables.selection import Order, Selection
from tidings.tables.tables import Tables
from tidings.testing.clock import ManualClock

NEWEST_FIRST = (Order(column="at", is_descending=True),)


def test_from_the_floor_on_there_are_so_many_rows_and_they_are_found_by_their_time(tables: Tables) -> None:
    fill(tables)
    query = Query(tables.engine, clock=ManualClock())

    floor = query.floor("orders", most=50)
    before = query.floor("orders", most=50, until=AT + 500 * SECOND)

    assert (floor, before) == (AT + 999 * SECOND, AT + 500 * SECOND)
    assert floor is not None
    wished = Selection(table="orders", columns=("id", "line"), order=NEWEST_FIRST, most=50)
    wished = replace(wished, condition=Both((compared(MOMENT, "ge", floor),)))
    told = plan(tables, query.statement(wished))
    assert time_index(tables.known()["orders"]) in told, told
    assert query.part(wished).rows[0] == ("000999", 0)


def test_the_newest_rows_are_read_off_the_index_of_their_time(tables: Tables) -> None:
    fill(tables)
    query = Query(tables.engine, clock=ManualClock())
    query.floor("orders", most=50)

    told = plan(tables, query.statement(Selection(table="orders", columns=("id",), order=NEWEST_FIRST, most=50)))

    # MariaDB does not read an index backwards where what is empty comes last; it is asked for less.
    if tables.engine.dialect.name != "mariadb":
        assert time_index(tables.known()["orders"]) in told, told


def test_where_there_are_fewer_rows_there_is_no_floor(tables: Tables) -> None:
    table = fill(tables)
    with tables.engine.begin() as connection:
        connection.execute(table.delete().where(table.c["id"] > sa.literal("000003")))
    query = Query(tables.engine, clock=ManualClock())

    assert query.floor("orders", most=1_000) is None
    assert query.floor("orders", most=50, until=AT - SECOND) is None


@pytest.mark.parametrize("name", ["nothing", "tidings_table"])
def test_a_table_that_is_not_there_has_none(tables: Tables, name: str) -> None:
    with pytest.raises(NotFound):
        Query(tables.engine, clock=ManualClock()).floor(name, most=1)
