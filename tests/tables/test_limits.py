"""Filters of reports on the tables that charts count, in real databases of three engines."""

import pytest

from tests.tables.test_query import ROWS, row
from tidings.core.clock import Clock
from tidings.core.report import Filter, Value
from tidings.dashboards.limits import fields_beyond, limits_of
from tidings.tables.condition import Both
from tidings.tables.query import Query
from tidings.tables.tables import Tables

CASES: tuple[tuple[dict[str, tuple[Value, ...]], int], ...] = (
    ({"goods": ("rice_x", "o'neil; drop table orders -- \\")}, 2),
    ({"goods": (None,)}, 1),
    ({"goods": (None, "Rice 100%", 7)}, 2),
    ({"price": ("10.5", 0.1)}, 3),
    ({"price": (True, "dear")}, 0),
    ({"line": (2.0, "x", 2.5)}, 3),
    ({"line": (2**70,)}, 0),
    ({"paid": (True,)}, 2),
    ({"paid": ("false", 1, None)}, 6),
    ({"at": ("2024-01-15T10:30:45.678Z", "some day")}, 1),
    ({"at": ("2024-01-15T11:30:45.679+01:00",)}, 2),
    ({"goods": ()}, 0),
    ({"price": (10.5,), "paid": (None,), "nowhere": ("x",)}, 1),
)


@pytest.fixture
def query(tables: Tables) -> Query:
    tables.write([row(cells) for cells in ROWS])
    return Query(tables.engine, clock=Clock())


def test_a_filter_means_in_each_engine_what_its_values_mean_in_the_column(query: Query) -> None:
    sheet = query.sheets()["orders"]

    for said, number in CASES:
        filters = [Filter(field=name, values=values) for name, values in said.items()]

        assert query.count("orders", Both(tuple(limits_of(sheet, filters)))) == number, said
        assert fields_beyond(sheet, filters) == tuple(name for name in said if name == "nowhere")
