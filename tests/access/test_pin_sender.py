import ssl
from collections.abc import AsyncIterator
from ipaddress import ip_network

import msgspec
import pytest

from tests.access.mail_server import MailServer
from tidings.access.pin_sender import ConsoleSender, pin_sender
from tidings.core.clock import Clock
from tidings.core.errors import Invalid, Undeliverable
from tidings.egress.client import Client
from tidings.egress.guard import Guard
from tidings.egress.resolver import Resolver
from tidings.testing.authority import Authority
from tidings.testing.endpoint import Endpoint

PHONE, PIN = "+910000000001", "123456"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def tls(authority: Authority) -> ssl.SSLContext:
    return authority.issue("127.0.0.1", "localhost").server_context()


@pytest.fixture
async def client(authority: Authority) -> AsyncIterator[Client]:
    async with Resolver(clock=Clock()) as resolver:
        guard = Guard(resolver=resolver, allow=[ip_network("127.0.0.0/8")])
        async with Client(guard=guard, clock=Clock(), ca_file=authority.ca_file) as client:
            yield client


async def test_the_console_sender_sends_nothing(client: Client) -> None:
    sender = pin_sender("console", send=client.send)

    await sender.send(PHONE, PIN)

    assert isinstance(sender, ConsoleSender)


async def test_a_gateway_gets_number_and_pin_as_json(client: Client, tls: ssl.SSLContext) -> None:
    async with Endpoint(200, tls=tls) as gateway:
        await pin_sender(gateway.url, send=client.send).send(PHONE, PIN)

        [request] = await gateway.received(1)

    assert request.method == "POST"
    assert request.header("content-type") == "application/json"
    assert msgspec.json.decode(request.body) == {"mobileNumber": PHONE, "pin": PIN}


async def test_a_gateway_that_refuses_is_a_failure_that_does_not_name_the_pin(
    client: Client, tls: ssl.SSLContext
) -> None:
    async with Endpoint(503, tls=tls) as gateway:
        with pytest.raises(Undeliverable) as failure:
            await pin_sender(gateway.url, send=client.send).send(PHONE, PIN)

    assert PIN not in failure.value.message


async def test_a_mail_names_number_and_pin_to_the_mailbox_of_the_setting(client: Client) -> None:
    async with MailServer() as server:
        setting = f"smtp://127.0.0.1:{server.port}/?to=ops@example.com&from=tidings@example.com"
        await pin_sender(setting, send=client.send).send(PHONE, PIN)

    [mail] = server.mails
    assert PHONE in mail
    assert PIN in mail
    assert "rcpt TO:<ops@example.com>" in server.commands
    assert any(command.startswith("mail FROM:<tidings@example.com>") for command in server.commands)
    assert not any(command.startswith("AUTH") for command in server.commands)


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_password_goes_over_tls_only(
    client: Client, authority: Authority, tls: ssl.SSLContext, scheme: str
) -> None:
    async with MailServer(tls=tls, speaks_tls_at_once=scheme == "smtps") as server:
        setting = f"{scheme}://user:p%40ss@localhost:{server.port}/?to=ops@example.com"
        await pin_sender(setting, send=client.send, ca_file=authority.ca_file).send(PHONE, PIN)

    assert len(server.mails) == 1
    assert any(command.startswith("AUTH") for command in server.commands)
    assert ("STARTTLS" in server.commands) == (scheme == "smtp")


async def test_a_password_is_not_sent_to_a_server_without_tls(client: Client) -> None:
    async with MailServer() as server:
        setting = f"smtp://user:pass@127.0.0.1:{server.port}/?to=ops@example.com"
        with pytest.raises(Undeliverable):
            await pin_sender(setting, send=client.send).send(PHONE, PIN)

    assert not any(command.startswith("AUTH") for command in server.commands)


async def test_a_mail_server_that_refuses_or_is_not_there_is_a_failure(client: Client) -> None:
    async with MailServer(refuses="RCPT") as server:
        setting = f"smtp://127.0.0.1:{server.port}/?to=ops@example.com"
        with pytest.raises(Undeliverable):
            await pin_sender(setting, send=client.send).send(PHONE, PIN)

    with pytest.raises(Undeliverable):
        await pin_sender(setting, send=client.send).send(PHONE, PIN)


@pytest.mark.parametrize("setting", ["", "pigeon", "http://example.com/", "smtp://example.com/", "smtp:///?to=a@b"])
def test_a_setting_that_names_no_sender_is_refused(client: Client, setting: str) -> None:
    with pytest.raises(Invalid, match="TIDINGS_PIN_SENDER"):
        pin_sender(setting, send=client.send)
