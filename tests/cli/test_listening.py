"""`tidings listen`, beside a server."""

import asyncio
import http.client
import signal
import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.cli.terminal import Terminal, line_of
from tidings.testing.endpoint import Endpoint


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """One for all: each test has an address of its own."""
    return Terminal(folder=tmp_path_factory.mktemp("listening"))


@pytest.fixture(scope="module")
def server(here: Terminal) -> Iterator[str]:
    """A server's URL; the terminal has a key for it."""
    here.says("connector", "create", "--name", "shop", "--id", "shop-1")
    here.settings["TIDINGS_TOKEN"] = here.says("token", "create", "--connector", "shop-1", "--static", "--scope", "bin")
    with here.serving() as url:
        yield url


def send(url: str, *, body: bytes = b"", method: str = "POST", query: str = "") -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.request(method, parts.path + query, body=body, headers={"x-note": "hello"})
    status = connection.getresponse().status
    connection.close()
    return status


def bin_of(process: "subprocess.Popen[str]") -> str:
    return line_of(process).split()[2]


def rest_of(process: "subprocess.Popen[str]") -> str:
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return said


def test_what_arrives_is_shown_with_headers_and_body_and_the_address_is_gone_then(here: Terminal, server: str) -> None:
    with here.running("listen", "--server", server, "--count", "2") as process:
        url = bin_of(process)
        assert url.startswith(f"{server}bin/")
        send(url, method="GET", query="?validationToken=123")
        send(url, body=b'{"eventType":"TextMessageCreated","data":{"text":"hi"}}')
        said = rest_of(process)

    assert "?validationToken=123" in said
    assert "TextMessageCreated\n" in said
    assert "x-note: hello" in said
    assert '"text": "hi"' in said
    assert send(url) == 404


def test_only_events_that_were_asked_for_are_shown(here: Terminal, server: str) -> None:
    with here.running("listen", "--server", server, "--event", "order.*", "--count", "1") as process:
        url = bin_of(process)
        send(url, body=b'{"type":"invoice.paid","data":{}}')
        send(url, body=b'{"type":"order.paid","data":{}}')
        said = rest_of(process)

    assert "order.paid" in said
    assert "invoice.paid" not in said


def test_a_bin_that_has_a_name_stays_and_shows_what_is_new(here: Terminal, server: str) -> None:
    for body in (b"first", b"second"):
        with here.running("listen", "--server", server, "--name", "mine", "--count", "1") as process:
            url, page = bin_of(process), line_of(process).split()[-1]
            send(url, body=body)
            said = rest_of(process)
        assert url == f"{server}bin/mine"
        assert body.decode() in said

    assert "first" not in said
    assert send(url, method="GET", query=f"?{urlsplit(page).query}") == 303


async def test_what_arrives_is_passed_on_as_it_came(here: Terminal, server: str) -> None:
    async with Endpoint(202) as endpoint:
        target = f"{endpoint.url}hook?own=1"
        with here.running("listen", "--server", server, "--forward-to", target, "--count", "1") as process:
            url = await asyncio.to_thread(bin_of, process)
            await asyncio.to_thread(send, url, body=b"\xff\x00", query="?a=b")
            said = await asyncio.to_thread(rest_of, process)
        [request] = endpoint.requests

    assert (request.method, request.target, request.body) == ("POST", "/hook?own=1&a=b", b"\xff\x00")
    assert request.header("x-note") == "hello"
    assert request.header("host") == f"127.0.0.1:{endpoint.port}"
    assert "→ answered 202" in said


def test_a_target_that_does_not_answer_is_told_and_listening_goes_on(
    here: Terminal, server: str, free_port: int
) -> None:
    target = f"http://127.0.0.1:{free_port}"
    with here.running("listen", "--server", server, "--forward-to", target, "--count", "2") as process:
        url = bin_of(process)
        send(url, body=b"one")
        send(url, body=b"two")
        said = rest_of(process)

    assert said.count(f"→ {target} does not answer") == 2


def test_what_arrives_cannot_steer_the_terminal(here: Terminal, server: str) -> None:
    with here.running("listen", "--server", server, "--count", "1") as process:
        send(bin_of(process), body="\x1b[2J\x9b31m red".encode())
        said = rest_of(process)

    assert "\x1b" not in said
    assert "\x9b" not in said
    assert "31m red" in said


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_good_order(here: Terminal, server: str, how: signal.Signals) -> None:
    with here.running("listen", "--server", server) as process:
        url = bin_of(process)

        process.send_signal(how)

        rest_of(process)
    assert send(url) == 404


def test_a_server_that_refuses_or_is_none_is_told_in_one_sentence(here: Terminal, server: str, free_port: int) -> None:
    assert "the server refuses: Invalid token" in here.refuses("listen", "--server", server, "--token", "tdk_x")
    assert "no valid request" in here.refuses("listen", "--server", server, "--token", "a\nb")
    away = f"http://127.0.0.1:{free_port}"
    assert f"{away} does not answer" in here.refuses("listen", "--server", away)
    for wrong in ("example.com", "http://127.0.0.1:many", "http://[::1", "ftp://127.0.0.1"):
        assert "no address of a server" in here.refuses("listen", "--server", wrong)
    assert "eventTypes" not in here.refuses("listen", "--server", away, "--event", "*.x")
