"""Whether the demo would notice that something waits or is lost."""

from tests.demo.conftest import House
from tidings.demo.receiver import BROKEN
from tidings.demo.screen import Tally


async def test_when_everything_arrived_nothing_waits_and_nothing_is_lost(house: House) -> None:
    await house.post()

    tally = await house.becomes(lambda tally: tally.delivered == 3 and not tally.waiting)

    assert tally == Tally(accepted=1, delivered=3, retried=0, waiting=0, lost=0)


async def test_what_a_receiver_refuses_is_waiting(house: House) -> None:
    house.receivers.manners["crm"] = BROKEN
    await house.post()

    tally = await house.becomes(lambda tally: (tally.delivered, tally.waiting) == (2, 1))

    assert tally.lost == 0


async def test_what_the_store_calls_delivered_but_no_receiver_saw_is_lost(house: House) -> None:
    await house.post()
    await house.becomes(lambda tally: tally.delivered == 3)
    house.receivers.accepted.clear()

    tally = await house.becomes(lambda tally: tally.lost == 3)

    assert tally.waiting == 0
