"""Tables with a few orders in them. One engine is enough here: that they behave alike is what tests/tables shows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboards.orders import ORDERS, order
from tidings.tables.query import Query
from tidings.tables.tables import Tables, open_tables
from tidings.testing.clock import ManualClock


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    with open_tables(f"sqlite:{tmp_path / 'tables.db'}") as tables:
        tables.write([order(*cells) for cells in ORDERS])
        yield tables


@pytest.fixture
def query(tables: Tables) -> Query:
    return Query(tables.engine, clock=ManualClock())
