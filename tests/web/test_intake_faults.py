"""What goes wrong while events are published is told, and loses nothing."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from tests.web.callers import CALLERS, SHOP
from tests.web.conversation import ask, request, talk
from tests.web.desk import EVENT, PUBLISH, Desk
from tidings.core.clock import Clock
from tidings.outbox.publisher import Outcome
from tidings.web import permits
from tidings.web.intake import Intake
from tidings.web.server import Server
from tidings.web.submission import read


@pytest.mark.parametrize("way", ["at once", "the long way"])
@pytest.mark.parametrize("body", [EVENT, [EVENT, EVENT]])
async def test_events_that_cannot_be_kept_just_now_are_503_with_when_to_come_back(
    desk: Desk, *, way: str, body: object
) -> None:
    async with desk.publisher.running():
        pass  # it takes nothing any more
    await desk.know_all()
    server = Server(desk.door, clock=Clock(), intake=desk.intake if way == "at once" else None)

    async with server.listening("127.0.0.1", 0) as port:
        answer = await ask(port, PUBLISH, headers=SHOP, json=body)

    assert (answer.status, answer.json["errorCode"]) == (503, "Unavailable")
    assert answer.headers["retry-after"] == "2"


async def test_permits_are_asked_for_anew_when_there_are_too_many_to_remember(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permits, "MOST_REMEMBERED", 1)
    caller = CALLERS["tdk_shop"]
    one, other = (msgspec.json.encode(EVENT | {"type": name}) for name in "ab")

    await desk.permit(one, caller)
    permit = await desk.permit(other, caller)

    assert [desk.permits.remembered(caller, read(raw)) for raw in (one, other)] == [None, permit]


class Failing(Intake):
    """Fails in a way that nobody foresaw."""

    def begin(self, token: str, body: bytes) -> asyncio.Future[Sequence[Outcome]]:
        del token, body
        future: asyncio.Future[Sequence[Outcome]] = asyncio.get_running_loop().create_future()
        future.set_exception(ZeroDivisionError("a secret"))
        return future


async def test_a_fault_of_ours_ends_the_connection_and_is_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    server = Server(desk.door, clock=Clock(), intake=desk.intake_of(Failing))
    async with server.listening("127.0.0.1", 0) as port, talk(port) as conversation:
        await conversation.say(request(PUBLISH, headers=SHOP, body=msgspec.json.encode(EVENT)))

        assert await conversation.is_closed()

    assert "publish.failed" in caplog.text


class Watched(Intake):
    """Says when it has begun."""

    def begin(self, token: str, body: bytes) -> asyncio.Future[Sequence[Outcome]] | None:
        future = super().begin(token, body)
        begun.set()
        return future


begun = asyncio.Event()


async def test_an_event_of_a_publisher_who_hangs_up_is_kept_all_the_same(desk: Desk) -> None:
    await desk.know_all()
    server = Server(desk.door, clock=Clock(), intake=desk.intake_of(Watched))
    async with server.listening("127.0.0.1", 0) as port:
        async with talk(port) as conversation:
            await conversation.say(request(PUBLISH, headers=SHOP, body=msgspec.json.encode(EVENT)))
            await begun.wait()
        async with desk.publisher.running():
            pass

    assert len(await desk.kept()) == 1
