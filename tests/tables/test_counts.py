"""What rows hold, counted."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.core.clock import DAY, HOUR
from tidings.core.row import Cell
from tidings.tables.counts import MOST_BUCKETS, REST, By, Count, Grouped, Measure, add, count, trim, whole

NUMBERS = Measure(name="n", by=By.NUMBER, column="n")
VALUES = Measure(name="v", by=By.VALUE, column="v")


def counted(by: By, cells: Sequence[Cell]) -> Count:
    measure = Measure(name="m", by=by, column="c")
    return count({"c": cells}, [measure], groups=["g"] * len(cells)).get("g", {}).get("m", Count())


@pytest.mark.parametrize(
    ("by", "cells", "buckets"),
    [
        (By.VALUE, ["a", "b", "a", None], {"a": 2, "b": 1}),
        (By.VALUE, [True, False, True], {"true": 2, "false": 1}),
        (By.VALUE, ["x" * 300, "x" * 400], {"x" * 200: 2}),
        (By.NUMBER, [1.5, 2, 1.5, None], {"1.5": 2, "2.0": 1}),
        (By.NUMBER, [-0.5, 0, 1e300], {"-0.5": 1, "0.0": 1, "1e+300": 1}),
        (By.HOUR, [0, HOUR - 1, HOUR, -1], {"0": 2, "1": 1, "-1": 1}),
        (By.DAY, [0, DAY, DAY + 1, None], {"0": 1, "1": 2}),
    ],
)
def test_rows_are_counted_by_what_they_hold(by: By, cells: list[Cell], buckets: dict[str, int]) -> None:
    found = counted(by, cells)

    assert found.buckets == buckets
    assert found.number == sum(buckets.values())


def test_of_numbers_the_sum_and_the_ends_are_told() -> None:
    found = counted(By.NUMBER, [2.0, -1.5, 2.0, None])

    assert (found.number, found.total, found.least, found.greatest) == (3, 2.5, -1.5, 2.0)


def test_a_place_counts_when_it_is_whole() -> None:
    measure = Measure(name="m", by=By.CELL, column="lat", other="lon")
    cells: dict[str, Sequence[Cell]] = {"lat": [1.501, 1.509, -0.001, 3.0], "lon": [2.0, 2.009, 0.0, None]}

    found = count(cells, [measure], groups=[None, None, None, None])

    assert found[""]["m"].buckets == {"150 200": 2, "-1 0": 1}


def test_many_different_numbers_are_told_by_their_first_digits_with_all_in_the_sum() -> None:
    found = counted(By.NUMBER, [number / 10 for number in range(1_000, 2_000)])

    assert found.number == sum(found.buckets.values()) == 1_000
    assert len(found.buckets) <= 100
    assert found.total == pytest.approx(149_950)
    assert found.buckets["100.0"] == 100


def test_texts_beyond_the_most_frequent_are_told_together() -> None:
    found = counted(By.VALUE, ["often", "often", *(f"once {number}" for number in range(2_000))])

    assert len(found.buckets) == MOST_BUCKETS + 1
    assert found.buckets["often"] == 2
    assert found.buckets[REST] == 2_002 - 2 - (MOST_BUCKETS - 1)


ROW = st.tuples(
    st.sampled_from(["g", "h", None]),
    st.floats(allow_nan=False, allow_infinity=False, width=32) | st.none(),
    st.text(max_size=3) | st.none(),
)


def of(rows: list[tuple[Cell, Cell, Cell]]) -> Grouped:
    groups, numbers, values = zip(*rows, strict=True) if rows else ((), (), ())
    return count({"n": numbers, "v": values}, [NUMBERS, VALUES], groups=groups)


@given(st.lists(ROW, max_size=30), st.lists(ROW, max_size=30))
def test_counts_of_parts_add_up_to_the_count_of_the_whole(
    some: list[tuple[Cell, Cell, Cell]], others: list[tuple[Cell, Cell, Cell]]
) -> None:
    together = of(some)
    add(together, of(others))

    expected = of(some + others)
    assert {group: set(counts) for group, counts in together.items()} == {
        group: set(counts) for group, counts in expected.items()
    }
    for group, counts in expected.items():
        for name, one in counts.items():
            found = together[group][name]
            assert (found.number, found.buckets) == (one.number, one.buckets)
            assert (found.least, found.greatest) == (one.least, one.greatest)
    assert sum(one.number for one in whole(expected).values()) == sum(
        one.number for counts in expected.values() for one in counts.values()
    )


def test_what_was_added_up_is_trimmed_to_what_is_worth_keeping() -> None:
    counts = {"n": Count(number=500, buckets={repr(float(number)): 1 for number in range(1_000, 1_500)})}

    trim(counts, [NUMBERS])

    assert counts["n"].buckets == {"1000.0": 100, "1100.0": 100, "1200.0": 100, "1300.0": 100, "1400.0": 100}
