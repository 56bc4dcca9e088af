"""The rate limit of a lane."""

import hypothesis.strategies as st
from hypothesis import example, given

from tidings.store.pace import BURST_SECONDS, Pace

NOW = 1_767_225_600_000


def test_a_lane_that_never_sent_may_send_its_burst() -> None:
    assert [Pace(rate=rate).allowed(NOW) for rate in (0.1, 1, 10, 25, 100, 1_000)] == [1, 1, 1, 2, 10, 100]


def test_the_next_delivery_goes_one_spacing_after_the_burst() -> None:
    pace = Pace(rate=100).after(10, now=NOW)

    assert (pace.allowed(NOW), pace.free_at) == (0, NOW + 10)
    assert (pace.allowed(NOW + 9), pace.allowed(NOW + 10), pace.allowed(NOW + 1_000)) == (0, 1, 10)


@given(rate=st.floats(0.01, 10_000), gaps=st.lists(st.integers(0, 5_000), min_size=1, max_size=30))
def test_whoever_takes_all_that_is_allowed_never_exceeds_the_rate(rate: float, gaps: list[int]) -> None:
    pace, now, sent = Pace(rate=rate), NOW, 0

    for gap in gaps:
        now += gap
        count = pace.allowed(now)
        pace = pace.after(count, now=now)
        sent += count

    assert sent <= (now - NOW) / 1_000 * rate + max(rate * BURST_SECONDS, 1) + 1e-3


@given(rate=st.floats(0.01, 10_000), first=st.integers(1, 50))
@example(rate=300.0, first=30)
@example(rate=300.0, first=31)
def test_at_the_instant_that_is_named_a_delivery_may_go(rate: float, first: int) -> None:
    pace = Pace(rate=rate).after(first, now=NOW)

    assert pace.allowed(max(pace.free_at, NOW)) >= 1
    assert pace.free_at <= NOW or pace.allowed(pace.free_at - 1) == 0
