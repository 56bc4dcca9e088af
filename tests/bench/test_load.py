"""The load, against endpoints that do what servers should not."""

import asyncio
import json
import uuid

import msgspec
import pytest

from tidings.bench.load import STAMP, UNIQUE, Load, Publish, Request
from tidings.bench.stamp import LENGTH, read_stamp
from tidings.core.clock import Clock
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import ANSWERS_GARBAGE, CLOSES, NEVER_ANSWERS, Answer, Endpoint, Then

REQUEST = Request(
    path="/v1/made-up", headers={"accessToken": "made-up"}, body=f'{{"text":"{STAMP}xyz","eventId":"{STAMP}"}}'
)


def publish(endpoint: Endpoint, *, events: int = 4, concurrency: int = 2, batch: int = 1) -> Publish:
    return Publish(
        host="127.0.0.1", port=endpoint.port, request=REQUEST, events=events, concurrency=concurrency, batch=batch
    )


def load(endpoint: Endpoint, *, events: int = 4, concurrency: int = 2, batch: int = 1) -> Load:
    return Load(publish(endpoint, events=events, concurrency=concurrency, batch=batch), Clock())


async def test_every_event_is_sent_once_in_batches_with_its_number_where_and_as_it_was_asked() -> None:
    async with Endpoint(200) as endpoint:
        published = await load(endpoint, events=5, batch=2).run()

        requests = await endpoint.received(3)

    events = [event for request in requests for event in json.loads(request.body)]
    assert sorted(read_stamp(event["text"].encode())[0] for event in events) == [0, 1, 2, 3, 4]
    assert {request.target for request in requests} == {"/v1/made-up"}
    assert {request.header("accessToken") for request in requests} == {"made-up"}
    assert published.refused == []
    assert published.last_us > published.first_us


async def test_the_numbers_go_on_where_another_load_ended() -> None:
    async with Endpoint(200) as endpoint:
        order = msgspec.structs.replace(publish(endpoint, events=3, batch=2), first=7)
        await Load(order, Clock()).run()

        requests = await endpoint.received(2)

    events = [event for request in requests for event in json.loads(request.body)]
    assert sorted(read_stamp(event["text"].encode())[0] for event in events) == [7, 8, 9]


async def test_the_stamp_stands_wherever_the_body_has_a_place_for_it() -> None:
    async with Endpoint(200) as endpoint:
        await load(endpoint, events=1).run()

        [request] = await endpoint.received(1)

    sent = json.loads(request.body)
    assert sent["text"] == f"{sent['eventId']}xyz"
    assert len(sent["eventId"]) == LENGTH


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
        running = asyncio.create_task(Load(publish(endpoint, events=3, concurrency=1), manual_clock).run())
        await endpoint.received(1)

        await manual_clock.advance(22_000)

        published = await running
    assert published.refused == [0, 1, 2]
    assert published.why == "a connection ended: no answer for 20 seconds"


async def test_a_server_may_end_a_connection_with_an_answer() -> None:
    async with Endpoint(Answer(202, headers=(("connection", "close"),), then=Then.CLOSE)) as endpoint:
        order = publish(endpoint, concurrency=1)
        request = msgspec.structs.replace(REQUEST, method="PUT", accepted=(202,))
        published = await Load(msgspec.structs.replace(order, request=request), Clock()).run()

        requests = await endpoint.received(4)

    assert published.refused == []
    assert [(request.method, request.connection) for request in requests] == [("PUT", place) for place in range(1, 5)]


async def test_a_batch_looks_as_its_server_wants_it_and_each_event_has_an_identifier() -> None:
    request = Request(
        path="/",
        headers={"content-type": "application/x-lines"},
        body=f'{{"id":"{UNIQUE}","again":"{UNIQUE}"}}',
        around=("<", "\n", ">"),
    )
    async with Endpoint(200) as endpoint:
        order = msgspec.structs.replace(publish(endpoint, events=3, concurrency=1, batch=3), request=request)
        await Load(order, Clock()).run()

        [came] = await endpoint.received(1)

    lines = came.body.removeprefix(b"<").removesuffix(b">").splitlines()
    events = [json.loads(line) for line in lines]
    assert len({str(uuid.UUID(event["id"])) for event in events}) == 3
    assert all(event["id"] == event["again"] for event in events)
    assert [value for name, value in came.headers if name.lower() == "content-type"] == ["application/x-lines"]


async def test_a_207_of_another_shape_refuses_all() -> None:
    async with Endpoint(Answer(207, body=b"<multistatus/>")) as endpoint:
        published = await load(endpoint, events=2, concurrency=1, batch=2).run()

    assert published.refused == [0, 1]
