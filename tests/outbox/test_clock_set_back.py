"""A clock that is set back: what was to be done at an instant keeps its distance from now."""

import pytest

from tests.outbox.conftest import House, failing_once
from tidings.core.clock import HOUR, SECOND
from tidings.testing.endpoint import Endpoint

pytestmark = pytest.mark.timeout(60)


def set_back(house: House, monkeypatch: pytest.MonkeyPatch, *, ms: int = HOUR) -> None:
    right = house.clock.now
    monkeypatch.setattr(house.clock, "now", lambda: right() - ms)


async def test_a_retry_comes_after_its_wait(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Endpoint(500, 200) as endpoint:
        subscription = await house.subscribe(endpoint.url)
        await house.publish()
        await endpoint.received(1)
        await house.settled()

        set_back(house, monkeypatch)
        await house.later(4 * SECOND)
        waits = await house.states(subscription.number)
        await house.reaches(lambda: len(endpoint.requests) == 2, by=SECOND)

        assert waits == ["retrying"]


async def test_a_lane_with_a_rate_goes_on_at_its_rate(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Endpoint() as endpoint:
        await house.subscribe(endpoint.url, rate=1.0)
        for _ in range(3):
            await house.publish()
        await endpoint.received(1)
        await house.settled()

        set_back(house, monkeypatch)

        await house.reaches(lambda: len(endpoint.requests) == 3, by=SECOND)


async def test_an_open_circuit_is_probed_after_its_wait(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Endpoint(*[500] * 10, 200) as endpoint:
        await house.subscribe(endpoint.url)
        for _ in range(10):
            await house.publish()
        await endpoint.received(10)
        await house.settled()

        set_back(house, monkeypatch)

        await house.reaches(lambda: len(endpoint.requests) == 20, by=SECOND)


async def test_an_order_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Endpoint(500, 200) as endpoint:
        await house.subscribe(endpoint.url, order_key="")
        for _ in range(3):
            await house.publish()
        await endpoint.received(1)
        await house.settled()
        await house.later(SECOND)

        set_back(house, monkeypatch)

        await house.reaches(lambda: len(endpoint.requests) == 4, by=SECOND)


async def test_a_store_that_cannot_be_written_is_asked_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Endpoint(500, 200) as endpoint:
        await house.subscribe(endpoint.url)
        await house.publish()
        await endpoint.received(1)
        await house.settled()
        monkeypatch.setattr(house.database, "write", failing_once(house.database.write))

        set_back(house, monkeypatch)

        await house.reaches(lambda: len(endpoint.requests) == 2, by=SECOND)
