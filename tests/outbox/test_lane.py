"""How many requests a lane may have under way, and how many debts it takes."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.outbox.test_agenda import lane
from tidings.core.circuit import Circuit, CircuitState
from tidings.outbox.lane import FAST_MS, FEWEST_SLOTS, FIRST_SLOTS, MOST_SLOTS, Lane

OPEN = Circuit(state=CircuitState.OPEN, failures=10, openings=1)


def learned(one: Lane, *, times: int, succeeded: bool = True, timed_out: bool = False, took_ms: float = 1) -> int:
    for _ in range(times):
        one.learn(succeeded=succeeded, timed_out=timed_out, took_ms=took_ms)
    return one.slots


def test_a_fast_endpoint_gets_a_slot_for_each_answer_up_to_the_most() -> None:
    assert learned(lane(), times=3) == FIRST_SLOTS + 3
    assert learned(lane(), times=1_000) == MOST_SLOTS


@pytest.mark.parametrize(("succeeded", "took_ms"), [(True, FAST_MS + 1), (False, 1)], ids=["slow answers", "refusals"])
def test_nothing_is_earned_by(*, succeeded: bool, took_ms: float) -> None:
    assert learned(lane(), times=10, succeeded=succeeded, took_ms=took_ms) == FIRST_SLOTS


def test_whoever_times_out_gets_one_request_at_a_time_until_it_is_fast_again() -> None:
    one = lane()
    learned(one, times=50)

    assert learned(one, times=1, succeeded=False, timed_out=True) == FEWEST_SLOTS
    assert learned(one, times=1) == FEWEST_SLOTS + 1


def test_a_lane_takes_twice_its_slots_but_a_probe_alone() -> None:
    closed, open_ = lane(), lane(circuit=OPEN)

    assert (closed.room, open_.room) == (2 * FIRST_SLOTS, 1)
    closed.in_flight = open_.in_flight = 1
    assert (closed.room, open_.room) == (2 * FIRST_SLOTS - 1, 0)


def test_nothing_is_taken_for_a_lane_that_may_not_be_sent_to() -> None:
    one = lane()
    one.subscription = replace(one.subscription, withheld=True)

    assert one.room == 0


@pytest.mark.parametrize(
    "busy",
    [
        pytest.param(lambda one: setattr(one, "ask_at", 1), id="waits to be asked for"),
        pytest.param(lambda one: setattr(one, "in_flight", 1), id="has a request under way"),
        pytest.param(lambda one: setattr(one, "unsettled", 1), id="has an attempt that is not on disk"),
        pytest.param(lambda one: setattr(one, "is_asking", True), id="is being asked for"),
    ],
)
def test_a_lane_is_not_idle_while_it(busy: Callable[[Lane], None]) -> None:
    one = lane()
    assert one.is_idle

    busy(one)

    assert not one.is_idle
