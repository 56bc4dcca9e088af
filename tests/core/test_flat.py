"""A JSON object of which nothing is known, laid out in columns."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.core.cell import number_of
from tidings.core.flat import DEEPEST, MOST_COLUMNS, MOST_ITEMS, MOST_LISTS, Flat, lay_flat
from tidings.core.row import Field, Shape

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner), max_leaves=30
)


def columns(flat: Flat) -> dict[str, object]:
    return {one.name: one.value for one in flat.fields if one.origin != "rest"}


def rest(flat: Flat) -> Any:  # noqa: ANN401 - any JSON
    value = flat.fields[0].value
    return msgspec.json.decode(str(value)) if value else None


@pytest.mark.parametrize(
    ("value", "shape", "cell"),
    [
        ("words", Shape.TEXT, "words"),
        (True, Shape.TRUTH, True),
        (7, Shape.NUMBER, 7.0),
        (7.5, Shape.NUMBER, 7.5),
        (2**53 + 1, Shape.TEXT, "9007199254740993"),
        ("2026-03-16T06:00:00Z", Shape.INSTANT, 1_773_640_800_000),
        ("2026-03-16T06:00:00.250+05:30", Shape.INSTANT, 1_773_621_000_250),
        ("1969-12-31T23:59:59Z", Shape.INSTANT, -1_000),
        ("2026-03-16", Shape.TEXT, "2026-03-16"),
        ("2026-03-16T06:00:00", Shape.TEXT, "2026-03-16T06:00:00"),
        ("0001-01-01T00:00:00Z", Shape.TEXT, "0001-01-01T00:00:00Z"),
        (["a", 1, 2.5, None, True], Shape.TEXT, "a, 1, 2.5, true"),
    ],
)
def test_a_value_becomes_a_cell(value: object, shape: Shape, cell: object) -> None:
    [_, found] = lay_flat({"it": value}).fields

    assert (found.name, found.shape, found.value) == ("it", shape, cell)


@pytest.mark.parametrize("value", [None, "", [], {}, {"inner": None}])
def test_what_holds_nothing_has_no_column(value: object) -> None:
    flat = lay_flat({"it": value})

    assert (columns(flat), rest(flat)) == ({}, None)


def test_a_column_is_named_after_the_way_to_it() -> None:
    flat = lay_flat({"order": {"shipTo": {"postalCode": "8000"}}})

    assert columns(flat) == {"order_ship_to_postal_code": "8000"}
    assert flat.fields[1].comment == "order.shipTo.postalCode (text)"


def test_a_way_too_long_for_a_name_gives_as_much_of_its_end_as_fits() -> None:
    [name] = columns(lay_flat({"a" * 50: {"middle": {"amount": 1}}}))

    assert name == "middle_amount"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a.b": 1}, {"a": {"b": 1}}),
        ({"a/b": 1}, {"a": {"b": 1}}),
        ({"a~1b": 1}, {"a/b": 1}),
        ({"a": 1}, {"a": "1"}),
        ({"a": 1}, {"A": 1}),
    ],
)
def test_ways_and_shapes_that_differ_are_different_columns(one: dict[str, Any], other: dict[str, Any]) -> None:
    def origin(document: dict[str, Any]) -> str:
        return lay_flat(document).fields[1].origin

    assert origin(one) != origin(other)


def test_a_whole_number_and_another_share_a_column() -> None:
    assert lay_flat({"a": 1}).fields[1].origin == lay_flat({"a": 1.5}).fields[1].origin


def test_an_array_of_objects_is_rows_of_a_child() -> None:
    flat = lay_flat({"order": {"lines": [{"sku": "a", "tags": ["x", "y"]}, {"sku": "b", "parts": [{"no": 1}]}]}})

    assert [columns(line) for line in flat.lists["order.lines"]] == [{"sku": "a", "tags": "x, y"}, {"sku": "b"}]
    assert rest(flat.lists["order.lines"][1]) == {"parts": [{"no": 1}]}


def test_two_ways_that_read_alike_are_both_kept() -> None:
    flat = lay_flat({"a.b": [{"n": 1}], "a": {"b": [{"n": 2}]}, "c.d": [1, {}], "c": {"d": [2, {}]}})

    assert set(flat.lists) == {"a.b", "/a/b"}
    assert rest(flat) == {"c.d": [1, {}], "/c/d": [2, {}]}


def test_what_is_too_deep_too_mixed_too_long_or_too_much_is_in_the_rest() -> None:
    deep: dict[str, Any] = {"leaf": 1}
    for _ in range(DEEPEST):
        deep = {"in": deep}
    flat = lay_flat({"deep": deep, "mixed": [1, {}], "long": [{"a": 1}] * (MOST_ITEMS + 1)})
    wide = lay_flat({f"n{number}": number + 1 for number in range(MOST_COLUMNS + 2)})
    many = lay_flat({f"n{number}": [{"a": 1}] for number in range(MOST_LISTS + 1)})

    assert set(rest(flat)) == {"deep.in.in.in", "mixed", "long"}
    assert rest(wide) == {f"n{MOST_COLUMNS}": MOST_COLUMNS + 1, f"n{MOST_COLUMNS + 1}": MOST_COLUMNS + 2}
    assert len(many.lists) == MOST_LISTS
    assert rest(many) == {f"n{MOST_LISTS}": [{"a": 1}]}


def all_fields(flat: Flat) -> list[Field]:
    return [*flat.fields, *(field for items in flat.lists.values() for item in items for field in item.fields)]


@given(st.dictionaries(st.text(max_size=5), VALUES))
def test_any_object_can_be_laid_out_and_each_column_has_one_value(document: dict[str, Any]) -> None:
    flat = lay_flat(document)

    assert len({one.origin for one in flat.fields}) == len(flat.fields) <= MOST_COLUMNS + 1
    for one in all_fields(flat):
        is_number = isinstance(one.value, int | float)
        assert is_number == (one.shape in {Shape.NUMBER, Shape.TRUTH, Shape.INSTANT} and one.value is not None)
        assert len(one.comment) <= 250


@pytest.mark.parametrize("value", ["x", "", None, [], True, "nan", "inf", 10**400])
def test_what_is_no_number_that_a_double_holds_is_none(value: object) -> None:
    assert number_of(value) is None
