"""Whether an endpoint is called at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.core.circuit import FAILURES_TO_OPEN, LONGEST_WAIT_MS, Circuit, CircuitState

NOW = 1_700_000_000_000
CLOSED = Circuit()
SHAKEN = Circuit(failures=FAILURES_TO_OPEN - 1)
OPEN = Circuit(state=CircuitState.OPEN, failures=10, openings=1, opened_at=NOW, probe_at=NOW + 10_000)
PROBING = Circuit(state=CircuitState.HALF_OPEN, failures=10, openings=1, opened_at=NOW, probe_at=NOW + 30_000)
REOPENED = Circuit(state=CircuitState.OPEN, failures=11, openings=2, opened_at=NOW, probe_at=NOW + 35_000)
LATER = NOW + 15_000


@pytest.mark.parametrize(
    ("before", "succeeded", "is_probe", "now", "then"),
    [
        pytest.param(CLOSED, True, False, NOW, CLOSED, id="closed and well stays so"),
        pytest.param(CLOSED, False, False, NOW, Circuit(failures=1), id="a failure is counted"),
        pytest.param(SHAKEN, True, False, NOW, CLOSED, id="a success forgets the failures"),
        pytest.param(SHAKEN, False, False, NOW, OPEN, id="the tenth failure in a row opens it"),
        pytest.param(OPEN, False, False, LATER, OPEN, id="a failure from before it opened changes nothing"),
        pytest.param(OPEN, True, False, LATER, CLOSED, id="a success from before it opened closes it"),
        pytest.param(OPEN, False, True, LATER, OPEN, id="a probe that was taken for lost does not push the next"),
        pytest.param(PROBING, False, False, LATER, PROBING, id="an old failure is not the probe's"),
        pytest.param(PROBING, True, False, LATER, CLOSED, id="an old success closes it while a probe is out"),
        pytest.param(PROBING, True, True, LATER, CLOSED, id="the probe's success closes it"),
        pytest.param(PROBING, False, True, LATER, REOPENED, id="the probe's failure opens it for twice as long"),
    ],
)
def test_an_attempt_makes_of_a_circuit_what_the_table_says(
    *, before: Circuit, succeeded: bool, is_probe: bool, now: int, then: Circuit
) -> None:
    assert before.after(succeeded=succeeded, is_probe=is_probe, now=now) == then


def test_one_delivery_with_the_default_schedule_never_opens_a_circuit() -> None:
    circuit = CLOSED
    for _ in range(7):
        circuit = circuit.after(succeeded=False, now=NOW)

    assert not circuit.is_open


@pytest.mark.parametrize(
    ("circuit", "now", "may_send", "probe_due"),
    [
        (CLOSED, NOW, True, False),
        (OPEN, NOW + 9_999, False, False),
        (OPEN, NOW + 10_000, True, True),
        (PROBING, NOW + 29_999, False, False),
        (PROBING, NOW + 30_000, True, True),
    ],
)
def test_an_open_circuit_lets_one_probe_out_when_it_is_due(
    *, circuit: Circuit, now: int, may_send: bool, probe_due: bool
) -> None:
    assert circuit.may_send(now) is may_send
    assert circuit.probe_due(now) is probe_due


def test_another_probe_is_due_when_one_is_lost() -> None:
    circuit = OPEN.probing(lost_at=NOW + 30_000)

    assert circuit == PROBING
    assert circuit.is_open
    assert not circuit.probe_due(NOW + 29_999)
    assert circuit.probe_due(NOW + 30_000)


def test_waits_double_from_the_first_to_the_longest() -> None:
    circuit, waits = SHAKEN.after(succeeded=False, now=0), []
    for _ in range(9):
        waits.append(circuit.probe_at // 1_000)
        circuit = circuit.probing(lost_at=0).after(succeeded=False, is_probe=True, now=0)

    assert waits == [10, 20, 40, 80, 160, 320, 600, 600, 600]


def test_the_first_wait_is_the_schedules_and_never_over_the_longest() -> None:
    assert SHAKEN.after(succeeded=False, now=0, first_wait_ms=100).probe_at == 100
    assert SHAKEN.after(succeeded=False, now=0, first_wait_ms=3_600_000).probe_at == LONGEST_WAIT_MS


@given(st.lists(st.tuples(st.booleans(), st.booleans())), st.integers(min_value=100, max_value=10**8))
def test_whatever_happens_the_next_probe_is_within_reach(attempts: list[tuple[bool, bool]], first_wait_ms: int) -> None:
    circuit = CLOSED
    for number, (succeeded, is_probe) in enumerate(attempts):
        if is_probe and circuit.is_open:
            circuit = circuit.probing(lost_at=number)
        circuit = circuit.after(succeeded=succeeded, is_probe=is_probe, now=number, first_wait_ms=first_wait_ms)

        assert circuit.probe_at <= number + LONGEST_WAIT_MS
        assert circuit.is_open or circuit.failures < FAILURES_TO_OPEN


def test_after_years_of_failures_the_wait_is_still_the_longest() -> None:
    ancient = Circuit(state=CircuitState.HALF_OPEN, failures=10**6, openings=10**6, opened_at=NOW, probe_at=NOW)

    assert ancient.after(succeeded=False, is_probe=True, now=NOW).probe_at == NOW + LONGEST_WAIT_MS
