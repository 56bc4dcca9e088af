"""The way to a value in an event's JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.core.errors import Invalid
from tidings.core.path import parse_path

DOCUMENT = {
    "data": {
        "amount": 5,
        "nothing": None,
        "a.b": "dotted",
        "0": "a name",
        "two words": "spaced",
        "items": [{"sku": "a"}, {"sku": "b"}, {"size": 1}, "text"],
        "grid": [[1, 2], [], [3]],
    }
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("data.amount", [5]),
        ("data.nothing", [None]),
        ("data.missing", []),
        ("data.amount.deeper", []),
        ("data.nothing.deeper", []),
        ('data["a.b"]', ["dotted"]),
        ('["data"].amount', [5]),
        ("data.a.b", []),
        ("data.two words", ["spaced"]),
        ("data.0", ["a name"]),
        ('data["0"]', ["a name"]),
        ("data[0]", []),
        ("data.items[0].sku", ["a"]),
        ("data.items.1.sku", ["b"]),
        ('data.items["1"].sku', []),
        ("data.items.01.sku", []),
        ("data.items[9]", []),
        ("data.items.name", []),
        ("data.items[*].sku", ["a", "b"]),
        ("data[*]", []),
        ("data.grid[*][*]", [1, 2, 3]),
        ("data.grid[*][0]", [1, 3]),
        ("data.grid[1][*]", []),
    ],
)
def test_a_path_reaches_these_values(path: str, values: list[object]) -> None:
    assert list(parse_path(path, place="path").values(DOCUMENT)) == values


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_any_name_is_reached_in_quotes(name: str) -> None:
    path = parse_path(f"data[{json.dumps(name)}]", place="path")

    assert list(path.values({"data": {name: 1}})) == [1]


@given(st.one_of(st.text(), st.text(alphabet='.[]"*\\a01 '), st.integers(), st.none()))
def test_anything_is_a_path_or_refused_with_its_place(text: object) -> None:
    message = "filters[0].path: "
    try:
        parse_path(text, place="filters[0].path").values(DOCUMENT)
    except Invalid as refusal:
        message = refusal.message
    assert message.startswith("filters[0].path: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (5, "path: must be a text like data.amount"),
        (None, "path: must be a text like"),
        ("", "path: '' is not a path from '.' on"),
        (".data", "path: '.data' is not a path from '..data' on"),
        ("data.", r"path: 'data.' is not a path from '\.' on"),
        ("data..amount", r"is not a path from '\.\.amount' on"),
        ("data.*", r"is not a path from '\.\*' on; write one like data.amount, .*data.items\[\*\].sku"),
        ("data[-1]", r"is not a path from '\[-1\]' on"),
        ("data[01]", r"is not a path from '\[01\]' on"),
        ("data[a]", r"is not a path from '\[a\]' on"),
        ("data[0", r"is not a path from '\[0' on"),
        ('data["\\x"]', "is not a path from"),
        ("x" * 1025, "has 1025 characters; a path has at most 1024"),
        (".".join(["a"] * 65), "has 65 steps; no event is deeper than 64"),
    ],
)
def test_what_is_no_path_is_refused_with_where_it_ends(text: object, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        parse_path(text, place="path")
