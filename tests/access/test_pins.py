import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import pytest

from tidings.access.pins import Pins
from tidings.core.clock import MINUTE, SECOND
from tidings.core.errors import Throttled, Unauthenticated, Undeliverable
from tidings.core.event import Actor
from tidings.core.vault import Vault
from tidings.store.database import Database
from tidings.store.people import person_created
from tidings.testing.clock import ManualClock

ROBIN, STRANGER = "+910000000001", "+910000000009"


class Outbox:
    """A sender that keeps what it is given; it may be made to fail."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.is_broken = False

    async def send(self, phone: str, pin: str) -> None:
        await self.sent.put((phone, pin))
        if self.is_broken:
            raise Undeliverable("the gateway is gone")


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
async def pins(database: Database, vault: Vault, manual_clock: ManualClock, outbox: Outbox) -> AsyncIterator[Pins]:
    await database.write(person_created(Actor(id="robin", phone=ROBIN, name="Robin"), at=1))
    pins = Pins(database, vault=vault, clock=manual_clock, sender=outbox)
    sending = asyncio.create_task(pins.run())
    yield pins
    sending.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sending


async def make(pins: Pins, phone: str = ROBIN, *, address: str = "192.0.2.1") -> None:
    await pins.make(phone, connector="shop", address=address)


async def redeem(pins: Pins, pin: str, *, phone: str = ROBIN, address: str = "192.0.2.1") -> str:
    person, _ = await pins.redeem(pin, phone=phone, connector="shop", address=address)
    return person


async def waiting(pins: Pins) -> str:
    pin = await pins.waiting(ROBIN)
    assert pin is not None
    return pin


def wrong(pin: str) -> str:
    return "999999" if pin != "999999" else "888888"


async def test_a_pin_has_six_digits_does_not_begin_with_zero_and_is_sent_to_its_owner(
    pins: Pins, outbox: Outbox
) -> None:
    await make(pins)

    phone, pin = await asyncio.wait_for(outbox.sent.get(), 60)
    assert phone == ROBIN
    assert pin == await waiting(pins)
    assert 100_000 <= int(pin) <= 999_999


async def test_a_pin_signs_in_its_person_once(pins: Pins, database: Database) -> None:
    await make(pins)
    pin = await waiting(pins)

    person, used = await pins.redeem(pin, phone=ROBIN, connector="shop", address="192.0.2.1")
    _, used_again = await pins.redeem(pin, phone=ROBIN, connector="shop", address="192.0.2.1")
    await database.write(used)

    assert person == "robin"
    with pytest.raises(Unauthenticated):
        await database.write(used_again)
    with pytest.raises(Unauthenticated):
        await redeem(pins, pin)


async def test_a_pin_is_worth_nothing_after_five_wrong_tries(pins: Pins) -> None:
    await make(pins)
    pin = await waiting(pins)

    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await redeem(pins, wrong(pin))

    with pytest.raises(Unauthenticated):
        await redeem(pins, pin)
    assert await pins.waiting(ROBIN) is None


async def test_the_fifth_try_may_be_the_right_one(pins: Pins) -> None:
    await make(pins)
    pin = await waiting(pins)
    for _ in range(4):
        with pytest.raises(Unauthenticated):
            await redeem(pins, wrong(pin))

    assert await redeem(pins, pin) == "robin"


async def test_a_pin_is_good_for_ten_minutes(pins: Pins, manual_clock: ManualClock) -> None:
    await make(pins)
    pin = await waiting(pins)

    await manual_clock.advance(10 * MINUTE - 1)
    assert await redeem(pins, pin) == "robin"
    await manual_clock.advance(1)

    with pytest.raises(Unauthenticated):
        await redeem(pins, pin)
    assert await pins.waiting(ROBIN) is None


async def test_a_pin_is_good_for_the_connector_that_asked_for_it(pins: Pins) -> None:
    await make(pins)

    with pytest.raises(Unauthenticated):
        await pins.redeem(await waiting(pins), phone=ROBIN, connector="other", address="192.0.2.1")


@pytest.mark.parametrize("pin", ["", "12345é", "\ud800", "123456 "])
async def test_what_is_no_pin_is_a_wrong_pin(pins: Pins, pin: str) -> None:
    await make(pins)

    with pytest.raises(Unauthenticated):
        await redeem(pins, pin)


async def test_an_unknown_number_is_answered_like_a_known_one_and_nothing_is_sent(pins: Pins, outbox: Outbox) -> None:
    await make(pins, STRANGER)
    await make(pins)
    pin = await waiting(pins)

    refusals = []
    for phone in (STRANGER, ROBIN):
        with pytest.raises(Unauthenticated) as refusal:
            await redeem(pins, wrong(pin), phone=phone)
        refusals.append(refusal.value.message)

    assert refusals[0] == refusals[1]
    assert await asyncio.wait_for(outbox.sent.get(), 60) == (ROBIN, pin)
    assert outbox.sent.empty()
    assert await pins.waiting(STRANGER) is None


async def test_a_sender_that_fails_is_logged_without_number_and_pin_and_the_next_pin_is_sent(
    pins: Pins, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    outbox.is_broken = True
    await make(pins)
    _, first = await asyncio.wait_for(outbox.sent.get(), 60)
    outbox.is_broken = False
    await make(pins)
    _, second = await asyncio.wait_for(outbox.sent.get(), 60)
    async with asyncio.timeout(60):
        while "pin.sent person=robin" not in caplog.text:
            await asyncio.wait_for(pins.waiting(ROBIN), 60)

    assert "pin.unsent why='the gateway is gone'" in caplog.text
    assert not any(text in caplog.text for text in (ROBIN, first, second))


async def test_a_number_gets_five_pins_at_once_and_then_one_every_ten_minutes_known_or_not(
    pins: Pins, manual_clock: ManualClock
) -> None:
    for phone in (ROBIN, STRANGER):
        for n in range(5):
            await make(pins, phone, address=f"192.0.2.{n}")
        with pytest.raises(Throttled) as refusal:
            await make(pins, phone, address="192.0.2.9")
        assert refusal.value.retry_after == 600

    await manual_clock.advance(10 * MINUTE)
    await make(pins)


async def test_an_address_asks_for_thirty_pins_at_once_and_an_ipv6_network_counts_as_one_address(
    pins: Pins, manual_clock: ManualClock
) -> None:
    for n in range(30):
        await make(pins, f"+9100000001{n:02}", address=f"2001:db8::{n:x}")
    with pytest.raises(Throttled):
        await make(pins, "+910000000199", address="2001:db8::ffff")

    await make(pins, "+910000000199", address="2001:db8:0:1::1")
    await manual_clock.advance(10 * SECOND)
    await make(pins, "+910000000188", address="2001:db8::ffff")


async def test_an_address_has_sixty_tries_at_once_whatever_the_numbers(pins: Pins) -> None:
    for n in range(60):
        with pytest.raises(Unauthenticated):
            await redeem(pins, "123456", phone=f"+9100000001{n:02}", address="unix")

    with pytest.raises(Throttled):
        await redeem(pins, "123456", address="unix")


async def test_pins_that_cannot_be_queued_for_sending_are_made_all_the_same(
    database: Database, vault: Vault, manual_clock: ManualClock, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    await database.write(person_created(Actor(id="robin", phone=ROBIN, name="Robin"), at=1))
    pins = Pins(database, vault=vault, clock=manual_clock, sender=outbox, most_unsent=1)

    await make(pins)
    await make(pins)

    assert await pins.waiting(ROBIN) is not None
    assert "pin.unsent" in caplog.text
