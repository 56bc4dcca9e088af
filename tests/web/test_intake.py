"""Events are published one by one, in arrays and as NDJSON; what is answered for is on disk."""

import asyncio
from collections.abc import AsyncIterator
from copy import copy
from typing import Any

import msgspec
import pytest
from starlette.types import Receive, Scope, Send

from tests.web.callers import CALLERS, OTHER, SHOP
from tests.web.conversation import ask, request, talk
from tests.web.desk import EVENT, PUBLISH, Desk
from tidings.core.clock import Clock
from tidings.core.event import Subject
from tidings.store.event_types import EventType
from tidings.store.history import History
from tidings.web import protocol
from tidings.web.permits import ASKS_AGAIN_S, GOOD_FOR_S, LONGEST_REMEMBERED
from tidings.web.server import Server
from tidings.web.submission import MOST_EVENTS, read


@pytest.fixture(params=["at once", "the long way"])
async def port(desk: Desk, request: pytest.FixtureRequest) -> AsyncIterator[int]:
    """Where the desk is; with and without the short way for single events."""
    intake = desk.intake if request.param == "at once" else None
    server = Server(desk.door, clock=Clock(), intake=intake)
    async with desk.publisher.running(), server.listening("127.0.0.1", 0) as port:
        # The short way is for those who are known.
        assert (await ask(port, PUBLISH, headers=SHOP, json=EVENT)).status == 200
        yield port


async def test_one_event_is_answered_with_its_id(port: int) -> None:
    answer = await ask(
        port, PUBLISH, headers=SHOP, body=b' {"data" : {"a":[1, 2.50]},' + msgspec.json.encode(EVENT)[1:]
    )

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.json["eventId"]) == 36
    assert (answer.json["deliveries"], answer.json["duplicate"]) == (0, False)


async def test_data_is_kept_as_it_was_written(port: int, desk: Desk) -> None:
    data = b'{ "amount" : 12.50, "big": 12345678901234567890123, "note": "\\u00e4" }'

    await ask(
        port,
        "POST /v1/events/",
        headers=SHOP,
        body=b'{"type":"a","subjects":[{"objectType":"Application","objectId":"s"}],"data":' + data + b"}",
    )

    assert (await desk.kept())[-1] == data


async def test_the_id_that_a_caller_gives_is_the_events_id_and_makes_a_repetition_harmless(port: int) -> None:
    named = EVENT | {"eventId": "order-7"}
    first = await ask(port, PUBLISH, headers=SHOP, json=named)
    again = await ask(port, PUBLISH, headers=SHOP, json=named)
    differing = await ask(port, PUBLISH, headers=SHOP, json=named | {"data": {}})
    anothers = await ask(port, PUBLISH, headers=OTHER, json=named | {"data": {}})

    assert first.json == {"eventId": "order-7", "deliveries": 0, "duplicate": False}
    assert again.json == {"eventId": "order-7", "deliveries": 0, "duplicate": True}
    assert (differing.status, differing.json["errorCode"]) == (409, "Conflict")
    assert anothers.json["duplicate"] is False


@pytest.mark.parametrize("several", [False, True])
async def test_an_idempotency_key_makes_a_repetition_harmless_and_refuses_another_body(
    port: int, desk: Desk, *, several: bool
) -> None:
    headers = SHOP | {"idempotency-key": "k1"}
    body = [EVENT, EVENT] if several else EVENT
    first = await ask(port, PUBLISH, headers=headers, json=body)
    again = await ask(port, PUBLISH, headers=headers, json=body)
    before = await desk.kept()
    differing = await ask(port, PUBLISH, headers=headers, json=[EVENT, EVENT, EVENT])
    other_key = await ask(port, PUBLISH, headers=SHOP | {"idempotency-key": "k2"}, json=body)

    assert first.status == again.status == 200
    ids = [[one["eventId"] for one in _listed(answer.json)] for answer in (first, again)]
    assert ids[0] == ids[1]
    assert all(one["duplicate"] for one in _listed(again.json))
    assert differing.status == 409
    assert await desk.kept() == before + [_data()] * (2 if several else 1)
    assert other_key.status == 200


def _listed(answer: Any) -> list[Any]:  # noqa: ANN401 - one result or several
    return answer if isinstance(answer, list) else [answer]


