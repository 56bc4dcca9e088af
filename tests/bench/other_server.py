"""A small webhook server of another make, with an API of its own: teams, hooks, notices in lines, wrapped callbacks."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "made-up"
ADAPTER = """
name = "Other"
variables = { key = "OTHER_KEY" }
headers = { x-api-key = "${key}" }

[[set-up]]
call = "PUT ${url}/teams"
body = "bench ${run}"
headers = { content-type = "text/plain" }
take = { team = "/team/0/serial" }

[[set-up]]
per-webhook = true
call = "POST ${url}/teams/${team}/hooks"
body = { to = "${webhook}", price = "$$${place}" }
take = { hook = "/a~1b" }

[publish]
call = "POST ${url}/notices?team=${team}"
body = { key = "${uuid}", inner = '{"words": "${text}"}', at = "${now}" }
accepted = [202]
stamp = "/wrapped/0"
batch = { headers = { content-type = "application/x-lines" }, before = "", between = "\\n", after = "\\n" }

[[tear-down]]
per-webhook = true
call = "DELETE ${url}/teams/${team}/hooks/${hook}"

[[tear-down]]
call = "DELETE ${url}/teams/${team}"
"""


class OtherServer(ThreadingHTTPServer):
    """What it was told; it repeats the first notice of each request, and ends a connection now and then."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.calls: list[tuple[str, str]] = []
        self.told: list[Any] = []
        self.hooks: dict[str, str] = {}
        self.keys: list[str] = []
        self.lock = threading.Lock()


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: OtherServer

    def _converse(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.headers["x-api-key"] != KEY:
            self._answer(401, {"error": "who are you?"})
        elif self.path.startswith("/notices"):
            self._publish(body)
        else:
            self._change(body)

    do_PUT = do_POST = do_DELETE = _converse  # noqa: N815 - as the library calls them

    def _change(self, body: bytes) -> None:
        self.server.calls.append((self.command, self.path))
        if body:
            self.server.told.append(body.decode())
        if self.command == "PUT":
            self._answer(201, {"team": [{"serial": 7}]})
        elif self.command == "POST":
            hook = f"h/{len(self.server.hooks)}"
            self.server.hooks[hook] = json.loads(body)["to"]
            self._answer(200, {"a/b": hook})
        else:
            self._answer(404 if self.path == "/teams/7" else 204, {})

    def _publish(self, body: bytes) -> None:
        assert parse_qs(urlsplit(self.path).query) == {"team": ["7"]}
        notices = [json.loads(line) for line in body.splitlines()]
        with self.server.lock:
            self.server.keys.extend(notice["key"] for notice in notices)
            is_last = len(self.server.keys) % 12 == 0
        self._answer(202, {}, is_last=is_last)
        for notice in [*notices, notices[0]]:
            for url in self.server.hooks.values():
                _deliver(url, {"wrapped": [notice["inner"]]})

    def _answer(self, status: int, content: object, *, is_last: bool = False) -> None:
        body = b"" if status == http.HTTPStatus.NO_CONTENT else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        if is_last:
            self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - as the library calls it
        """Say nothing."""


@contextmanager
def other_server() -> Iterator[OtherServer]:
    """One that runs."""
    with OtherServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def _deliver(url: str, content: object) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    connection.request("POST", parts.path, json.dumps(content))
    connection.getresponse().read()
    connection.close()
