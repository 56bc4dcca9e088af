"""Whether the demo would notice that something waits or is lost."""

from tests.demo.conftest import House
from tidings.demo.receiver import BROKEN
from tidings.demo.screen import Tally


async def test_when_everything_arrived_nothing_waits_and_nothing_is_lost(house: House) -> None:
    await house.post()

    tally = await house.becomes(lambda tally: tally.delivered == 4 and not tally.waiting)

    assert tally == Tally(accepted=1, delivered=4, retried=0, waiting=0, lost=0)


async def test_what_a_receiver_refuses_is_waiting(house: House) -> None:
    await house.post()
    await house.becomes(lambda tally: tally.delivered == 4 and not tally.waiting)  # whoever lays rows has begun, too
    house.receivers.manners["crm"] = BROKEN
    await house.post()

    tally = await house.becomes(lambda tally: (tally.delivered, tally.waiting) == (7, 1))

    assert tally.lost == 0


async def test_what_the_source_has_received_is_in_the_tables_once_nothing_waits(house: House) -> None:
    assert await house.ledger.rows() == {}  # rows are laid by another process, after we looked
    await house.post()

    await house.becomes(lambda tally: tally.delivered == 4 and not tally.waiting)

    assert await house.ledger.rows() == {"events": 1, "messages": 1}


async def test_what_the_store_calls_delivered_but_no_receiver_saw_is_lost(house: House) -> None:
    await house.post()
    await house.becomes(lambda tally: tally.delivered == 4 and not tally.waiting)
    house.receivers.accepted.clear()

    tally = await house.becomes(lambda tally: tally.lost == 3)

    assert tally.waiting == 0
