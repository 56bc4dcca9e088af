"""Observations in buckets."""

import hypothesis.strategies as st
from hypothesis import given

from tidings.core.histogram import LATENCY_MS, Histogram


def test_a_value_on_a_bound_belongs_to_the_bucket_that_it_closes() -> None:
    histogram = Histogram((1, 10))

    for value in (0.0, 1.0, 1.1, 10.0, 11.0):
        histogram.observe(value)

    assert histogram.counts == [2, 2, 1]
    assert histogram.total == 23.1


@given(values=st.lists(st.floats(-1, 1e6), max_size=50))
def test_every_observation_is_in_one_bucket(values: list[float]) -> None:
    histogram = Histogram()

    for value in values:
        histogram.observe(value)

    assert sum(histogram.counts) == len(values)
    for place, bound in enumerate(LATENCY_MS):
        assert sum(histogram.counts[: place + 1]) == sum(value <= bound for value in values)
