"""Names of event types, and patterns for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.core.errors import Invalid
from tidings.core.pattern import check_type, compile_types

NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,8}(\.[A-Za-z0-9_-]{1,8}){0,3}", fullmatch=True)


@pytest.mark.parametrize("name", ["TextMessageCreated", "order.created", "order.created.eu", "a", "a-b_c.9", "x" * 128])
def test_a_name_of_parts_with_dots_between_is_a_type(name: str) -> None:
    assert check_type(name, place="type") == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".a", "a.", "a..b", "a b", "a/b", "a:b", "ä", "order.*", "*", "a\n", "\ud800", "x" * 129, 5, None],
)
def test_anything_else_is_refused_with_its_place(name: object) -> None:
    with pytest.raises(Invalid, match=r"^type: "):
        check_type(name, place="type")


@pytest.mark.parametrize(
    ("pattern", "heard", "unheard"),
    [
        ("order", ["order"], ["order.created", "Order", "orders"]),
        ("order.created", ["order.created"], ["order", "order.created.eu"]),
        ("order.*", ["order.created", "order.created.eu"], ["order", "orders.created", "x.order.created"]),
        ("order.eu.*", ["order.eu.created"], ["order.created", "order.eu"]),
        ("*", ["order", "order.created", "TextMessageCreated"], []),
    ],
)
def test_a_pattern_hears_what_it_says(*, pattern: str, heard: list[str], unheard: list[str]) -> None:
    types = compile_types([pattern])

    assert all(types.match(name) for name in heard)
    assert not any(types.match(name) for name in unheard)


@given(NAMES, NAMES)
def test_a_name_is_heard_by_itself_by_its_parents_wildcard_and_by_every(name: str, other: str) -> None:
    child = f"{name}.{other}"

    assert compile_types([child]).match(child)
    assert compile_types([f"{name}.*"]).match(child)
    assert compile_types(["*"]).match(child)
    assert compile_types([other]).match(child) is (other == child)
    assert not compile_types([f"{name}.*"]).match(name)


def test_exact_names_and_wildcards_are_told_apart_and_the_writing_is_kept() -> None:
    types = compile_types(["order.*", "MemberAdded", "*", "MemberAdded", "order.*"])

    assert types.exact == {"MemberAdded"}
    assert types.prefixes == ("order.", "")
    assert types.names == ("order.*", "MemberAdded", "*", "MemberAdded", "order.*")


def test_no_pattern_hears_nothing() -> None:
    assert not compile_types([]).match("order")


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        (["a", "b", ".c"], r"eventTypes\[2\]: '.c' cannot name an event type"),
        (["*.created"], r"eventTypes\[0\]: '\*.created' has its '\*' in the wrong place; write order.\* or only \*"),
        (["order*"], r"eventTypes\[0\]: 'order\*' has its '\*' in the wrong place"),
        (["*.*"], r"eventTypes\[0\]: '\*' cannot name"),
        ([".*"], r"eventTypes\[0\]: '' cannot name"),
        (["a", 5], r"eventTypes\[1\]: must be a text"),
        (["a"] * 201, r"eventTypes: has 201 entries; write at most 200, or a wildcard"),
    ],
)
def test_a_pattern_that_is_none_is_refused_with_its_place(patterns: list[object], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        compile_types(patterns)


@given(st.lists(st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text()))))
def test_any_list_is_understood_or_refused(patterns: list[object]) -> None:
    message = "here["
    try:
        compile_types(patterns, place="here")
    except Invalid as refusal:
        message = refusal.message
    assert message.startswith("here[")
