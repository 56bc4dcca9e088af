"""The client against nginx over TLS with a private authority."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tidings.core.clock import Clock
from tidings.egress.answer import Answer, Outcome
from tidings.egress.client import Client
from tidings.egress.request import Request
from tidings.testing.authority import Authority

CONFIGURATION = """
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_session_cache shared:sessions:1m;
    add_header x-resumed $ssl_session_reused always;
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name localhost;
        client_max_body_size 1k;
        root {folder};
        location = /ok {{ return 200 "fine"; }}
        location = /gone {{ return 410; }}
        location = /moved {{ return 301 https://example.com/; }}
        location = /once {{ keepalive_timeout 0; return 200 "once"; }}
        location = /twice {{ keepalive_requests 2; return 200 "twice"; }}
        location = /silent {{ return 444; }}
        # nginx serves files to GET only, but an error page to all; what goes through SSI has no known length.
        location = /page.html {{ ssi on; error_page 405 =200 $uri; }}
    }}
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name private.localhost;
        ssl_client_certificate {authority};
        ssl_verify_client on;
        location / {{ return 200 $ssl_client_verify; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nginx:
    port: int

    def url(self, path: str, *, host: str = "localhost") -> str:
        return f"https://{host}:{self.port}{path}"


@pytest.fixture
def nginx(*, authority: Authority, tmp_path: Path, free_port: int) -> Iterator[Nginx]:
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin")
    if program is None:
        pytest.skip("nginx is not installed")
    issued = authority.issue("localhost", "private.localhost")
    (tmp_path / "page.html").write_text("a" * 2_000_000)
    (tmp_path / "nginx.conf").write_text(
        CONFIGURATION.format(
            folder=tmp_path,
            port=free_port,
            certificate=issued.certificate,
            key=issued.key,
            authority=authority.ca_file,
        )
    )
    command = [program, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "error.log")]
    with subprocess.Popen(command) as process:
        yield Nginx(port=free_port)
        process.terminate()


async def answers(client: Client, url: str, *, body: bytes = b"{}", certificate: str | None = None) -> Answer:
    """Send, again while nginx is still starting."""
    async with asyncio.timeout(60):
        while True:
            answer = await client.send(Request(url=url, body=body, timeout_ms=60_000, client_certificate=certificate))
            if answer.outcome is not Outcome.UNREACHABLE:
                return answer
            await Clock().sleep(0.01)


async def test_connections_are_kept_and_closed_as_nginx_says(client: Client, nginx: Nginx) -> None:
    kept = [await answers(client, nginx.url("/ok")) for _ in range(3)]
    twice = [await answers(client, nginx.url("/twice")) for _ in range(4)]

    assert [(answer.outcome, answer.body, answer.reused) for answer in kept] == [
        (Outcome.OK, b"fine", False), (Outcome.OK, b"fine", True), (Outcome.OK, b"fine", True),
    ]  # fmt: skip
    assert {answer.outcome for answer in twice} == {Outcome.OK}
    assert not all(answer.reused for answer in twice)


async def test_a_tls_session_is_taken_up_again(client: Client, nginx: Nginx) -> None:
    once = [await answers(client, nginx.url("/once")) for _ in range(3)]

    assert [dict(answer.headers)["x-resumed"] for answer in once] == [".", "r", "r"]
    assert [answer.reused for answer in once] == [False, False, False]


@pytest.mark.parametrize(
    ("path", "outcome", "status"),
    [
        ("/gone", Outcome.GONE, 410),
        ("/moved", Outcome.REFUSED, 301),
        ("/nowhere", Outcome.REFUSED, 404),
        ("/silent", Outcome.BROKEN, None),
        ("/page.html", Outcome.OK, 200),
    ],
)
async def test_what_nginx_answers_ends_as_one_outcome(
    *, client: Client, nginx: Nginx, path: str, outcome: Outcome, status: int | None
) -> None:
    answer = await answers(client, nginx.url(path))

    assert (answer.outcome, answer.status) == (outcome, status)


async def test_a_long_chunked_answer_is_read_to_a_limit(client: Client, nginx: Nginx) -> None:
    first, second = [await answers(client, nginx.url("/page.html")) for _ in range(2)]

    assert dict(first.headers)["transfer-encoding"] == "chunked"
    assert first.body == b"a" * 4_096
    assert (second.outcome, second.reused) == (Outcome.OK, False)


async def test_a_body_that_nginx_will_not_read_is_refused_with_its_status(client: Client, nginx: Nginx) -> None:
    answer = await answers(client, nginx.url("/ok"), body=b"a" * 10_000)

    assert (answer.outcome, answer.status) == (Outcome.REFUSED, 413)


async def test_a_client_certificate_is_shown(*, client: Client, nginx: Nginx, authority: Authority) -> None:
    url = nginx.url("/", host="private.localhost")
    without = await answers(client, url)
    known = await answers(client, url, certificate=authority.issue("Tidings", is_client=True).pem)

    assert (without.outcome, without.status) == (Outcome.REFUSED, 400)
    assert (known.outcome, known.body) == (Outcome.OK, b"SUCCESS")


async def test_many_requests_at_once_are_all_answered(client: Client, nginx: Nginx) -> None:
    await answers(client, nginx.url("/ok"))
    all_answers = await asyncio.gather(*(answers(client, nginx.url("/ok")) for _ in range(200)))

    assert {answer.outcome for answer in all_answers} == {Outcome.OK}
