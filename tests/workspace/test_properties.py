from typing import Any

import pytest

from tidings.core.errors import Conflict, Invalid
from tidings.workspace.properties import (
    LONGEST_VALUE,
    MOST_PROPERTIES,
    Property,
    PropertyType,
    SentProperty,
    UpdateKind,
    changed_properties,
    read_properties,
    written_properties,
)

STATE = Property(name="state", type=PropertyType.TEXT, value="open")
TAGS = Property(name="tags", type=PropertyType.STRING_LIST, value=["a", "b"])


def sent(name: str = "p", *, value: Any = "x", type_: str | int | None = None, kind: str | int = 0) -> SentProperty:  # noqa: ANN401 - any JSON
    return SentProperty(name=name, value=value, type=type_, kind=kind)


def changed(*changes: SentProperty) -> dict[str, Any]:
    """What `STATE` and `TAGS` become, by name."""
    properties = changed_properties([STATE, TAGS], changes, field="p")
    return {one.name: one.value for one in properties}


@pytest.mark.parametrize(
    ("type_", "value", "kept"),
    [
        ("Text", "Nord", "Nord"),
        ("text", 5, "5"),
        (0, "", ""),
        ("Numeric", "2.5", 2.5),
        (1, 3, 3.0),
        ("1", 3, 3.0),
        ("Location", {"latitude": "1", "lg": 2}, {"lt": 1.0, "lg": 2.0, "n": ""}),
        (3, "2026-01-31T09:00:00Z", 1_769_850_000_000),
        ("StringList", ["b", "a", "b"], ["b", "a", "b"]),
        ("Array", '["b","a"]', ["b", "a"]),
        ("StringList", "b", ["b"]),
        ("StringList", "", []),
        ("StringSet", ["b", "a", "b"], ["b", "a"]),
        (6, ["b", "b"], ["b"]),
        ("Attachment", "resource", "resource"),
        ("AttachmentList", ["one", "two"], ["one", "two"]),
    ],
)
def test_a_value_is_kept_by_its_type(type_: str | int, value: object, kept: object) -> None:
    [made] = changed_properties([], [sent(type_=type_, value=value)], field="p")

    assert made.value == kept
    assert read_properties(written_properties([made])) == (made,)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (sent(""), "name"),
        (sent("x" * 201), "name"),
        (sent(type_="Colour"), "type"),
        (sent(type_=8), "type"),
        (sent(type_="8"), "type"),
        (sent(type_=-1), "type"),
        (sent(type_="Text", value={}), "value"),
        (sent(type_="Text", value=["x"]), "value"),
        (sent(type_="Numeric", value="many"), "value"),
        (sent(type_="Numeric", value=None), "value"),
        (sent(type_="DateTime", value="today"), "value"),
        (sent(type_="Location", value="here"), "value"),
        (sent(type_="StringList", value=[1]), "value"),
        (sent(type_="StringList", value=["x" * 1_000] * 4), "value"),
        (sent(value="x" * (LONGEST_VALUE + 1)), "value"),
        (sent(kind="Paint"), "updateType"),
        (sent(kind=6), "updateType"),
        (sent("nobody", kind="AddEntries", value=["c"]), "name"),
        (sent("state", kind="AddEntries", value=["c"]), "name"),
        (sent("tags", kind="ReplaceEntry", value=["c", "d"]), "value"),
        (sent("tags", kind="ReplaceEntry", value=["a"]), "value"),
    ],
)
def test_what_is_no_property_or_no_change_is_refused_by_its_place(wrong: SentProperty, place: str) -> None:
    with pytest.raises(Invalid, match=rf"^p\[1\]\.{place}"):
        changed_properties([STATE, TAGS], [sent("other"), wrong], field="p")


def test_an_update_keeps_the_type_unless_it_names_another() -> None:
    [once] = changed_properties([], [sent(type_="Numeric", value=1)], field="p")
    [twice] = changed_properties([once], [sent(value="2")], field="p")
    [other] = changed_properties([twice], [sent(value="2", type_="Text")], field="p")

    assert (twice.type, twice.value, other.type, other.value) == ("Numeric", 2.0, "Text", "2")


def test_updates_are_made_one_after_the_other() -> None:
    assert changed(
        sent("state", value="closed"),
        sent("fresh", value="new", kind="Add"),
        sent("fresh", kind="delete"),
        sent("nobody", kind=2),
        sent("tags", value=["c"], kind=4),
        sent("tags", value=["a", "A"], kind="replaceEntry"),
        sent("tags", value="b", kind=UpdateKind.DELETE_ENTRIES),
    ) == {"state": "closed", "tags": ["A", "c"]}


def test_what_is_there_cannot_be_added() -> None:
    with pytest.raises(Conflict, match=r"^p\[0\]: .*'state'"):
        changed(sent("state", kind="Add"))


def test_a_set_holds_an_entry_once_whatever_is_added() -> None:
    some = Property(name="some", type=PropertyType.STRING_SET, value=["a"])

    [made] = changed_properties([some], [sent("some", kind=4, value=["b", "a"])], field="p")

    assert made.value == ["a", "b"]


def test_there_are_only_so_many_properties() -> None:
    with pytest.raises(Invalid, match="delete some"):
        changed(*(sent(f"p{number}") for number in range(MOST_PROPERTIES)))
