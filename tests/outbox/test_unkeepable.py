"""What an endpoint says must never stand in the way of writing down what became of a delivery."""

import logging

import msgspec
import pytest

from tests.outbox.conftest import House
from tidings.core.clock import SECOND
from tidings.core.delivery import Attempt
from tidings.store.database import Settlement
from tidings.testing.endpoint import Endpoint


async def test_an_answer_that_cannot_be_kept_costs_neither_its_delivery_nor_the_others(
    house: House, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    subscription = await house.subscribe(endpoint.url)
    courier = house.hub.courier
    assert courier is not None
    add, seen = courier.recorder.add, list[Attempt]()
    house.hub.watch(kept=lambda _: None, attempted=seen.append)

    def add_with_half_a_character(settlement: Settlement, *, owner: int, is_awaited: bool = False) -> None:
        attempt = msgspec.structs.replace(settlement.attempt, error="\ud800")
        add(msgspec.structs.replace(settlement, attempt=attempt), owner=owner, is_awaited=is_awaited)

    for number, poisoned in enumerate((False, True, False), start=1):
        courier.recorder.add = add_with_half_a_character if poisoned else add  # type: ignore[method-assign]  # as if read
        kept = await house.publish()
        await endpoint.received(number)
        await house.reaches(lambda: not courier.in_flight)
        if poisoned:
            spoilt = kept.id
    await house.settled()

    assert await house.states(subscription.number) == ["delivered"] * 3
    [attempt], _ = await house.history.attempts(spoilt, subscription.number, limit=10)
    assert attempt.error == "what came cannot be kept; see the server's log"
    assert "recorder.unkeepable" in caplog.text
    assert len(seen) == 3


async def test_successes_are_told_together_and_failures_one_by_one(
    house: House, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await house.subscribe(endpoint.url)
    async with Endpoint(500) as failing:
        await house.subscribe(failing.url)
        for _ in range(3):
            await house.publish()
        await house.settled()
        await house.later(2 * SECOND)
        await house.publish()
        await house.settled()

    told = [record.getMessage() for record in caplog.records]
    assert sum(line.startswith("delivery.attempted") for line in told) == 4
    successes = [line for line in told if line.startswith("deliveries.delivered")]
    assert sum(int(line.rsplit("=", 1)[1]) for line in successes) == 4
    assert len(successes) < 4
