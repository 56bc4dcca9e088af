"""Conditions on an event's JSON."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.core.errors import Invalid
from tidings.core.filter import Filter, compile_filter

DOCUMENT: dict[str, Any] = {
    "eventType": "order.created",
    "data": {
        "amount": 5,
        "price": 9.5,
        "paid": True,
        "text": "one two",
        "nothing": None,
        "tags": ["a", "b", 1],
        "items": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}],
        "place": {"lt": 1.0, "flags": [True]},
    },
}
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([1.0, 0.5]), st.text(max_size=3))
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
PARTS = st.sampled_from(["path", "op", "value", "and", "or", "not", "x"])
ALMOST_FILTERS = st.recursive(
    SCALARS | st.sampled_from(["data.amount", "eq", "in", "exists"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PARTS, inner, max_size=4),
)


def compiled(*conditions: object) -> Filter:
    found = compile_filter(list(conditions))
    assert found is not None
    return found


def condition(path_and_op: str, value: object) -> dict[str, object]:
    path, _, op = path_and_op.rpartition(" ")
    return {"path": path, "op": op, "value": value}


def holds(one: dict[str, object], document: dict[str, Any] = DOCUMENT) -> bool:
    return compiled(one).accepts(document)


@pytest.mark.parametrize(
    ("path", "op", "value", "expected"),
    [
        ("data.amount", "eq", 5, True),
        ("data.amount", "eq", 5.0, True),
        ("data.amount", "eq", "5", False),
        ("data.amount", "ne", 5, False),
        ("data.amount", "ne", "5", True),
        ("data.paid", "eq", True, True),
        ("data.paid", "eq", 1, False),
        ("data.nothing", "eq", None, True),
        ("data.nothing", "eq", False, False),
        ("data.nothing", "eq", 0, False),
        ("data.tags", "eq", ["a", "b", 1], True),
        ("data.tags", "eq", ["a", "b", True], False),
        ("data.tags", "eq", ["a", "b"], False),
        ("data.tags", "eq", {"a": "b"}, False),
        ("data.place", "eq", {"flags": [True], "lt": 1}, True),
        ("data.place", "eq", {"flags": [1], "lt": 1}, False),
        ("data.place", "eq", {"lt": 1}, False),
        ("data.place", "eq", ["lt"], False),
        ("data.amount", "gt", 4, True),
        ("data.amount", "gt", 5, False),
        ("data.amount", "gte", 5, True),
        ("data.amount", "lt", 5, False),
        ("data.price", "lt", 10, True),
        ("data.amount", "lte", 5, True),
        ("data.amount", "gt", "4", False),
        ("data.paid", "gt", 0, False),
        ("data.text", "gt", 0, False),
        ("data.text", "gt", "one", True),
        ("data.text", "lt", "Z", False),
        ("data.amount", "in", [1, 5], True),
        ("data.amount", "in", [1, 2], False),
        ("data.paid", "in", [1], False),
        ("data.paid", "in", [True], True),
        ("data.amount", "in", [True, "5"], False),
        ("data.nothing", "in", [None], True),
        ("data.tags", "in", [["a", "b", 1], 5], True),
        ("data.tags", "in", [["a"], {}], False),
        ("data.amount", "nin", [1, 2], True),
        ("data.amount", "nin", [5], False),
        ("data.text", "contains", "e t", True),
        ("data.text", "contains", "E", False),
        ("data.text", "contains", 1, False),
        ("data.tags", "contains", "a", True),
        ("data.tags", "contains", True, False),
        ("data.items", "contains", {"n": 1, "sku": "a"}, True),
        ("data.amount", "contains", 5, False),
        ("data.text", "startsWith", "one", True),
        ("data.text", "startsWith", "two", False),
        ("data.amount", "startsWith", "5", False),
        ("data.text", "endsWith", "two", True),
        ("data.text", "endsWith", "one", False),
        ("data.amount", "endsWith", "5", False),
        ("data.amount", "exists", True, True),
        ("data.amount", "exists", False, False),
        ("data.nothing", "exists", True, True),
        ("data.items[*].sku", "eq", "b", True),
        ("data.items[*].sku", "eq", "c", False),
        ("data.items[*].sku", "ne", "b", False),
        ("data.items[*].sku", "ne", "c", True),
        ("data.items[*].n", "gt", 1, True),
        ("data.items[*].n", "gt", 2, False),
        ("data.items[*].none", "exists", False, True),
    ],
)
def test_a_condition_holds_as_the_table_says(*, path: str, op: str, value: object, expected: bool) -> None:
    assert holds(condition(f"{path} {op}", value)) is expected


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("eq", None, False),
        ("ne", None, True),
        ("gt", 0, False),
        ("gte", 0, False),
        ("lt", 0, False),
        ("lte", 0, False),
        ("in", [None], False),
        ("nin", [None], True),
        ("contains", "", False),
        ("startsWith", "", False),
        ("endsWith", "", False),
        ("exists", True, False),
        ("exists", False, True),
    ],
)
def test_where_the_path_is_missing_only_the_negative_operators_hold(*, op: str, value: object, expected: bool) -> None:
    assert holds(condition(f"data.missing {op}", value)) is expected
    assert holds(condition(f"data.missing[*] {op}", value)) is expected


@given(JSON, JSON)
def test_ne_and_nin_are_the_opposites_of_eq_and_in(kept: object, wanted: object) -> None:
    document = {"data": kept}

    assert holds(condition("data ne", wanted), document) is not holds(condition("data eq", wanted), document)
    assert holds(condition("data nin", [wanted]), document) is not holds(condition("data in", [wanted]), document)
    assert holds(condition("data in", [wanted]), document) is holds(condition("data eq", wanted), document)


@given(JSON)
def test_every_value_equals_itself_and_no_boolean_equals_a_number(value: object) -> None:
    assert holds(condition("data eq", value), {"data": value})
    assert holds(condition("data contains", value), {"data": [value]})
    assert not holds(condition("data eq", value), {"data": int(value) if isinstance(value, bool) else [value]})


@given(JSON, st.one_of(st.integers(), st.floats(allow_nan=False), st.text()))
def test_at_most_one_of_less_equal_and_greater_holds(kept: object, bound: object) -> None:
    document = {"data": kept}
    orders = [holds(condition(f"data {op}", bound), document) for op in ("lt", "eq", "gt")]

    assert sum(orders) <= 1
    assert holds(condition("data lte", bound), document) is (orders[0] or orders[1])
    assert holds(condition("data gte", bound), document) is (orders[1] or orders[2])


TRUE, FALSE = condition("data.amount eq", 5), condition("data.amount eq", 6)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ([TRUE, TRUE], True),
        ([TRUE, FALSE], False),
        ([{"and": [TRUE, TRUE]}], True),
        ([{"and": [TRUE, FALSE]}], False),
        ([{"or": [FALSE, TRUE]}], True),
        ([{"or": [FALSE, FALSE]}], False),
        ([{"not": FALSE}], True),
        ([{"not": {"or": [FALSE, TRUE]}}], False),
        ([{"and": [{"or": [FALSE, {"not": FALSE}]}, TRUE]}], True),
    ],
)
def test_conditions_are_put_together(*, raw: list[object], expected: bool) -> None:
    assert compiled(*raw).accepts(DOCUMENT) is expected


def test_no_condition_is_no_filter() -> None:
    assert compile_filter([]) is None


def test_filters_keep_their_json_and_are_equal_by_it() -> None:
    assert compiled(TRUE).raw == [TRUE]
    assert compiled(TRUE) == compiled(dict(TRUE))
    assert len({compiled(TRUE), compiled(dict(TRUE)), compiled(FALSE)}) == 2


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ([TRUE], None),
        ([TRUE, FALSE], "filters[1] does not hold: data.amount equals 6"),
        ([{"and": [TRUE, FALSE]}], "filters[0].and[1] does not hold: data.amount equals 6"),
        ([{"or": [FALSE, FALSE]}], "filters[0] does not hold: (data.amount equals 6) or (data.amount equals 6)"),
        ([{"not": TRUE}], "filters[0] does not hold: not (data.amount equals 5)"),
        (
            [{"not": {"and": [TRUE, TRUE]}}],
            "filters[0] does not hold: not ((data.amount equals 5) and (data.amount equals 5))",
        ),
        (
            [{"path": "data.amount", "op": "exists", "value": False}],
            "filters[0] does not hold: data.amount exists: false",
        ),
        ([condition("eventType in", ["ä"])], 'filters[0] does not hold: eventType is one of ["ä"]'),
    ],
)
def test_the_first_condition_that_fails_is_explained(raw: list[object], words: str | None) -> None:
    assert compiled(*raw).explain(DOCUMENT) == words


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (None, "filters: must be a list of conditions"),
        ({"path": "a"}, "filters: must be a list of conditions"),
        ([5], r"filters\[0\]: must be an object"),
        ([{}], r"filters\[0\]: has no 'op'"),
        ([{"path": "a", "op": "eq"}], r"filters\[0\]: has no 'value'"),
        ([{"op": "eq", "value": 1}], r"filters\[0\]: has no 'path'"),
        ([{**TRUE, "valeu": 1}], r"filters\[0\]: 'valeu' is no part of a condition"),
        ([{**TRUE, "not": TRUE}], r"filters\[0\]: 'not' stands alone in its object"),
        ([{"and": TRUE}], r"filters\[0\].and: must be a list of conditions"),
        ([{"or": []}], r"filters\[0\].or: must be a list of conditions"),
        ([{"not": [TRUE]}], r"filters\[0\].not: must be an object"),
        (
            [TRUE, {"or": [condition("a matches", "b")]}],
            r"filters\[1\].or\[0\].op: 'matches' is not an operator; use one of eq, ne,",
        ),
        ([{"path": "a", "op": ["eq"], "value": 1}], r"filters\[0\].op: .* is not an operator"),
        ([condition(" eq", 1)], r"filters\[0\].path: '' is not a path"),
        ([{"path": "a", "op": "gt", "value": True}], r"filters\[0\].value: 'gt' needs a number or a text"),
        ([condition("a lte", None)], r"filters\[0\].value: 'lte' needs a number or a text"),
        ([condition("a in", "abc")], r"filters\[0\].value: 'in' needs a list of at least one value"),
        ([condition("a nin", [])], r"filters\[0\].value: 'nin' needs a list of at least one value"),
        ([condition("a startsWith", 1)], r"filters\[0\].value: 'startsWith' needs a text"),
        ([condition("a exists", "yes")], r"filters\[0\].value: 'exists' needs true or false"),
        (
            [condition("a eq", "x" * 1025)],
            r"filters\[0\].value: holds a text of 1025 characters; write at most 1024",
        ),
        ([condition("a eq", {"x" * 1025: 1})], r"filters\[0\].value: holds a text of 1025 characters"),
        ([condition("a in", [1] * 1000)], r"filters\[0\].value: holds more than 1000 values"),
        ([TRUE] * 101, "filters: has 101 conditions; write at most 100"),
    ],
)
def test_a_malformed_filter_is_refused_with_the_place_of_the_mistake(raw: object, message: str) -> None:
    with pytest.raises(Invalid, match=f"^{message}"):
        compile_filter(raw)


def test_conditions_and_values_nest_ten_deep_and_no_deeper() -> None:
    nested: dict[str, object] = TRUE
    value: object = 5
    for _ in range(9):
        nested, value = {"not": nested}, [value]

    compiled(nested, condition("a eq", value))
    with pytest.raises(Invalid, match="is nested deeper than 10 conditions"):
        compiled({"not": nested})
    with pytest.raises(Invalid, match=r"filters\[0\].value: is nested deeper than 10 levels"):
        compiled(condition("a eq", [value]))


@given(st.lists(ALMOST_FILTERS, max_size=3))
def test_anything_is_a_filter_or_refused_with_its_place(raw: list[object]) -> None:
    found, message = None, "filters"
    try:
        found = compile_filter(raw)
    except Invalid as refusal:
        message = refusal.message
    assert message.startswith("filters")
    assert found is None or found.accepts(DOCUMENT) is (found.explain(DOCUMENT) is None)
