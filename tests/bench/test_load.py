"""The load, against endpoints that do what servers should not."""

import asyncio
import json

import pytest

from tidings.bench.load import Load, Publish
from tidings.core.clock import Clock
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import ANSWERS_GARBAGE, CLOSES, NEVER_ANSWERS, Answer, Endpoint


def load(endpoint: Endpoint, *, events: int = 4, concurrency: int = 2, batch: int = 1, payload: int = 100) -> Load:
    order = Publish(
        host="127.0.0.1",
        port=endpoint.port,
        token="tdk_made-up",
        events=events,
        concurrency=concurrency,
        batch=batch,
        payload=payload,
    )
    return Load(order, Clock())


async def test_every_event_is_sent_once_in_batches_with_its_number_and_the_token() -> None:
    async with Endpoint(200) as endpoint:
        published = await load(endpoint, events=5, batch=2).run()

        requests = await endpoint.received(3)

    events = [event for request in requests for event in json.loads(request.body)]
    assert sorted(event["data"]["bench"].split("/")[0] for event in events) == [f"{n:010}" for n in range(5)]
    assert {request.header("authorization") for request in requests} == {"Bearer tdk_made-up"}
    assert published.refused == []
    assert published.last_us > published.first_us


async def test_data_is_as_large_as_asked_for() -> None:
    async with Endpoint(200) as endpoint:
        await load(endpoint, events=1, payload=333).run()

        [request] = await endpoint.received(1)

    assert len(request.body.partition(b'"data":')[2]) - 1 == 333


async def test_refused_events_are_told_with_the_first_reason() -> None:
    async with Endpoint(200, Answer(503, body=b"full")) as endpoint:
        published = await load(endpoint, concurrency=1).run()

    assert published.refused == [1, 2, 3]
    assert published.why == "503 full"


async def test_of_a_batch_that_was_kept_in_part_the_refused_ones_are_told() -> None:
    body = json.dumps([{"eventId": "a", "deliveries": 1, "duplicate": False}, {"index": 1, "errorCode": "Conflict"}])
    async with Endpoint(Answer(207, body=body.encode()), 200) as endpoint:
        published = await load(endpoint, concurrency=1, batch=2).run()

    assert published.refused == [1]


@pytest.mark.parametrize("concurrency", [1, 2])
async def test_what_a_lost_server_did_not_answer_is_not_acknowledged(concurrency: int) -> None:
    async with Endpoint(CLOSES) as endpoint:
        published = await load(endpoint, concurrency=concurrency).run()

    assert sorted(published.refused) == [0, 1, 2, 3]
    assert published.why == "a connection ended: the server closed it"


async def test_what_is_no_http_is_not_acknowledged() -> None:
    async with Endpoint(ANSWERS_GARBAGE) as endpoint:
        published = await load(endpoint, events=1, concurrency=1).run()

    assert published.refused == [0]
    assert "not HTTP" in published.why


async def test_a_server_that_stops_answering_is_given_up(manual_clock: ManualClock) -> None:
    async with Endpoint(NEVER_ANSWERS) as endpoint:
        order = Publish(host="127.0.0.1", port=endpoint.port, token="", events=3, concurrency=1, batch=1, payload=10)
        running = asyncio.create_task(Load(order, manual_clock).run())
        await endpoint.received(1)

        await manual_clock.advance(22_000)

        published = await running
    assert published.refused == [0, 1, 2]
    assert published.why == "a connection ended: no answer for 20 seconds"
