"""A clock that is set back: what was to be done at an instant keeps its distance from now."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.outbox.conftest import House, failing_once
from tidings.core.clock import HOUR, SECOND
from tidings.core.errors import Unavailable
from tidings.store.database import LaneChange, Settlement
from tidings.store.lanes import Lanes
from tidings.testing.endpoint import Endpoint

pytestmark = pytest.mark.timeout(300)


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


async def test_a_retry_that_was_not_on_disk_yet_comes_after_its_wait(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle, turn_back = house.database.settle, Lanes.turn_back
    is_away, has_turned = True, asyncio.Event()

    async def settled(
        batch: Sequence[Settlement], lanes: Sequence[LaneChange], *, owner: int, is_awaited: bool
    ) -> None:
        if is_away:
            raise Unavailable("the store is away")
        await settle(batch, lanes, owner=owner, is_awaited=is_awaited)

    async def turned_back(self: Lanes, by: int, *, now: int) -> None:
        await turn_back(self, by, now=now)
        has_turned.set()

    monkeypatch.setattr(house.database, "settle", settled)
    monkeypatch.setattr(Lanes, "turn_back", turned_back)
    async with Endpoint(500, 200) as endpoint, Endpoint() as well:
        subscription = await house.subscribe(endpoint.url)
        other = await house.subscribe(well.url)
        await house.publish()
        await house.reaches(lambda: house.courier.recorder.waiting == 2)

        set_back(house, monkeypatch)
        await house.reaches(has_turned.is_set, by=SECOND)
        is_away = False

        await house.reaches(lambda: len(endpoint.requests) == 2, by=SECOND)
        await house.reaches_states(subscription.number, ["delivered"])
        await house.reaches_states(other.number, ["delivered"])
        assert len(well.requests) == 1


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
