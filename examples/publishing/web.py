"""Web: HTTP requests that follow no redirect, wait when they are told to, and say what a refusal means."""

import base64
import json
import threading
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from ssl import SSLError
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPErrorProcessor, Request, build_opener

from .failure import Later, Misconfigured, Refused

# Seconds without a byte.
SILENCE_S = 60
# How often one request is made, and for how many seconds it is waited in between at most; after that Tidings waits.
TRIES, LONGEST_WAIT_S = 3, 30
# Bytes: of an answer that is not a file, and of a file.
LONGEST_ANSWER, LARGEST_FILE = 1_000_000, 2_000_000_000
_PIECE = 1 << 20
# Somebody else is at it (409, 423), it was too much (429), or the login is wrong (401, 403, 407), which people mend.
PASSING = frozenset({401, 403, 407, 408, 409, 423, 425, 429})
TOO_MUCH, UNAVAILABLE, BROKEN = 429, 503, 500
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the other side said, whatever its status."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body as an object; empty if it is none."""
        try:
            told = json.loads(self.body)
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}

    @property
    def wait_s(self) -> int | None:
        """The seconds that `Retry-After` asks for; None if it does not."""
        asked = self.headers.get("retry-after", "")
        if asked.isascii() and asked.isdigit():
            return int(asked[:6])
        try:
            return max(0, round((parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds()))
        except (TypeError, ValueError):
            return None

    def good(self, who: str) -> "Answer":
        """The answer itself if it is a success. Raises Later or Refused, with its code and no more of it."""
        if HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES:
            return self
        sentence = f"{who} answered {self.status} {_code(self.json)}".rstrip()
        if self.status in PASSING or self.status >= BROKEN:
            raise Later(sentence, wait_s=self.wait_s or 0)
        raise Refused(sentence)


class _AsItCame(HTTPErrorProcessor):
    """No redirect is followed: it would carry passwords to another server."""

    def http_response(self, request: Request, response: Any) -> Any:  # noqa: ANN401, ARG002 - the library's own
        return response

    https_response = http_response


def ask(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | Path | None = None,
    into: Path | None = None,
) -> Answer:
    """The answer, of any status; a good one's body goes `into` a file if one is named. Raises Later without an answer.

    What is told to wait (429, 503 with Retry-After) is asked again, if it is for a short while.
    """
    for last in (*[False] * (TRIES - 1), True):
        answer = _asked(method, url, headers=dict(headers or {}), body=body, into=into)
        is_told_to_wait = answer.status in {TOO_MUCH, UNAVAILABLE} and answer.wait_s is not None
        if last or not is_told_to_wait or (answer.wait_s or 0) > LONGEST_WAIT_S:
            break
        threading.Event().wait(answer.wait_s)
    return answer


def checked_url(url: str) -> str:
    """An address without its last `/`. Raises Misconfigured if a password would go to it in the open."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise Misconfigured(f"{url!r} must begin with https:// (http:// is for this machine alone)")
    return url.rstrip("/")


def basic(user: str, password: str) -> dict[str, str]:
    """The header of a login by name and password."""
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def _asked(method: str, url: str, *, headers: dict[str, str], body: bytes | Path | None, into: Path | None) -> Answer:
    try:
        with _opened(body) as data:
            if body is not None:
                headers.setdefault("content-type", "application/octet-stream")
            if isinstance(body, Path):
                headers["content-length"] = str(body.stat().st_size)
            request = Request(url, data, headers, method=method)
            with build_opener(_AsItCame).open(request, timeout=SILENCE_S) as answer:
                is_file = into is not None and answer.status == HTTPStatus.OK
                read = _kept(answer, into) if is_file and into is not None else answer.read(LONGEST_ANSWER)
                return Answer(status=answer.status, headers=answer.headers, body=read)
    except (URLError, HTTPException, TimeoutError, ConnectionError, SSLError) as error:
        host = urlsplit(url).hostname
        raise Later(f"{host} cannot be reached: {getattr(error, 'reason', None) or type(error).__name__}") from error


def _opened(body: bytes | Path | None) -> Any:  # noqa: ANN401 - what urllib sends: bytes or an open file
    return body.open("rb") if isinstance(body, Path) else nullcontext(body)


def _kept(answer: HTTPResponse, into: Path) -> bytes:
    with into.open("wb") as file:
        while piece := answer.read(_PIECE):
            file.write(piece)
            if file.tell() > LARGEST_FILE:
                raise Refused(f"the file is larger than {LARGEST_FILE:,} bytes")
        if answer.headers.get("content-length") not in {None, str(file.tell())}:  # the library does not look
            raise Later("the file broke off")
    return b""


def _code(told: Mapping[str, Any]) -> str:
    """What went wrong in a word, as Graph, its authority and Twilio have it; longer texts may repeat what was sent."""
    error = told.get("error", told)
    code = error.get("code", "") if isinstance(error, dict) else error
    return str(code)[:60] if isinstance(code, str | int) else ""
