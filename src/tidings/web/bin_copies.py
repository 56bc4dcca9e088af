"""Copies: a caught request as a command or a program that sends it again."""

import base64
import re
import shlex
from collections.abc import Sequence
from urllib.parse import urlsplit

from tidings.store.bins import Request

# What belongs to a connection, or is made anew for each.
_LEFT_OUT = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "keep-alive", "te", "trailer", "upgrade", "expect"}
)
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def url_of(request: Request, *, public_url: str) -> str:
    """Where it was sent. `public_url` ends in a slash."""
    return public_url + request.path.lstrip("/") + (request.query and f"?{request.query}")


def as_curl(request: Request, *, public_url: str) -> str:
    """A shell's command. What came is quoted, and never taken for a file's name, as curl would a leading @."""
    words = ["curl", "--globoff", "--head" if request.method == "HEAD" else f"--request {_quoted(request.method)}"]
    words.append(_quoted(url_of(request, public_url=public_url)))
    for name, value in _headers(request):
        words.append(f"--header {_quoted(f'{name}: {value}' if value else f'{name};')}")
    text = _text(request.body)
    if not request.body:
        return " \\\n  ".join(words) + "\n"
    if text is not None:
        return " \\\n  ".join([*words, f"--data-raw {_quoted(text)}"]) + "\n"
    encoded = base64.b64encode(request.body).decode()
    return f"printf %s {encoded} | base64 -d | " + " \\\n  ".join([*words, "--data-binary @-"]) + "\n"


def as_python(request: Request, *, public_url: str) -> str:
    """A program that needs Python alone."""
    parts = urlsplit(public_url)
    kind = "HTTPSConnection" if parts.scheme == "https" else "HTTPConnection"
    target = parts.path + request.path.lstrip("/") + (request.query and f"?{request.query}")
    headers = "".join(f"connection.putheader({name!r}, {value!r})\n" for name, value in _raw_headers(request))
    length = f"connection.putheader('content-length', {str(len(request.body))!r})\n" if request.body else ""
    return (
        "import http.client\n\n"
        f"connection = http.client.{kind}({parts.netloc!r}, timeout=30)\n"
        f"connection.putrequest({request.method!r}, {target!r}, skip_accept_encoding=True)\n"
        f"{headers}{length}"
        f"connection.endheaders({request.body or None!r})\n"
        "answer = connection.getresponse()\n"
        "print(answer.status, answer.read().decode(errors='replace'))\n"
    )


def _raw_headers(request: Request) -> Sequence[tuple[str, str]]:
    return [(name, value) for name, value in request.headers if name.lower() not in _LEFT_OUT and _NAME.fullmatch(name)]


def _headers(request: Request) -> Sequence[tuple[str, str]]:
    """As a terminal in UTF-8 sends the same bytes; without what would steer it."""
    found = []
    for name, value in _raw_headers(request):
        try:
            written = value.encode("latin-1").decode()
        except UnicodeError:
            written = value
        found.append((name, _UNPRINTABLE.sub("", written)))
    return found


def _text(body: bytes) -> str | None:
    """The body, if it can stand in a command as it is."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if _UNPRINTABLE.search(text) else text


def _quoted(text: str) -> str:
    return shlex.quote(text)
