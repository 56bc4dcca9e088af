"""When a failed delivery is tried again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.core.clock import HOUR, MINUTE, SECOND
from tidings.core.errors import Invalid
from tidings.core.schedule import DEFAULT_SCHEDULE, LONGEST_TOTAL_MS, parse_schedule


def test_the_default_is_six_retries_inside_two_days() -> None:
    assert DEFAULT_SCHEDULE.waits_ms == (10 * SECOND, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR)
    assert sum(DEFAULT_SCHEDULE.waits_ms) < LONGEST_TOTAL_MS


def test_a_schedule_is_written_as_it_is_read() -> None:
    assert parse_schedule(" 10s, 1m,600s").text == "10s,1m,10m"


def test_there_is_no_wait_after_the_last_retry_failed() -> None:
    schedule = parse_schedule("10s,1m")

    waits = [schedule.wait_ms(failed_tries, 0.5) for failed_tries in (1, 2, 3, 99)]

    assert waits == [10_000, 60_000, None, None]


@given(st.floats(min_value=0, max_value=1, exclude_max=True))
def test_a_wait_is_spread_over_a_tenth_either_way(jitter: float) -> None:
    wait = parse_schedule("10s").wait_ms(1, jitter)

    assert wait is not None
    assert 9_000 <= wait <= 11_000


def test_the_spread_reaches_from_its_lower_to_its_upper_end() -> None:
    schedule = parse_schedule("10s")

    assert schedule.wait_ms(1, 0.0) == 9_000
    assert schedule.wait_ms(1, 0.999999) == 11_000


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is not a duration"),
        ("10s,,1m", "'' is not a duration"),
        ("10s,soon", "'soon' is not a duration"),
        (",".join(["1s"] * 21), "has at most 20 waits; this one has 21"),
        ("1s,99ms", "are at least 100ms; this one has 99ms"),
        ("24h,24h,1s", "at most 48h together, .* these are 172801s"),
    ],
)
def test_a_schedule_that_cannot_be_kept_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        parse_schedule(text)


@pytest.mark.parametrize("text", [",".join(["100ms"] * 20), "48h"])
def test_a_schedule_may_go_to_its_limits(text: str) -> None:
    parse_schedule(text)
