"""Asking an application directly: one request, its status, and what of its body comes at once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from starlette.types import ASGIApp, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:  # noqa: ANN401 - any JSON
        return json.loads(self.body)


async def ask(
    application: ASGIApp,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: object = None,
    form: Mapping[str, str | list[str]] | None = None,
) -> Answer:
    """Send JSON, a form or nothing, and hang up after the head and the first piece of what goes on for ever."""
    sent = {"host": "tidings.example.com"} | {name.lower(): value for name, value in (headers or {}).items()}
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    if form is not None:
        content = urlencode(form, doseq=True).encode()
        sent.setdefault("content-type", "application/x-www-form-urlencoded")
    elif content:
        sent.setdefault("content-type", "application/json")
    sent["content-length"] = str(len(content))
    told = _Told(content)
    await application(_scope(method, url, headers=sent), told.receive, told.send)
    return Answer(status=told.status, headers=told.headers, body=bytes(told.body))


class _Told:
    """The other end of one exchange."""

    def __init__(self, content: bytes) -> None:
        self._content: bytes | None = content
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()

    async def receive(self) -> Message:
        content, self._content = self._content, None
        return {"type": "http.disconnect"} if content is None else {"type": "http.request", "body": content}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
        else:
            self.body += message.get("body", b"")


def _scope(method: str, url: str, *, headers: Mapping[str, str]) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "type": "http",
        # Of that version, whoever streams listens for the other end hanging up.
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": parts.path,
        "raw_path": quote(parts.path, safe="/%:@!$&'()*+,;=~-._").encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        "client": ("127.0.0.1", 40_000),
        "server": ("tidings.example.com", 443),
        "extensions": {},
    }
