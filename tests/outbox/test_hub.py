"""A process that starts, stops, dies, and shares the work with others."""

import asyncio
from collections import Counter

import msgspec
import pytest

from tests.outbox.conftest import GROUP, House, OpenHouse, Outage, types
from tidings.core.clock import DAY, HOUR, MINUTE, SECOND
from tidings.core.event import Subject
from tidings.outbox.courier import GRACE_S
from tidings.outbox.hub import UPKEEP_EVERY_S
from tidings.outbox.lane import MOST_QUEUED
from tidings.outbox.roster import MOST_HELD, MOST_HELD_BYTES
from tidings.outbox.terms import Terms
from tidings.testing.endpoint import NEVER_ANSWERS, Answer, Captured, Endpoint


async def test_whoever_stops_does_not_wait_for_an_endpoint_that_never_answers_longer_than_the_grace(
    open_house: OpenHouse,
) -> None:
    async with Endpoint(NEVER_ANSWERS) as endpoint:
        stop = asyncio.Event()
        began: list[House] = []

        async def serve() -> None:
            async with open_house() as house:
                subscription = await house.subscribe(endpoint.url)
                for _ in range(3):
                    await house.publish()
                await endpoint.received(2)
                assert await house.states(subscription.number) == ["pending"] * 3
                began.append(house)
                await stop.wait()

        serving = asyncio.create_task(serve())
        await endpoint.received(2)
        stop.set()
        while not began:
            await asyncio.wait([serving], timeout=0.005)
        [house] = began
        await house.clock.advance(round(GRACE_S * 1_000) - 1)
        assert not serving.done()
        await house.reaches(serving.done, by=1, is_beating=False)
        await serving

        endpoint.script(200)
        async with open_house():
            await endpoint.received(5)


async def test_what_the_last_attempts_came_to_is_still_told_when_we_stop(open_house: OpenHouse) -> None:
    answer = asyncio.Event()
    async with Endpoint(Answer(410, after=answer)) as gone, Endpoint() as watcher:
        async with open_house() as house:
            subscription = await house.subscribe(gone.url)
            await house.subscribe(watcher.url, subject=Subject("Webhook", subscription.id))
            await house.publish()
            await gone.received(1)
            asyncio.get_running_loop().call_later(0.05, answer.set)
        async with open_house() as restarted:
            await watcher.received(2)
            assert sorted(types(watcher.requests)) == ["delivery.failed", "webhook.disabled"]
            assert not (await restarted.now(subscription.number)).is_sending
