"""Which lanes the table is asked about, and when."""

import asyncio
from dataclasses import replace

import pytest

from tidings.core.circuit import Circuit, CircuitState
from tidings.core.clock import DAY, MINUTE, SECOND
from tidings.core.event import Subject
from tidings.core.pattern import compile_types
from tidings.core.signature import new_secret
from tidings.core.subscription import State, Subscription
from tidings.dialects.discovery import discover
from tidings.outbox.agenda import Agenda
from tidings.outbox.callback import Caller
from tidings.outbox.lane import Lane
from tidings.testing.clock import START, ManualClock

DIALECTS = discover().dialects


def lane(number: int = 1, *, circuit: Circuit | None = None) -> Lane:
    subscription = Subscription(
        number=number,
        id=f"w-{number}",
        subject=Subject("Application", "orders"),
        types=compile_types(["*"]),
        url="https://example.com/",
        format="standard",
        secrets=(new_secret(),),
        expires_at=START + DAY,
    )
    return Lane(subscription, Caller(subscription, DIALECTS), circuit=circuit or Circuit())


@pytest.fixture
def agenda(manual_clock: ManualClock) -> Agenda:
    return Agenda(manual_clock)


async def asked(agenda: Agenda, clock: ManualClock, *, after: int) -> list[Lane]:
    await clock.advance(after)
    return agenda.take(most=10)


async def test_a_lane_is_asked_once_at_the_first_instant_that_was_named(
    agenda: Agenda, manual_clock: ManualClock
) -> None:
    one = lane()
    for seconds in (30, 10, 20):
        agenda.ask(one, START + seconds * SECOND)

    assert await asked(agenda, manual_clock, after=9_999) == []
    assert await asked(agenda, manual_clock, after=1) == [one]
    one.is_asking = False
    assert await asked(agenda, manual_clock, after=DAY) == []


async def test_a_step_has_so_many_lanes_and_the_next_one_the_rest(agenda: Agenda) -> None:
    lanes = [lane(number) for number in range(3)]
    for one in lanes:
        agenda.ask(one, START)

    first, second = agenda.take(most=2), agenda.take(most=2)

    assert len(first) == 2
    assert {id(one) for one in (*first, *second)} == {id(one) for one in lanes}


async def test_what_is_noticed_while_a_lane_is_asked_is_asked_for_afterwards(agenda: Agenda) -> None:
    one = lane()
    agenda.ask(one, START)
    assert agenda.take(most=1) == [one]
    agenda.ask(one, START)
    assert agenda.take(most=1) == []

    one.is_asking = False
    agenda.recall(one)

    assert agenda.take(most=1) == [one]


async def test_a_lane_without_room_waits_until_it_is_recalled(agenda: Agenda) -> None:
    one = lane()
    one.in_flight = 2 * one.slots
    agenda.ask(one, START)
    assert agenda.take(most=1) == []

    one.in_flight = 0
    agenda.recall(one)

    assert agenda.take(most=1) == [one]


async def test_a_lane_that_found_no_room_is_asked_when_something_new_comes(agenda: Agenda) -> None:
    one = lane()
    one.in_flight = 2 * one.slots
    agenda.ask(one, START)
    assert agenda.take(most=1) == []

    one.in_flight = 0
    agenda.ask(one, START + MINUTE)

    assert agenda.take(most=1) == [one]


async def test_an_open_circuit_is_asked_for_when_its_probe_is_due(agenda: Agenda, manual_clock: ManualClock) -> None:
    one = lane(circuit=Circuit(state=CircuitState.OPEN, failures=10, openings=1, probe_at=START + MINUTE))
    agenda.ask(one, START)

    assert agenda.take(most=1) == []
    assert await asked(agenda, manual_clock, after=MINUTE - 1) == []
    assert await asked(agenda, manual_clock, after=1) == [one]


async def test_a_lane_that_may_not_be_sent_to_is_not_asked(agenda: Agenda) -> None:
    one = lane()
    agenda.ask(one, START)
    one.subscription = replace(one.subscription, state=State.DISABLED)

    assert agenda.take(most=1) == []
    assert one.ask_at is None


async def test_nothing_is_pushed_for_a_lane_that_waits_for_nothing(agenda: Agenda) -> None:
    agenda.recall(lane())

    assert len(agenda) == 0


async def test_a_retry_far_off_costs_one_entry_however_much_is_delivered_meanwhile(
    agenda: Agenda, manual_clock: ManualClock
) -> None:
    one = lane()
    agenda.ask(one, START + DAY)

    for _ in range(1_000):
        agenda.recall(one)

    assert len(agenda) == 1
    assert await asked(agenda, manual_clock, after=DAY) == [one]


async def test_claims_before_a_retry_far_off_leave_no_more_than_a_handful_of_entries(
    agenda: Agenda, manual_clock: ManualClock
) -> None:
    lanes = [lane(number) for number in range(5)]
    for _ in range(1_000):
        for one in lanes:
            agenda.ask(one, manual_clock.now())
        for one in agenda.take(most=10):
            one.is_asking = False
            agenda.ask(one, START + DAY)

    assert len(agenda) < 200
    assert {id(one) for one in await asked(agenda, manual_clock, after=DAY)} == {id(one) for one in lanes}


async def test_an_entry_that_came_too_early_makes_way_for_the_right_one(
    agenda: Agenda, manual_clock: ManualClock
) -> None:
    one = lane()
    agenda.ask(one, START)
    one.ask_at = None
    agenda.ask(one, START + MINUTE)

    assert agenda.take(most=1) == []
    assert await asked(agenda, manual_clock, after=MINUTE) == [one]


async def test_an_entry_of_a_lane_that_nothing_is_known_of_is_dropped(agenda: Agenda) -> None:
    one = lane()
    agenda.ask(one, START)
    one.ask_at = None

    assert agenda.take(most=1) == []
    assert len(agenda) == 0


async def test_whoever_waits_is_woken_by_what_comes_and_by_the_time(agenda: Agenda, manual_clock: ManualClock) -> None:
    waiting = asyncio.create_task(agenda.due())
    await manual_clock.advance(10 * MINUTE)
    agenda.ask(lane(), manual_clock.now() + MINUTE)
    await manual_clock.advance(MINUTE - 1)
    assert not waiting.done()

    await manual_clock.advance(1)

    await waiting
