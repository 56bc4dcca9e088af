"""A head that was read before is not read again, and whatever comes with it is treated as if it were."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.web.callers import CALLERS, SHOP
from tests.web.conversation import Conversation, request, talk
from tests.web.desk import EVENT, PUBLISH, Desk
from tidings.core.clock import Clock
from tidings.web import familiar
from tidings.web.familiar import LONGEST_FAMILIAR, Familiar
from tidings.web.server import Server


@pytest.fixture
async def conversation(desk: Desk) -> AsyncIterator[Conversation]:
    """With somebody who has published `publish("first")`, and whose heads are known for it."""
    await desk.know_all()
    server = Server(desk.door, clock=Clock(), intake=desk.intake)
    async with desk.publisher.running(), server.listening("127.0.0.1", 0) as port, talk(port) as conversation:
        await conversation.say(publish("first"))
        assert (await conversation.hear()).status == 200
        yield conversation


def publish(word: str) -> bytes:
    """Words of one length have one head."""
    return request(PUBLISH, headers=SHOP, body=msgspec.json.encode(EVENT | {"data": {"word": word}}))


async def words(desk: Desk) -> list[str]:
    return [msgspec.json.decode(data)["word"] for data in await desk.kept()]


async def test_each_request_with_one_head_is_its_own(conversation: Conversation, desk: Desk) -> None:
    for word in ("other", "third", "longer", "fifth", "sixths"):
        await conversation.say(publish(word))
        assert (await conversation.hear()).status == 200

    assert await words(desk) == ["first", "other", "third", "longer", "fifth", "sixths"]


async def test_what_comes_in_pieces_or_with_something_else_is_read_as_ever(
    conversation: Conversation, desk: Desk
) -> None:
    raw = publish("other")
    for piece in (raw[:50], raw[50:-10], raw[-10:] + publish("third") + publish("fifth")[:-1], publish("fifth")[-1:]):
        await conversation.say(piece)

    text = b""
    while text.count(b"eventId") < 3:
        text += await conversation.reader.read(65536)

    assert await words(desk) == ["first", "other", "third", "fifth"]


async def test_a_body_that_is_no_event_is_refused_under_a_known_head_too(
    conversation: Conversation, desk: Desk
) -> None:
    head, _, body = publish("first").partition(b"\r\n\r\n")
    await conversation.say(head + b"\r\n\r\n" + body.replace(b'"type"', b'"tape"'))

    assert (await conversation.hear()).status == 400
    assert await words(desk) == ["first"]


async def test_a_token_that_was_revoked_is_refused_under_a_known_head_too(
    conversation: Conversation, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.known.clear()
    monkeypatch.delitem(CALLERS, "tdk_shop")
    await conversation.say(publish("other"))

    assert (await conversation.hear()).status == 401
    assert await words(desk) == ["first"]


async def test_requests_are_answered_in_their_order_while_the_first_is_under_way(desk: Desk) -> None:
    await desk.know_all()
    server = Server(desk.door, clock=Clock(), intake=desk.intake)
    async with server.listening("127.0.0.1", 0) as port, talk(port) as conversation:
        for word in ("first", "other", "third"):
            await conversation.say(publish(word))
        async with desk.publisher.running():
            text = b""
            while text.count(b"eventId") < 3:
                text += await conversation.reader.read(65536)

    assert await words(desk) == ["first", "other", "third"]


BODY = b'{"type":"a"}'
HEAD = b"POST /v1/events HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % len(BODY)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (HEAD + BODY + HEAD + BODY, b"content-length"),
        (BODY, b"content-length"),
        (HEAD, b"content-length"),
        (HEAD + BODY, b"transfer-encoding"),
        (HEAD.replace(b"\r\n\r\n", b"\r\na: " + b"a" * LONGEST_FAMILIAR + b"\r\n\r\n") + BODY, b"content-length"),
    ],
)
def test_only_the_head_of_a_whole_request_of_a_known_length_is_remembered(data: bytes, name: bytes) -> None:
    heads = Familiar()
    heads.remember(data, headers=[(name, b"%d" % len(BODY))], size=len(BODY))

    assert heads.request_in(data) is None
    assert heads.request_in(HEAD + BODY) is None


def test_a_head_is_known_byte_for_byte_and_until_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(familiar, "MOST_FAMILIAR", 1)
    heads = Familiar()
    headers = [(b"content-length", b"%d" % len(BODY)), (b"accesstoken", b"t")]
    heads.remember(HEAD + BODY, headers=headers, size=len(BODY))

    assert heads.request_in(HEAD + BODY) == ("t", BODY)
    assert heads.request_in(HEAD + BODY[:-1]) is None
    assert heads.request_in(HEAD + BODY + b"\r\n") is None
    assert heads.request_in(HEAD.replace(b"POST", b"PUSH") + BODY) is None

    heads.remember(b"\r\n" + HEAD + BODY, headers=headers, size=len(BODY))
    assert heads.request_in(HEAD + BODY) is None
