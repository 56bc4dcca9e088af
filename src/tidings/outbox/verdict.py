"""Verdict: what an answer means for the delivery and for its lane's circuit."""

import random

from tidings.core.circuit import CLOSED, Circuit
from tidings.core.delivery import Attempt, Debt, Result, State, after
from tidings.core.schedule import RetrySchedule
from tidings.egress.answer import OK, Answer, Outcome
from tidings.store.database import Settlement

_DELIVERED = State.DELIVERED  # see `core.subscription` for why
_AT_ONCE = Result(state=_DELIVERED, tries=0)


def verdict(
    debt: Debt,
    answer: Answer,
    *,
    began_at: int,
    ended_at: int,
    is_probe: bool,
    circuit: Circuit,
    schedule: RetrySchedule,
) -> tuple[Settlement, Circuit]:
    """What an attempt is written down as, and how the circuit stands now."""
    if answer.outcome is OK:
        # Nearly always, so that nothing is worked out for it that only a failure needs.
        result = Result(state=_DELIVERED, tries=debt.tries) if debt.tries else _AT_ONCE
        circuit = CLOSED
    else:
        circuit = circuit.after(succeeded=False, now=ended_at, is_probe=is_probe, first_wait_ms=schedule.waits_ms[0])
        result = _after_failure(debt, answer, at=ended_at, is_probe=is_probe, circuit=circuit, schedule=schedule)
    attempt = Attempt(
        event=debt.event.id,
        subscription=debt.subscription,
        at=began_at,
        outcome=answer.outcome,
        state=result.state,
        status=answer.status or 0,
        error=answer.error,
        address=answer.address,
        headers=answer.headers,
        answer=answer.body,
        timings=answer.timings,
        is_probe=is_probe,
        next_at=result.due,
    )
    return Settlement(attempt=attempt, result=result, first_at=debt.first_at or began_at), circuit


def _after_failure(
    debt: Debt, answer: Answer, *, at: int, is_probe: bool, circuit: Circuit, schedule: RetrySchedule
) -> Result:
    return after(
        debt,
        succeeded=False,
        gone=answer.outcome is Outcome.GONE,
        is_probe=is_probe,
        at=at,
        schedule=schedule,
        jitter=random.random(),  # noqa: S311 - spreads load, hides nothing
        retry_after_ms=answer.retry_after_ms,
        probe_wait_ms=max(0, circuit.probe_at - at),
    )
