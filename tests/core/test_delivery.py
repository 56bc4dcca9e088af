"""What becomes of a delivery after an attempt."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from tidings.core.clock import DAY, HOUR, MINUTE, SECOND
from tidings.core.delivery import GIVE_UP_AFTER_MS, LONGEST_RETRY_AFTER_MS, Debt, Result, State, after
from tidings.core.event import Event
from tidings.core.schedule import DEFAULT_SCHEDULE, RetrySchedule

NOW = 1_767_225_600_000
EVENT = Event(id=NOW << 20, type="order.created", subjects=(), data=b"{}", at=NOW)
EXACT = 0.5  # the jitter that leaves a wait as it is


def debt(*, tries: int = 0, since: int | None = None) -> Debt:
    return Debt(event=EVENT, subscription=1, due=NOW, tries=tries, first_at=NOW - since if since is not None else 0)


def retrying(tries: int, *, due: int) -> Result:
    return Result(state=State.RETRYING, tries=tries, due=NOW + due)


def failed(tries: int) -> Result:
    return Result(state=State.FAILED, tries=tries, disables=True)


TWO_DAYS = GIVE_UP_AFTER_MS
DELIVERED = Result(state=State.DELIVERED, tries=0)


@pytest.mark.parametrize(
    ("before", "attempt", "then"),
    [
        pytest.param(debt(), {"succeeded": True}, DELIVERED, id="2xx delivers"),
        pytest.param(
            debt(tries=6, since=3 * DAY), {"succeeded": True},
            Result(state=State.DELIVERED, tries=6), id="2xx delivers, however late",
        ),
        pytest.param(debt(), {"succeeded": True, "is_probe": True}, DELIVERED, id="a probe delivers"),
        pytest.param(debt(), {"gone": True}, failed(1), id="410 fails at once"),
        pytest.param(debt(), {"gone": True, "is_probe": True}, failed(1), id="410 to a probe fails at once"),
        pytest.param(debt(), {}, retrying(1, due=10 * SECOND), id="the first wait"),
        pytest.param(debt(tries=1, since=MINUTE), {}, retrying(2, due=MINUTE), id="the second wait"),
        pytest.param(debt(tries=5, since=8 * HOUR), {}, retrying(6, due=24 * HOUR), id="the last wait"),
        pytest.param(debt(tries=6, since=DAY), {}, failed(7), id="no retry is left"),
        pytest.param(debt(), {"jitter": 0.0}, retrying(1, due=9 * SECOND), id="jitter shortens"),
        pytest.param(debt(), {"retry_after_ms": HOUR}, retrying(1, due=HOUR), id="Retry-After lengthens"),
        pytest.param(debt(), {"retry_after_ms": SECOND}, retrying(1, due=10 * SECOND), id="Retry-After never shortens"),
        pytest.param(debt(), {"retry_after_ms": 9 * DAY}, retrying(1, due=DAY), id="Retry-After has its bound"),
        pytest.param(
            debt(tries=5, since=TWO_DAYS - HOUR), {}, retrying(6, due=HOUR), id="the last try is at the deadline"
        ),
        pytest.param(debt(tries=1, since=TWO_DAYS), {}, failed(2), id="two days after the first attempt it fails"),
        pytest.param(debt(tries=1, since=TWO_DAYS - 1), {}, retrying(2, due=1), id="not a millisecond earlier"),
        pytest.param(
            debt(tries=2, since=HOUR), {"is_probe": True, "probe_wait_ms": 30 * SECOND},
            retrying(2, due=30 * SECOND), id="a probe uses up no retry",
        ),
        pytest.param(
            debt(tries=6, since=HOUR), {"is_probe": True, "probe_wait_ms": SECOND},
            retrying(6, due=SECOND), id="nor does it need one",
        ),
        pytest.param(
            debt(since=HOUR), {"is_probe": True, "probe_wait_ms": SECOND, "retry_after_ms": MINUTE},
            retrying(0, due=MINUTE), id="a probe's Retry-After counts too",
        ),
        pytest.param(
            debt(tries=2, since=TWO_DAYS), {"is_probe": True, "probe_wait_ms": SECOND},
            failed(2), id="circuit open or not, after two days it fails",
        ),
    ],
)  # fmt: skip
def test_a_delivery_becomes_what_the_table_says(before: Debt, attempt: dict[str, int], then: Result) -> None:
    values = {"succeeded": False, "gone": False, "is_probe": False, "jitter": EXACT} | attempt

    assert after(before, at=NOW, schedule=DEFAULT_SCHEDULE, **values) == then  # type: ignore[arg-type]


@given(
    tries=st.integers(0, 25),
    since=st.none() | st.integers(0, 3 * DAY),
    is_probe=st.booleans(),
    waits=st.lists(st.integers(100, 2 * DAY), min_size=1, max_size=20),
    jitter=st.floats(0, 1, exclude_max=True),
    retry_after_ms=st.integers(0, 10 * DAY),
    probe_wait_ms=st.integers(0, HOUR),
)
def test_a_failed_attempt_is_retried_in_time_or_given_up(
    *,
    tries: int,
    since: int | None,
    is_probe: bool,
    waits: list[int],
    jitter: float,
    retry_after_ms: int,
    probe_wait_ms: int,
) -> None:
    before = debt(tries=tries, since=since)

    result = after(
        before,
        succeeded=False,
        gone=False,
        is_probe=is_probe,
        at=NOW,
        schedule=RetrySchedule(waits_ms=tuple(waits)),
        jitter=jitter,
        retry_after_ms=retry_after_ms,
        probe_wait_ms=probe_wait_ms,
    )

    assert result.tries == tries + (not is_probe)
    deadline = (before.first_at or NOW) + GIVE_UP_AFTER_MS
    if result.is_final:
        assert result.state is State.FAILED
        assert result.disables
        assert deadline <= NOW or (not is_probe and tries >= len(waits))
    else:
        assert result.state is State.RETRYING
        assert NOW <= result.due <= deadline
        assert result.due - NOW <= max(1.1 * max(waits) + 1, probe_wait_ms, LONGEST_RETRY_AFTER_MS)
        assert not result.disables


@given(jitters=st.lists(st.floats(0, 1, exclude_max=True), min_size=7, max_size=7))
def test_whoever_never_answers_gets_seven_attempts_within_two_days(jitters: list[float]) -> None:
    owed, at, attempts = debt(), NOW, 0

    for jitter in jitters:
        attempts += 1
        result = after(
            owed, succeeded=False, gone=False, is_probe=False, at=at, schedule=DEFAULT_SCHEDULE, jitter=jitter
        )
        owed = Debt(event=EVENT, subscription=1, due=result.due, tries=result.tries, first_at=owed.first_at or at)
        if result.is_final:
            break
        at = result.due

    assert attempts == 7
    assert result.state is State.FAILED
    assert at - NOW <= GIVE_UP_AFTER_MS