def _data() -> bytes:
    return msgspec.json.encode(EVENT["data"])


async def test_a_key_that_is_too_long_is_refused(port: int) -> None:
    assert (await ask(port, PUBLISH, headers=SHOP | {"idempotency-key": "k" * 256}, json=EVENT)).status == 400


async def test_an_array_is_answered_in_order(port: int, desk: Desk) -> None:
    answer = await ask(port, PUBLISH, headers=SHOP, json=[EVENT | {"eventId": name} for name in "abc"])

    assert answer.status == 200
    assert [one["eventId"] for one in answer.json] == ["a", "b", "c"]
    assert len(await desk.kept()) == 4


async def test_an_event_that_was_published_alone_is_known_again_in_an_array(port: int) -> None:
    named = msgspec.json.encode(EVENT | {"eventId": "order-7"})
    other = msgspec.json.encode(EVENT | {"eventId": "order-7", "data": {}})
    await ask(port, PUBLISH, headers=SHOP, body=named)

    body = b"[ %b ,\n%b, %b]" % (named, msgspec.json.encode(EVENT), other)
    answer = await ask(port, PUBLISH, headers=SHOP, body=body)

    assert answer.status == 207
    assert [one.get("errorCode", one.get("duplicate")) for one in answer.json] == [True, False, "Conflict"]


async def test_each_event_of_an_array_is_judged_by_what_it_is_about(port: int, desk: Desk) -> None:
    hidden, beneath = (
        EVENT | {"subjects": [{"objectType": kind, "objectId": name}]}
        for kind, name in [("Application", "hidden"), ("Group", "sub")]
    )

    answer = await ask(port, PUBLISH, headers=SHOP, json=[hidden, beneath, EVENT])

    assert [one.get("errorCode") for one in answer.json] == ["NotFound", None, None]
    events, _ = await History(desk.database).events(limit=2)
    assert {one.subjects for one in events} == {
        (Subject("Group", "sub"), Subject("Group", "above")),
        (Subject("Application", "shop-1"),),
    }


BAD = EVENT | {"data": [1]}


async def test_one_bad_event_does_not_sink_the_others_and_says_which_it_was(port: int, desk: Desk) -> None:
    answer = await ask(port, PUBLISH, headers=SHOP, json=[EVENT, BAD, EVENT])

    assert answer.status == 207
    assert answer.json[1] == {
        "index": 1,
        "errorCode": "InvalidParameters",
        "message": "data: must be a JSON object",
    }
    assert [one["duplicate"] for one in (answer.json[0], answer.json[2])] == [False, False]
    assert len(await desk.kept()) == 3


async def test_events_that_are_all_bad_are_422(port: int, desk: Desk) -> None:
    answer = await ask(port, PUBLISH, headers=SHOP | {"idempotency-key": "k"}, json=[BAD, BAD])

    assert answer.status == 422
    assert [one["index"] for one in answer.json] == [0, 1]
    assert len(await desk.kept()) == 1


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/ndjson; charset=utf-8"])
async def test_ndjson_is_published_line_by_line(port: int, *, kind: str) -> None:
    body = b"\r\n".join([msgspec.json.encode(EVENT), b"", b"{", b'"\xff"', b"[" * 100, msgspec.json.encode(EVENT), b""])

    answer = await ask(port, PUBLISH, headers=SHOP | {"content-type": kind}, body=body)

    assert answer.status == 207
    assert [one.get("index") for one in answer.json] == [None, 1, 2, 3, None]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"[]", 400, "holds no event"),
        (b"[{}", 400, "not JSON"),
        (b"", 400, "the body"),
        (b"7", 400, "the body: expected an object, not a whole number"),
        (b'{"type":"a","subjects":[{"objectType":"A","objectId":"1"}],"payload":{}}', 400, "payload: is not known"),
        (b'{"type":"a","subjects":[{"objectType":"A","objectId":"1","id":2}]}', 400, "subjects[0].id: is not known"),
        (b'{"type":5,"subjects":[]}', 400, "type: expected a text, not a whole number"),
        (b"[" + b"{}," * MOST_EVENTS + b"{}]", 400, "send at most 1000"),
        (b'{"type":"a b","subjects":[{"objectType":"A","objectId":"1"}]}', 400, "type: 'a b' cannot name"),
        (b'{"type":"a","subjects":[]}', 400, "subjects: "),
        (b'{"type":"a","subjects":[{"objectType":"A","objectId":7}]}', 400, "subjects[0].objectId: "),
        (
            b'{"type":"a","subjects":[{"objectType":"A","objectId":"\\u0000"}]}',
            400,
            "subjects[0].objectId: holds a NUL",
        ),
        (b'{"type":"a","subjects":[{"objectType":"A","objectId":"1"}],"data":null}', 400, "data: must be"),
        (b'{"type":"a","subjects":[{"objectType":"A","objectId":"1"}],"eventId":""}', 400, "eventId: "),
        (b'{"type":"a","subjects":[{"objectType":"Application","objectId":"hidden"}]}', 404, "no such application"),
    ],
)
async def test_what_is_wrong_is_refused_and_nothing_is_kept(
    port: int, desk: Desk, *, body: bytes, status: int, words: str
) -> None:
    answer = await ask(port, PUBLISH, headers=SHOP, body=body)

    assert answer.status == status
    assert words in answer.json["message"]
    assert len(await desk.kept()) == 1


