"""Durations as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.core.duration import format_duration, parse_duration
from tidings.core.errors import Invalid


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("250ms", 250), ("10s", 10_000), ("2m", 120_000), ("1h", 3_600_000), ("30d", 2_592_000_000), (" 0s ", 0)],
)
def test_a_number_with_its_unit_is_that_many_milliseconds(text: str, milliseconds: int) -> None:
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize(
    "text", ["", "10", "s", "-1s", "1.5h", "10 s", "1h30m", "10S", "\u0661s", "9999999999s", "1s\n2s"]
)
def test_what_is_no_duration_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(Invalid, match="is not a duration; write a whole number and ms, s, m, h or d, like 10s"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0s"), (1, "1ms"), (1_500, "1500ms"), (60_000, "1m"), (90_000, "90s"), (86_400_000, "1d")],
)
def test_a_duration_is_written_in_the_largest_unit_that_divides_it(milliseconds: int, text: str) -> None:
    assert format_duration(milliseconds) == text


@given(st.integers(min_value=0, max_value=999_999_999))
def test_what_is_written_is_read_back(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds)) == milliseconds


@given(st.text())
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    try:
        milliseconds = parse_duration(text)
    except Invalid:
        return
    assert milliseconds >= 0
