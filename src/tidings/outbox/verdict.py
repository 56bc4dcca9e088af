"""Verdict: what an answer means for the delivery and for its lane's circuit."""

import random

import msgspec

from tidings.core.circuit import CLOSED, Circuit
from tidings.core.delivery import Attempt, Debt, Result, State, after
from tidings.core.schedule import RetrySchedule
from tidings.egress.answer import OK, Answer, Outcome
from tidings.store.database import Settlement

_DELIVERED = State.DELIVERED  # see `core.subscription` for why


class Tried(msgspec.Struct, frozen=True, gc=False):
    """An attempt that is over: what was sent, when it began and ended, and whether it was a circuit's probe."""

    debt: Debt
    answer: Answer
    began_at: int
    ended_at: int
    is_probe: bool


def verdict(tried: Tried, *, circuit: Circuit, schedule: RetrySchedule) -> tuple[Settlement, Circuit]:
    """What is to be written down, and how the circuit stands now."""
    debt, answer = tried.debt, tried.answer
    if answer.outcome is OK:
        # Nearly always, so that nothing is worked out for it that only a failure needs.
        result, circuit = Result(state=_DELIVERED, tries=debt.tries), CLOSED
    else:
        result, circuit = _after_failure(tried, circuit=circuit, schedule=schedule)
    attempt = Attempt(
        event=debt.event.id,
        subscription=debt.subscription,
        at=tried.began_at,
        outcome=answer.outcome,
        state=result.state,
        status=answer.status or 0,
        error=answer.error,
        address=answer.address,
        headers=answer.headers,
        answer=answer.body,
        timings=answer.timings,
        is_probe=tried.is_probe,
        next_at=result.due,
    )
    return Settlement(attempt=attempt, result=result, first_at=debt.first_at or tried.began_at), circuit


def _after_failure(tried: Tried, *, circuit: Circuit, schedule: RetrySchedule) -> tuple[Result, Circuit]:
    circuit = circuit.after(
        succeeded=False, now=tried.ended_at, is_probe=tried.is_probe, first_wait_ms=schedule.waits_ms[0]
    )
    result = after(
        tried.debt,
        succeeded=False,
        gone=tried.answer.outcome is Outcome.GONE,
        is_probe=tried.is_probe,
        at=tried.ended_at,
        schedule=schedule,
        jitter=random.random(),  # noqa: S311 - spreads load, hides nothing
        retry_after_ms=tried.answer.retry_after_ms,
        probe_wait_ms=max(0, circuit.probe_at - tried.ended_at),
    )
    return result, circuit
