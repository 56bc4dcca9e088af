"""The server listens, speaks TLS, keeps limits on heads, and stops in good order."""

import asyncio
import contextlib
import shutil
import socket
import ssl
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from tests.descriptors import told, with_only
from tests.web.conversation import ask, request, talk
from tidings.core.clock import Clock
from tidings.core.descriptors import Descriptors
from tidings.core.errors import Invalid
from tidings.testing.authority import Authority, Issued
from tidings.testing.clock import ManualClock
from tidings.web import protocol, server
from tidings.web.protocol import LARGEST_HEAD
from tidings.web.server import LOOK_AT_FILES_EVERY_S, Certificate, Server

HELLO = request("GET /hello")
CALLERS, ROUNDS = 20, 100


class Slow:
    """An application that answers when it is told to, with the body that it was sent."""

    def __init__(self) -> None:
        self.has_begun = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = Request(scope, receive)
        body = await sent.body()
        self.has_begun.set()
        await self.may_answer.wait()
        await PlainTextResponse(body)(scope, receive, send)


def ready() -> Slow:
    """One that answers at once."""
    application = Slow()
    application.may_answer.set()
    return application


async def test_what_was_begun_is_finished_when_the_server_stops() -> None:
    application, told = Slow(), asyncio.Event()
    server = Server(application, clock=Clock(), on_stop=told.set)
    async with asyncio.TaskGroup() as group, server.listening("127.0.0.1", 0) as port:
        asking = group.create_task(ask(port, "POST /", body=b"begun"))
        await application.has_begun.wait()
        group.create_task(_answer_when(told, application))

    assert asking.result().body == b"begun"


async def _answer_when(told: asyncio.Event, application: Slow) -> None:
    await told.wait()
    application.may_answer.set()


async def test_a_stopped_server_accepts_nothing() -> None:
    async with Server(ready(), clock=Clock()).listening("127.0.0.1", 0) as port:
        assert (await ask(port, "GET /")).status == 200

    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await ask(port, "GET /")


async def test_what_fails_while_it_serves_is_raised_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with Server(ready(), clock=Clock()).listening("127.0.0.1", 0):
            raise ZeroDivisionError


async def test_an_address_that_is_taken_is_refused_with_the_settings_that_choose_it() -> None:
    async with Server(ready(), clock=Clock()).listening("127.0.0.1", 0) as port:
        with pytest.raises(Invalid, match=r"cannot listen on 127\.0\.0\.1 port .* TIDINGS_PORT"):
            async with Server(ready(), clock=Clock()).listening("127.0.0.1", port):
                raise AssertionError


async def test_who_accepts_with_the_last_descriptor_tells_that_none_is_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(protocol, "DESCRIPTORS", Descriptors())
    async with Server(ready(), clock=Clock()).listening("127.0.0.1", 0) as port:
        with contextlib.ExitStack() as calls:
            callers = [calls.enter_context(socket.socket()) for _ in range(CALLERS)]
            with with_only(2):
                callers.pop().connect(("127.0.0.1", port))
                # More than one, should something else have been closed meanwhile.
                while not told(caplog):
                    callers.pop().connect(("127.0.0.1", port))
                    for _ in range(ROUNDS):
                        await Clock().sleep(0)

    assert told(caplog) == ["descriptors.exhausted"]


async def test_it_listens_on_version_6_addresses_too() -> None:
    async with Server(ready(), clock=Clock()).listening("::1", 0) as port:
        _, writer = await asyncio.open_connection("::1", port)
        writer.close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def certificate(authority: Authority) -> Certificate:
    return _copied(authority.issue("localhost"), authority.ca_file.parent)


def _copied(issued: Issued, folder: Path) -> Certificate:
    certificate = Certificate(chain=folder / "chain.pem", key=folder / "chain.key")
    shutil.copy(issued.certificate, certificate.chain)
    shutil.copy(issued.key, certificate.key)
    return certificate


async def _certificate_shown(port: int, authority: Authority) -> bytes:
    async with talk(port, ssl.create_default_context(cafile=str(authority.ca_file))) as conversation:
        await conversation.say(HELLO)
        assert (await conversation.hear()).status == 200
        return conversation.certificate


async def test_a_renewed_certificate_is_shown_without_a_restart(authority: Authority, certificate: Certificate) -> None:
    clock = ManualClock()
    async with Server(ready(), clock=clock, certificate=certificate).listening("127.0.0.1", 0) as port:
        first = await _certificate_shown(port, authority)
        _copied(authority.issue("localhost"), certificate.chain.parent)
        await clock.advance(round(LOOK_AT_FILES_EVERY_S * 1_000))

        assert await _certificate_shown(port, authority) != first