async def test_nothing_at_all_in_ndjson_is_refused(port: int) -> None:
    answer = await ask(port, PUBLISH, headers=SHOP | {"content-type": "application/x-ndjson"}, body=b"\n\n")

    assert answer.status == 400


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 401), ({"accessToken": "forged"}, 401), ({"accessToken": "tdk_reader"}, 403)]
)
async def test_who_may_not_publish_does_not(port: int, desk: Desk, *, headers: dict[str, str], status: int) -> None:
    for _ in range(2):
        assert (await ask(port, PUBLISH, headers=headers, json=EVENT)).status == status
    assert len(await desk.kept()) == 1


async def test_a_registered_schema_is_checked_and_the_place_told(port: int, desk: Desk) -> None:
    schema = '{"properties": {"amount": {"type": "integer"}}}'
    await desk.types.add(
        EventType(name="order.created", description="", schema=schema, connector="shop"), now=desk.clock.now()
    )
    await desk.schemas.refresh()

    refused = await ask(port, PUBLISH, headers=SHOP, json=EVENT)
    followed = await ask(port, PUBLISH, headers=SHOP, json=EVENT | {"data": {"amount": 12}})

    assert (refused.status, refused.json["errorCode"]) == (422, "SchemaViolated")
    assert refused.json["message"] == 'data.amount: 12.5 is not of type "integer"'
    assert followed.status == 200


async def test_what_was_allowed_is_asked_again_after_a_moment(desk: Desk) -> None:
    caller, raw = CALLERS["tdk_shop"], msgspec.json.encode(EVENT)

    permit = await desk.permit(raw, caller)
    assert desk.permits.remembered(caller, read(raw)) is permit

    await desk.clock.advance(round(GOOD_FOR_S * 1_000))
    assert not desk.permits.remembered(caller, read(raw))


@pytest.mark.parametrize(
    "other",
    [
        {"type": "order.deleted"},
        {"subjects": [{"objectType": "Application", "objectId": "hidden"}]},
        {"fromUser": "+910000000001"},
        {"fromUserId": "asha"},
        {"fromUserName": "Asha"},
        {"fromUserProfilePic": "https://example.com/asha.png"},
        {"isBotfromUser": True},
    ],
)
async def test_what_was_allowed_allows_nothing_else(desk: Desk, other: dict[str, Any]) -> None:
    caller, raw = CALLERS["tdk_shop"], msgspec.json.encode(EVENT)
    await desk.permit(raw, caller)

    assert desk.permits.remembered(caller, read(msgspec.json.encode(EVENT | {"data": {}, "eventId": "1"})))
    assert not desk.permits.remembered(caller, read(msgspec.json.encode(EVENT | other)))
    assert not desk.permits.remembered(copy(caller), read(raw))


async def test_an_event_that_says_much_beside_its_data_is_judged_each_time(desk: Desk) -> None:
    raw = msgspec.json.encode(EVENT | {"fromUserName": "a" * LONGEST_REMEMBERED})
    await desk.permit(raw, CALLERS["tdk_shop"])

    assert not desk.permits.remembered(CALLERS["tdk_shop"], read(raw))


