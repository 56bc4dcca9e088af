"""A request, and the bytes that it is on the wire."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import IO, Literal

import msgspec

from tidings.core.errors import Invalid
from tidings.egress.url import Target

# They frame the message or belong to one hop: whoever could set them could smuggle a second request.
OUR_OWN = frozenset({
    "accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "user-agent",
})  # fmt: skip
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
# Names of headers come from us and from the webhooks' own lists; a guess at how many differ.
_NAMES_KEPT = 1_024


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What to send. `lines`, which `header_lines` wrote before, and `headers` go out in order.

    Host, User-Agent and what frames the body are added.

    `timeout_ms` covers everything: name, connection, TLS, request and answer. `client_certificate` is PEM of the
    certificate, its chain and its unencrypted key.

    With `into`, the answer's body is written there, whatever its status, and `Answer.body` stays empty; an answer that
    takes over `most` bytes, those of its chunks' sizes included, is then broken off and `TOO_BIG`.
    """

    url: str
    method: Literal["POST", "GET"] = "POST"
    lines: bytes = b""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    timeout_ms: int
    client_certificate: str | None = None
    into: IO[bytes] | None = None
    most: int = 0

    def __repr__(self) -> str:
        return f"Request({self.method})"  # URL, headers, body and certificate may be secret


def check_header(name: str, value: str) -> None:
    """Check a header that somebody wants sent. Raises `Invalid`."""
    _line_start(name)
    if _UNSENDABLE.search(value):
        raise Invalid(f"the header {name}'s value contains a control character or half a character; leave it out")


def prefix(target: Target, *, user_agent: str) -> bytes:
    """The part of the head that all requests to a URL share, from behind the method on."""
    return (
        f" {target.path_and_query} HTTP/1.1\r\nhost: {target.authority}\r\nuser-agent: {user_agent}\r\n"
        "accept: */*\r\naccept-encoding: identity\r\n"
    ).encode()


def render(request: Request, shared: bytes) -> bytes:
    """Head and body as they are sent, in one piece. Raises `Invalid` if a header could be read as two."""
    lines = request.lines + header_lines(request.headers) if request.headers else request.lines
    if request.method == "GET":
        return b"GET%b%b\r\n" % (shared, lines)
    return b"POST%b%bcontent-length: %d\r\n\r\n%b" % (shared, lines, len(request.body), request.body)


def header_lines(headers: Sequence[tuple[str, str]]) -> bytes:
    """Headers as they are sent. Raises `Invalid` if one could be read as two."""
    lines = b"".join(_line_start(name) + value.encode("utf-8", "replace") + b"\r\n" for name, value in headers)
    if lines.count(b"\n") != len(headers) or lines.count(b"\r") != len(headers) or b"\0" in lines:
        raise Invalid("a header's value contains a line break; leave it out")
    return lines


@lru_cache(_NAMES_KEPT)
def _line_start(name: str) -> bytes:
    if not _TOKEN.fullmatch(name):
        raise Invalid(f"{name!r} is not the name of a header; use letters, digits and '-'")
    if name.lower() in OUR_OWN:
        raise Invalid(f"the header {name} is set by the sender itself; leave it out")
    return name.encode() + b": "
