"""What differs between two bodies is told place by place."""

import json

import pytest

from tidings.core.difference import MOST_CHANGES, Change, Kind, difference


def told(before: object, after: object) -> list[Change]:
    return difference(json.dumps(before).encode(), json.dumps(after).encode()).changes


def test_values_names_and_elements_are_told_by_their_places() -> None:
    found = told({"a": 1, "b": {"c": [1, 2]}, "gone": None}, {"a": 2, "b": {"c": [1, 3, 4]}, "d.e": "new"})

    assert found == [
        Change(path="a", before=1, after=2),
        Change(path="b.c[1]", before=2, after=3),
        Change(path="b.c[2]", after=4),
        Change(path="gone", before=None),
        Change(path='["d.e"]', after="new"),
    ]


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.5), ("1", 1), (None, False), ([], {})])
def test_values_of_two_types_are_two_values(before: object, after: object) -> None:
    assert told({"a": before}, {"a": after}) == [Change(path="a", before=before, after=after)]


def test_one_document_that_is_spelled_in_two_ways_differs_in_its_bytes_alone() -> None:
    found = difference(b'{"a": 1}', b'{"a":1}')

    assert (found.kind, found.changes, found.first_byte) == (Kind.JSON, [], 5)


def test_equal_bodies_are_equal() -> None:
    assert difference(b"\xff", b"\xff").kind is Kind.EQUAL


def test_texts_are_compared_line_by_line() -> None:
    found = difference(b"one\ntwo", b"one\nthree")

    assert (found.kind, found.lines) == (Kind.TEXT, ["@@ -1,2 +1,2 @@", " one", "-two", "+three"])


@pytest.mark.parametrize(
    ("before", "after", "first"),
    [(b"\xff\x00\x01", b"\xff\x00\x02", 2), (b"\xff", b"\xff\xfe", 1), (b"a\n" * 600, b"a\n" * 599 + b"b\n", 1198)],
)
def test_other_bytes_and_long_texts_are_compared_up_to_the_first_difference(
    before: bytes, after: bytes, first: int
) -> None:
    found = difference(before, after)

    assert (found.kind, found.first_byte) == (Kind.BYTES, first)


def test_documents_that_have_nothing_in_common_are_cut() -> None:
    found = difference(json.dumps([0] * 5_000).encode(), json.dumps([1] * 5_000).encode())

    assert len(found.changes) == MOST_CHANGES
    assert found.is_cut