async def test_a_renewed_certificate_that_does_not_fit_its_key_is_not_used(
    authority: Authority, certificate: Certificate
) -> None:
    clock = ManualClock()
    async with Server(ready(), clock=clock, certificate=certificate).listening("127.0.0.1", 0) as port:
        first = await _certificate_shown(port, authority)
        shutil.copy(authority.issue("localhost").certificate, certificate.chain)
        await clock.advance(2 * round(LOOK_AT_FILES_EVERY_S * 1_000))

        assert await _certificate_shown(port, authority) == first


async def test_a_certificate_that_is_not_there_is_refused_with_its_settings(tmp_path: Path) -> None:
    certificate = Certificate(chain=tmp_path / "none.pem", key=tmp_path / "none.key")

    with pytest.raises(Invalid, match=r"none\.pem.*TIDINGS_TLS_CERT and TIDINGS_TLS_KEY"):
        async with Server(ready(), clock=Clock(), certificate=certificate).listening("127.0.0.1", 0):
            raise AssertionError


@pytest.mark.parametrize("size", [100, LARGEST_HEAD - 200])
async def test_a_head_within_the_limit_is_read_in_any_pieces(size: int) -> None:
    async with Server(ready(), clock=Clock()).listening("127.0.0.1", 0) as port, talk(port) as conversation:
        raw = request("GET /", headers={"x-long": "a" * size})
        await conversation.say(raw[:20])
        await conversation.say(raw[20:])

        assert (await conversation.hear()).status == 200


@pytest.mark.parametrize(
    "headers",
    [{"x-long": "a" * LARGEST_HEAD}, {f"x-{number}": "a" * 100 for number in range(330)}, {"x-long": "a" * 2_000_000}],
)
async def test_a_head_over_the_limit_is_431(headers: dict[str, str]) -> None:
    async with Server(ready(), clock=Clock()).listening("127.0.0.1", 0) as port:
        answer = await ask(port, "GET /", headers=headers)

        assert (answer.status, answer.json["errorCode"]) == (431, "TooLarge")


async def test_a_large_body_before_a_head_does_not_count_as_part_of_it() -> None:
    async with Server(ready(), clock=Clock()).listening("127.0.0.1", 0) as port, talk(port) as conversation:
        large = request("POST /", body=b"a" * 60_000)
        await conversation.say(large + HELLO[:30])
        first = await conversation.hear()
        await conversation.say(HELLO[30:])
        second = await conversation.hear()

        assert (first.status, len(first.body), second.status) == (200, 60_000, 200)


async def test_what_is_not_http_is_400_in_the_shape_of_every_error() -> None:
    async with Server(ready(), clock=Clock()).listening("127.0.0.1", 0) as port, talk(port) as conversation:
        await conversation.say(b"\x16\x03\x01 what?\r\n\r\n")
        answer = await conversation.hear()

        assert (answer.status, answer.json["errorCode"]) == (400, "InvalidParameters")


async def test_a_head_that_does_not_arrive_in_time_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "SLOWEST_HEAD_S", 0.05)
    async with Server(ready(), clock=Clock()).listening("127.0.0.1", 0) as port, talk(port) as conversation:
        await conversation.say(HELLO)
        await conversation.hear()
        await conversation.say(HELLO[:10])
        answer = await conversation.hear()

        assert (answer.status, answer.json["errorCode"]) == (408, "Timeout")
        assert await conversation.is_closed()


async def test_a_connection_on_which_nothing_is_said_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "SLOWEST_HEAD_S", 0.05)
    async with Server(ready(), clock=Clock()).listening("127.0.0.1", 0) as port, talk(port) as conversation:
        assert await conversation.is_closed()


async def test_a_connection_is_kept_for_the_next_request() -> None:
    async with Server(ready(), clock=Clock()).listening("127.0.0.1", 0) as port, talk(port) as conversation:
        for body in (b"one", b"two"):
            await conversation.say(request("POST /", body=body))
            assert (await conversation.hear()).body == body


async def test_a_connection_on_which_nothing_more_is_asked_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "KEEP_ALIVE_S", 0.05)
    async with Server(ready(), clock=Clock()).listening("127.0.0.1", 0) as port, talk(port) as conversation:
        await conversation.say(HELLO)
        assert (await conversation.hear()).status == 200

        assert await conversation.is_closed()


async def test_a_connection_is_not_closed_while_an_answer_is_awaited_nor_right_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connections: list[protocol.Protocol] = []

    class Noted(protocol.Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            connections.append(self)
            super().connection_made(transport)

    monkeypatch.setattr(server, "Protocol", Noted)
    application = Slow()
    async with Server(application, clock=Clock()).listening("127.0.0.1", 0) as port, talk(port) as conversation:
        await conversation.say(request("POST /", body=b"late"))
        await application.has_begun.wait()
        connections[0].timeout_keep_alive_handler()
        application.may_answer.set()
        assert (await conversation.hear()).body == b"late"

        connections[0].timeout_keep_alive_handler()
        await conversation.say(HELLO)
        assert (await conversation.hear()).status == 200
