"""Whose turn it is to send, and how many may be under way to whom."""

import asyncio

import pytest

from tests.outbox.conftest import House
from tests.outbox.test_agenda import lane
from tests.store.factories import event
from tidings.core.clock import SECOND
from tidings.core.delivery import Debt
from tidings.core.event import Subject
from tidings.outbox import turns as module
from tidings.outbox.lane import FEWEST_SLOTS, FIRST_SLOTS, MOST_SLOTS, Lane, Standing
from tidings.outbox.turns import MANY_UNPROVEN, MOST_IN_FLIGHT, MOST_SILENT, MOST_UNPROVEN, SHARE, Turns
from tidings.testing.endpoint import NEVER_ANSWERS, Answer, Captured, Endpoint, Step

SILENT, NEW, PROVEN = FEWEST_SLOTS, FIRST_SLOTS, MOST_SLOTS
OTHERS = Subject("Application", "others")


def owed(slots: int, *, debts: int = 1) -> Lane:
    one = lane()
    one.slots = slots
    one.queue.extend([(Debt(event=event(), subscription=1, due=0), 1)] * debts)
    return one


def sent(turns: Turns) -> list[tuple[Lane, Standing]]:
    """Send what may be sent, of which nothing is answered."""
    begun: list[tuple[Lane, Standing]] = []
    while (turn := turns.take()) is not None:
        begun.append(turn)
        one, _ = turn
        one.queue.popleft()
        one.in_flight += 1
        turns.offer(one)
    return begun


def offered(turns: Turns, slots: int, *, lanes: int, debts: int = 1) -> list[Lane]:
    made = [owed(slots, debts=debts) for _ in range(lanes)]
    for one in made:
        turns.offer(one)
    return made


def test_however_many_are_new_those_who_have_proven_that_they_answer_have_places() -> None:
    turns = Turns()
    offered(turns, NEW, lanes=MOST_IN_FLIGHT)
    assert len(sent(turns)) == MOST_UNPROVEN

    [proven] = offered(turns, PROVEN, lanes=1)

    assert sent(turns) == [(proven, Standing.PROVEN)]


def test_however_many_are_silent_those_that_are_new_have_places() -> None:
    turns = Turns()
    offered(turns, SILENT, lanes=MOST_IN_FLIGHT)
    assert len(sent(turns)) == MOST_SILENT

    offered(turns, NEW, lanes=MOST_IN_FLIGHT)

    assert [standing for _, standing in sent(turns)] == [Standing.NEW] * (MOST_UNPROVEN - MOST_SILENT)


@pytest.mark.parametrize("lanes", [16, 200, 500])
def test_however_many_busy_ones_hang_at_once_places_stay_free_for_those_that_have_none(lanes: int) -> None:
    turns = Turns()
    offered(turns, PROVEN, lanes=lanes, debts=MOST_SLOTS)
    assert len(sent(turns)) <= MOST_IN_FLIGHT - SHARE

    well = [*offered(turns, PROVEN, lanes=4), *offered(turns, NEW, lanes=4)]

    assert {id(one) for one, _ in sent(turns)} == {id(one) for one in well}


def test_a_few_busy_ones_get_what_they_can_use() -> None:
    turns = Turns()
    offered(turns, PROVEN, lanes=5, debts=2 * MOST_SLOTS)

    assert len(sent(turns)) == 5 * MOST_SLOTS


def test_each_standing_has_its_turn() -> None:
    turns = Turns()
    for slots in (NEW, NEW, PROVEN, PROVEN, SILENT, SILENT):
        offered(turns, slots, lanes=1)

    taken = [standing for _, standing in sent(turns)]

    assert sorted(taken[:3]) == sorted(taken[3:]) == list(Standing)


def test_where_many_are_on_trial_each_has_one_request_under_way() -> None:
    turns = Turns()
    offered(turns, NEW, lanes=MANY_UNPROVEN)
    [(_, standing), *_] = sent(turns)
    one = owed(NEW)
    one.in_flight = 1

    turns.offer(one)
    assert turns.take() is None

    turns.give_back(standing)
    turns.offer(one)
    turns.offer(one)  # it waits already
    assert turns.take() == (one, Standing.NEW)
    assert turns.take() is None


def test_who_let_us_wait_until_the_time_out_is_silent_until_it_answers_fast() -> None:
    one = lane()
    standings = [one.standing]

    one.learn(succeeded=False, timed_out=True, took_ms=15_000)
    standings.append(one.standing)
    for _ in range(2):
        one.learn(succeeded=True, timed_out=False, took_ms=5)
        standings.append(one.standing)

    assert standings == [Standing.NEW, Standing.SILENT, Standing.NEW, Standing.PROVEN]


async def test_a_webhook_that_is_new_does_not_wait_for_those_that_let_us_wait_before(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, places in {"MOST_IN_FLIGHT": 40, "MOST_UNPROVEN": 30, "MOST_SILENT": 20}.items():
        monkeypatch.setattr(module, name, places)
    async with Endpoint(*[NEVER_ANSWERS] * 20, Answer()) as silent, Endpoint() as well:
        for _ in range(40):
            house.courier.roster.lane(await house.subscribe(silent.url)).slots = FEWEST_SLOTS
        await house.publish()
        await silent.received(20)

        await house.subscribe(well.url, subject=OTHERS)
        await house.publish(subject=OTHERS)

        # Nobody has been given up yet.
        await well.received(1)
        assert house.courier.refused == 0
        silent.drop_connections()
        await house.reaches(lambda: house.courier.refused == 20)
        await silent.received(40)


async def test_busy_webhooks_that_hang_all_at_once_delay_nobody_else(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_IN_FLIGHT", 40)
    hangs = asyncio.Event()

    def answer(_: Captured) -> Step:
        return NEVER_ANSWERS if hangs.is_set() else Answer()

    async with Endpoint(answer) as busy, Endpoint() as well:
        for _ in range(10):
            await house.subscribe(busy.url)
        for _ in range(20):
            await house.publish()
        await busy.received(200)
        await house.settled()
        assert all(one.is_proven for one in house.courier.roster)
        hangs.set()
        for _ in range(10):
            await house.publish()
        await house.reaches(lambda: house.courier.in_flight > 20)

        await house.subscribe(well.url, subject=OTHERS)
        for _ in range(20):
            await house.publish(subject=OTHERS)

        # Nobody has been given up yet.
        await well.received(20)
        assert house.courier.refused == 0
        busy.drop_connections()
        hangs.clear()
        await house.reaches(lambda: not house.courier.in_flight, by=SECOND)