async def test_one_asks_again_in_time_while_the_others_go_on_by_what_is_remembered(desk: Desk) -> None:
    caller, raw = CALLERS["tdk_shop"], msgspec.json.encode(EVENT)
    first = await desk.permit(raw, caller)
    await desk.clock.advance(round(ASKS_AGAIN_S * 1_000))

    told = [desk.permits.remembered(caller, read(raw)) for _ in range(3)]
    second = await desk.permit(raw, caller)
    await desk.clock.advance(round(ASKS_AGAIN_S * 1_000) - 1)

    assert told == [None, first, first]
    assert desk.permits.remembered(caller, read(raw)) is second


async def test_what_happens_beneath_a_group_is_about_that_group_too(port: int, desk: Desk) -> None:
    beneath = EVENT | {"subjects": [{"objectType": "Group", "objectId": "sub"}]}

    # The second is known already, and a list goes the long way.
    for body in (beneath, beneath, [beneath]):
        assert (await ask(port, PUBLISH, headers=SHOP, json=body)).status == 200

    events, _ = await History(desk.database).events(limit=3)
    assert [one.subjects for one in events] == [(Subject("Group", "sub"), Subject("Group", "above"))] * 3


async def test_a_body_in_pieces_or_larger_than_the_servers_buffer_is_published_whole(port: int, desk: Desk) -> None:
    large = EVENT | {"data": {"text": "a" * 200_000}}
    raw = request(PUBLISH, headers=SHOP, body=msgspec.json.encode(large))
    async with talk(port) as conversation:
        for start in range(0, len(raw), 50_000):
            await conversation.say(raw[start : start + 50_000])
        assert (await conversation.hear()).status == 200

    assert (await desk.kept())[-1] == msgspec.json.encode(large["data"])


async def test_a_body_that_is_late_is_waited_for_by_the_framework(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "SLOWEST_QUICK_BODY_S", 0.001)
    has_begun = asyncio.Event()

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        has_begun.set()
        await desk.door(scope, receive, send)

    await desk.know_all()
    raw = request(PUBLISH, headers=SHOP, body=msgspec.json.encode(EVENT))
    server = Server(door, clock=desk.clock, intake=desk.intake)
    async with desk.publisher.running(), server.listening("127.0.0.1", 0) as port, talk(port) as conversation:
        await conversation.say(raw[:-10])
        await has_begun.wait()
        await conversation.say(raw[-10:])

        assert (await conversation.hear()).status == 200
    assert len(await desk.kept()) == 1


@pytest.mark.parametrize("target", ["http://localhost/v1/events", "/v1/events?a=b", "/v1/events/", "/v1/ev%65nts"])
async def test_the_target_may_be_written_in_other_ways(port: int, desk: Desk, *, target: str) -> None:
    await desk.know_all()

    assert (await ask(port, f"POST {target}", headers=SHOP, json=EVENT)).status == 200


async def test_requests_sent_in_one_go_are_answered_in_order(port: int) -> None:
    names = [f"e{number}" for number in range(20)]
    raw = b"".join(
        request(PUBLISH, headers=SHOP, body=msgspec.json.encode(EVENT | {"eventId": name})) for name in names
    )
    async with talk(port) as conversation:
        await conversation.say(raw)
        text = b""
        while text.count(b"eventId") < len(names):
            text += await conversation.reader.read(65536)

    places = [text.index(f'"{name}"'.encode()) for name in names]
    assert places == sorted(places)


async def test_a_connection_that_is_not_to_be_kept_is_closed_after_the_answer(port: int) -> None:
    async with talk(port) as conversation:
        await conversation.say(
            request(PUBLISH, headers=SHOP | {"connection": "close"}, body=msgspec.json.encode(EVENT))
        )
        answer = await conversation.hear()

        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert await conversation.is_closed()


async def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(port: int) -> None:
    body = msgspec.json.encode(EVENT)
    async with talk(port) as conversation:
        await conversation.say(
            request(PUBLISH, headers=SHOP | {"expect": "100-continue", "content-length": str(len(body))})
        )
        assert await conversation.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await conversation.say(body)

        assert (await conversation.hear()).status == 200


async def test_browser_programs_may_publish(port: int) -> None:
    answer = await ask(port, PUBLISH, headers=SHOP | {"origin": "https://app.example.com"}, json=EVENT)

    assert answer.headers["access-control-allow-origin"] == "*"
