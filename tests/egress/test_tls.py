"""TLS: who is believed, who we are, what is taken up again."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tests.egress.conftest import post
from tests.egress.waiting import eventually
from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.egress import tls as tls_module
from tidings.egress.answer import Answer, Outcome
from tidings.egress.client import Client
from tidings.egress.guard import Guard
from tidings.egress.tls import check_client_certificate
from tidings.testing.authority import Authority
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import Endpoint


async def sent_to(client: Client, context: ssl.SSLContext | None, *, name: str = "localhost") -> Answer:
    async with Endpoint(tls=context, name=name) as endpoint:
        return await client.send(post(endpoint.url.replace("http://", "https://")))


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
async def test_a_certificate_for_the_name_or_the_address_is_accepted(
    *, client: Client, authority: Authority, name: str
) -> None:
    answer = await sent_to(client, authority.issue(name).server_context(), name=name)

    assert answer.outcome is Outcome.OK
    assert answer.timings.tls_ms > 0


async def test_a_certificate_for_another_name_is_not_accepted(client: Client, authority: Authority) -> None:
    answer = await sent_to(client, authority.issue("other.example.com").server_context())

    assert answer.outcome is Outcome.TLS_FAILED
    assert answer.error.startswith("the certificate of localhost is not accepted: Hostname mismatch")


async def test_a_certificate_for_the_name_is_not_one_for_its_address(client: Client, authority: Authority) -> None:
    answer = await sent_to(client, authority.issue("localhost").server_context(), name="127.0.0.1")

    assert answer.outcome is Outcome.TLS_FAILED


async def test_an_expired_certificate_is_not_accepted(client: Client, authority: Authority) -> None:
    answer = await sent_to(client, authority.issue("localhost", expired=True).server_context())

    assert answer.outcome is Outcome.TLS_FAILED
    assert answer.error == "the certificate of localhost is not accepted: certificate has expired"


async def test_an_unknown_authority_is_not_believed_and_the_setting_is_named(client: Client, tmp_path: Path) -> None:
    answer = await sent_to(client, Authority(tmp_path).issue("localhost").server_context())

    assert answer.outcome is Outcome.TLS_FAILED
    assert answer.error.endswith("TIDINGS_EGRESS_CA can name an authority to trust")


async def test_an_endpoint_that_does_not_speak_tls_is_said_so(client: Client) -> None:
    answer = await sent_to(client, None)

    assert answer.outcome is Outcome.TLS_FAILED
    assert answer.error.startswith("no TLS with localhost: ")


async def test_an_endpoint_that_answers_the_handshake_in_plain_text_is_said_so(client: Client) -> None:
    async def answer_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer_plainly, "127.0.0.1", 0) as server:
        answer = await client.send(post(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))

    assert answer.outcome is Outcome.TLS_FAILED
    assert answer.error == "no TLS with 127.0.0.1: WRONG_VERSION_NUMBER"


async def test_an_endpoint_that_speaks_only_old_tls_is_not_called(client: Client, authority: Authority) -> None:
    context = authority.issue("localhost").server_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1

    assert (await sent_to(client, context)).outcome is Outcome.TLS_FAILED


async def test_an_endpoint_that_closes_within_the_handshake_is_said_so(client: Client) -> None:
    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
        answer = await client.send(post(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))

    assert answer.outcome is Outcome.TLS_FAILED
    assert answer.error == "no TLS with 127.0.0.1: the connection was closed during the handshake"


async def test_a_client_certificate_is_shown_and_its_connection_is_not_shared(
    client: Client, authority: Authority
) -> None:
    first, second = (authority.issue("Tidings", is_client=True).pem for _ in range(2))
    context = authority.issue("localhost").server_context(client_authority=authority.ca_file)
    async with Endpoint(tls=context, name="localhost") as endpoint:
        answers = [await client.send(post(endpoint.url, client_certificate=pem)) for pem in (first, second, first)]

        assert [(answer.outcome, answer.reused) for answer in answers] == [
            (Outcome.OK, False), (Outcome.OK, False), (Outcome.OK, True),
        ]  # fmt: skip
        endpoint.drop_connections()
        await eventually(lambda: not endpoint.open)
        assert (await client.send(post(endpoint.url, client_certificate=first))).outcome is Outcome.OK


async def test_without_the_certificate_that_an_endpoint_wants_tls_fails(client: Client, authority: Authority) -> None:
    context = authority.issue("localhost").server_context(client_authority=authority.ca_file)

    def serve(listener: socket.socket) -> None:
        # OpenSSL on a blocking socket sends the alert; asyncio's server hangs up before it does.
        connection, _ = listener.accept()
        with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as shy:
            with pytest.raises(ssl.SSLError):
                shy.do_handshake()
            # Read on, beneath TLS: closing with something unread would reset the connection, alert and all.
            while socket.socket.recv(shy, 65_536):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(asyncio.to_thread(serve, listener))
        answer = await client.send(post(f"https://localhost:{listener.getsockname()[1]}/"))
        await serving

    assert answer.outcome is Outcome.TLS_FAILED
    assert answer.error == "the endpoint ended TLS: TLSV13_ALERT_CERTIFICATE_REQUIRED"


@pytest.mark.parametrize(("length", "outcome"), [("", Outcome.OK), ("content-length: 9\r\n", Outcome.BROKEN)])
async def test_an_end_without_tls_goodbye_ends_an_answer_that_has_no_length(
    *, client: Client, authority: Authority, length: str, outcome: Outcome
) -> None:
    context = authority.issue("localhost").server_context()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with context.wrap_socket(connection, server_side=True) as rude:
            while not rude.recv(65_536).endswith(b"{}"):
                pass
            rude.sendall(f"HTTP/1.1 200 OK\r\n{length}\r\nabc".encode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(asyncio.to_thread(serve, listener))
        answer = await client.send(post(f"https://localhost:{listener.getsockname()[1]}/"))
        await serving

    assert (answer.outcome, answer.status, answer.body) == (outcome, 200, b"abc")


@pytest.fixture
def unusable(authority: Authority) -> dict[str, str]:
    issued, other = authority.issue("a"), authority.issue("b")
    certificate, key = issued.certificate.read_text(encoding="ascii"), issued.key.read_bytes()
    locked = load_pem_private_key(key, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    return {
        "nothing": "",
        "not PEM": "certificate",
        "no key": certificate,
        "another's key": certificate + other.key.read_text(encoding="ascii"),
        "a key with a password": certificate + locked.decode(),
        "half a character": "\ud800",
    }


@pytest.mark.parametrize(
    "kind", ["nothing", "not PEM", "no key", "another's key", "a key with a password", "half a character"]
)
async def test_a_client_certificate_that_cannot_be_used_is_said_so(
    *, client: Client, authority: Authority, unusable: dict[str, str], kind: str
) -> None:
    with pytest.raises(Invalid, match="the client certificate cannot be used; give PEM"):
        check_client_certificate(unusable[kind])

    async with Endpoint(tls=authority.issue("localhost").server_context(), name="localhost") as endpoint:
        answer = await client.send(post(endpoint.url, client_certificate=unusable[kind]))

    assert answer.outcome is Outcome.TLS_FAILED
    assert "the client certificate cannot be used" in answer.error


def test_a_client_certificate_that_can_be_used_is_accepted(authority: Authority) -> None:
    check_client_certificate(authority.issue("a", is_client=True).pem)


async def test_only_so_many_client_certificates_are_kept_ready(
    *, client: Client, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_module, "_CONTEXTS_KEPT", 1)
    first, second = (authority.issue("Tidings", is_client=True).pem for _ in range(2))
    async with Endpoint(tls=authority.issue("localhost").server_context(), name="localhost") as endpoint:
        answers = [await client.send(post(endpoint.url, client_certificate=pem)) for pem in (first, second, first)]

        assert {answer.outcome for answer in answers} == {Outcome.OK}


@pytest.mark.parametrize("content", [None, "not PEM"])
def test_a_ca_file_that_cannot_be_read_is_refused(*, guard: Guard, tmp_path: Path, content: str | None) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content)

    with pytest.raises(Invalid, match="TIDINGS_EGRESS_CA: no certificates can be read from"):
        Client(guard=guard, clock=Clock(), ca_file=ca_file)


@pytest.fixture
def manual_clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def timed(*, guard: Guard, authority: Authority, manual_clock: ManualClock) -> AsyncIterator[Client]:
    async with Client(guard=guard, clock=manual_clock, ca_file=authority.ca_file) as client:
        yield client


async def afresh(client: Client, endpoint: Endpoint) -> int:
    """Send on a new connection; how many TLS sessions the endpoint has taken up again by then."""
    endpoint.drop_connections()
    await eventually(lambda: not endpoint.open)
    answer = await client.send(post(endpoint.url))
    assert answer.outcome is Outcome.OK
    assert endpoint.tls is not None
    return endpoint.tls.session_stats()["hits"]


async def test_a_session_is_taken_up_again_for_five_minutes(
    *, timed: Client, authority: Authority, manual_clock: ManualClock
) -> None:
    async with Endpoint(tls=authority.issue("localhost").server_context(), name="localhost") as endpoint:
        hits = [await afresh(timed, endpoint) for _ in range(3)]
        await manual_clock.advance(300_001)
        later = [await afresh(timed, endpoint) for _ in range(2)]

        assert hits == [0, 1, 2]
        assert later == [2, 3]  # the certificate was checked once more


async def test_only_so_many_sessions_are_kept(
    *, timed: Client, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_module, "_SESSIONS_KEPT", 0)
    async with Endpoint(tls=authority.issue("localhost").server_context(), name="localhost") as endpoint:
        assert [await afresh(timed, endpoint) for _ in range(2)] == [0, 0]
