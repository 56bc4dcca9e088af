"""What tables and columns are called."""

import re
import tracemalloc

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tidings.core.row import Shape
from tidings.tables.catalogue import Known
from tidings.tables.insertion import Insertion
from tidings.tables.naming import LONGEST, digest, name_for, plain


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ("Rice 1KG", "rice_1kg"),
        ("Größe (cm)", "grosse_cm"),
        ("रिटेलर आउटलेट", "ritelr_autlet"),
        ('"; drop table x', "drop_table_x"),
        ("order", "order_"),
        ("1. Name", "column_1_name"),
        ("🍚 sold", "rice_sold"),
        ("", "column"),
        ("___", "column"),
    ],
)
def test_a_wish_becomes_a_plain_name(wish: str, name: str) -> None:
    assert plain(wish, otherwise="column") == name


@given(st.text(max_size=200))
def test_every_wish_becomes_a_name_that_needs_no_quotes(wish: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", plain(wish, otherwise="column"))


@given(st.lists(st.text(max_size=80), max_size=12, unique=True))
def test_no_two_origins_get_one_name_however_alike_their_wishes(origins: list[str]) -> None:
    taken: list[str] = []
    for origin in origins:
        taken.append(name_for(origin, wish="Name", taken=taken, otherwise="column"))

    assert len(set(taken)) == len(origins)
    assert all(len(name) <= LONGEST for name in taken)


def test_the_second_of_a_name_gets_a_hash_that_depends_on_its_origin_alone() -> None:
    first = name_for("b", wish="Rice", taken={"rice"}, otherwise="column")

    assert first == name_for("b", wish="Rice", taken={"rice", "oil"}, otherwise="column") != "rice"


def test_long_and_ever_new_questions_do_not_stay_in_memory() -> None:
    columns = [sa.Column("id", sa.Text, primary_key=True), sa.Column("text", sa.Text)]
    table = sa.Table("x", sa.MetaData(), *columns, info={"engine": "sqlite"})
    known = Known(table=table, comment="", time="")
    dialect = sa.create_engine("sqlite://").dialect
    insertion = Insertion(table, ["id", "text"], version="id", shapes={"id": Shape.TEXT}, dialect=dialect)
    tracemalloc.start()
    try:
        for number in range(200):
            digest(f"question:Text:1:{number:0>100000}")
            known.remember((f"question:Text:1:{number:0>100000}",), insertion)
            known.remember(tuple(f"{number} {place}" for place in range(150)), insertion)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 4_000_000
