"""Whose turn it is to send."""

from tests.outbox.test_agenda import lane
from tests.store.factories import event
from tidings.core.delivery import Debt
from tidings.outbox.lane import FIRST_SLOTS, Lane
from tidings.outbox.turns import MANY_UNPROVEN, MOST_UNPROVEN, Turns


def owed(*, slots: int = FIRST_SLOTS) -> Lane:
    one = lane()
    one.slots = slots
    one.queue.append((Debt(event=event(), subscription=1, due=0), 1))
    return one


def test_however_many_hang_those_who_have_proven_that_they_answer_have_their_turn() -> None:
    turns, unproven, proven = Turns(), owed(), owed(slots=FIRST_SLOTS + 1)
    turns.unproven = MOST_UNPROVEN

    turns.offer(unproven)
    turns.offer(proven)

    assert turns.take() == (proven, False)
    assert turns.take() is None
    turns.unproven -= 1
    assert turns.take() == (unproven, True)


def test_who_has_proven_that_it_answers_and_who_has_not_take_turns() -> None:
    turns = Turns()
    for slots in (FIRST_SLOTS, FIRST_SLOTS, FIRST_SLOTS + 1, FIRST_SLOTS + 1):
        turns.offer(owed(slots=slots))

    taken = [turn[1] for _ in range(4) if (turn := turns.take()) is not None]

    assert taken in ([True, False] * 2, [False, True] * 2)


def test_where_many_are_on_trial_each_has_one_request_under_way() -> None:
    turns, one = Turns(), owed()
    one.in_flight, turns.unproven = 1, MANY_UNPROVEN

    turns.offer(one)
    assert turns.take() is None

    turns.unproven -= 1
    turns.offer(one)
    turns.offer(one)  # it waits already
    assert turns.take() == (one, True)
    assert turns.take() is None
