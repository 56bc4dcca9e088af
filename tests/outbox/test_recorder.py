"""What attempts came to is written down, whatever the store does meanwhile."""

import asyncio
import contextlib

import pytest

from tests.outbox.conftest import House, OpenHouse, Outage, declare_silent
from tidings.core.clock import SECOND
from tidings.outbox import recorder
from tidings.outbox.terms import Terms
from tidings.store.lanes import Lanes
from tidings.testing.endpoint import Answer, Endpoint


async def test_what_was_delivered_while_the_store_was_away_is_recorded_once_it_is_back(
    house: House, outage: Outage, caplog: pytest.LogCaptureFixture
) -> None:
    answer = asyncio.Event()
    async with Endpoint(Answer(200, after=answer)) as endpoint:
        subscription = await house.subscribe(endpoint.url)
        await house.publish()
        await endpoint.received(1)

        async with outage():
            answer.set()
            await house.reaches(lambda: "recorder.waits" in caplog.text)
            assert house.courier.recorder.waiting == 1
        await house.reaches(lambda: not house.courier.recorder.waiting, by=SECOND)

        assert await house.states(subscription.number) == ["delivered"]
        assert len(endpoint.requests) == 1
        assert (await Lanes(house.database).health(subscription.number)).delivered == 1


async def test_what_cannot_be_written_when_we_stop_is_delivered_again(
    open_house: OpenHouse, outage: Outage, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = asyncio.Event()
    async with Endpoint(Answer(200, after=answer), 200) as endpoint:
        async with contextlib.AsyncExitStack() as stack, open_house() as first:
            subscription = await first.subscribe(endpoint.url)
            await first.publish()
            await endpoint.received(1)
            await stack.enter_async_context(outage())
            answer.set()
        await declare_silent(database_url, 1)
        assert "recorder.lost_settlements count=1" in caplog.text
        async with open_house() as second:
            await second.reaches_states(subscription.number, ["delivered"], by=SECOND)

    assert len(endpoint.requests) == 2


async def test_settlements_are_written_in_batches(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "LARGEST_BATCH", 2)
    async with Endpoint(200, 500, 200, 500, 200) as endpoint:
        subscription = await house.subscribe(endpoint.url)

        await house.hub.publisher.publish([house.draft() for _ in range(5)])
        await endpoint.received(5)
        await house.settled()

        assert sorted(await house.states(subscription.number)) == ["delivered"] * 3 + ["retrying"] * 2
        health = await Lanes(house.database).health(subscription.number)
        assert (health.delivered, health.failed) == (3, 0)
        assert health.succeeded_at == health.refused_at == house.clock.now()


async def test_a_circuit_that_closes_by_hand_is_recorded_without_an_attempt(house: House) -> None:
    async with Endpoint(500) as endpoint, Endpoint() as elsewhere:
        subscription = await house.subscribe(endpoint.url)
        await house.hub.publisher.publish([house.draft() for _ in range(12)])
        await house.reaches(lambda: house.courier.roster.circuits().get("open"))
        await house.settled()
        assert subscription.number in await Lanes(house.database).open_circuits()

        await house.subscribing.change(subscription, Terms(url=elsewhere.url))
        await elsewhere.received(1)
        await house.settled()

        assert await Lanes(house.database).open_circuits() == {}


async def test_a_circuit_that_changes_while_it_is_written_is_written_as_it_is_in_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder_ = house.courier.recorder
    written: list[str] = []
    settle = house.database.settle

    async def settling(*arguments: object, **named: object) -> None:
        await settle(*arguments, **named)  # type: ignore[arg-type]  # as the recorder gave them
        if not written:
            recorder_.circuit_changed(1, '{"state":"closed"}')
        written.append("")

    monkeypatch.setattr(house.database, "settle", settling)
    recorder_.circuit_changed(1, '{"state":"open","failures":10}')

    await house.reaches(lambda: len(written) == 2)
    assert await Lanes(house.database).open_circuits() == {}
