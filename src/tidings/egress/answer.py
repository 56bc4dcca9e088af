"""What comes of a request: an outcome, and what the endpoint said."""

from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

_SECOND = 1_000


class Outcome(StrEnum):
    """What happened to a request. Only `OK` is success."""

    OK = "ok"  # answered with 2xx
    REFUSED = "refused"  # answered with any other status, redirects included
    GONE = "gone"  # answered with 410: nobody wants this any more
    FORBIDDEN = "forbidden"  # the guard did not let us call, by its form or by its address
    NAME_FAILED = "name_failed"  # the name has no address, or its servers do not answer
    UNREACHABLE = "unreachable"  # no connection, or the proxy would not make one
    TLS_FAILED = "tls_failed"  # no common protocol, or a certificate that one side does not accept
    TIMED_OUT = "timed_out"  # the deadline passed before the answer was complete
    BROKEN = "broken"  # the connection ended, or what came is not an HTTP answer
    TOO_BIG = "too_big"  # the answer's head is over 64 kB, or its body over what the request may bring


# Asked for at every answer; see `core.subscription` for why.
OK = Outcome.OK


class Timings(NamedTuple):
    """Milliseconds that each phase took; -1 for one that was not gone through."""

    name_ms: float = -1.0
    connect_ms: float = -1.0
    tls_ms: float = -1.0
    first_byte_ms: float = -1.0  # from the request's last byte written to the answer's first
    total_ms: float = -1.0  # everything, from the call of `send`


class Answer(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What came of one request. `error` is empty if the outcome is `OK`, else one sentence that says why.

    `status` is None if no head arrived. `headers` are in order, names in lower case, up to 8 kB of them; `body` is the
    first 4,096 bytes. `retry_after_ms` is what Retry-After asks for, unbounded, 0 if it does not. `address` is the one
    dialled, `reused` says whether the connection was a kept one.
    """

    outcome: Outcome
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    error: str = ""
    timings: Timings = Timings()
    address: str = ""
    reused: bool = False
    retry_after_ms: int = 0

    def __repr__(self) -> str:
        return f"Answer({self.outcome}, status={self.status})"  # headers and body may be secret


class Failed(Exception):
    """Ends a request inside this package; `Client.send` makes an `Answer` of it."""

    def __init__(self, outcome: Outcome, error: str) -> None:
        super().__init__(error)
        self.outcome = outcome
        self.error = error


def outcome_of(status: int) -> Outcome:
    if 200 <= status < 300:  # noqa: PLR2004 - any 2xx is success
        return OK
    return Outcome.GONE if status == 410 else Outcome.REFUSED  # noqa: PLR2004 - Gone


def retry_after_ms(headers: tuple[tuple[str, str], ...], now: int) -> int:
    """How long Retry-After asks to wait: a number of seconds or an HTTP date (RFC 9110, 10.2.3); 0 if neither."""
    text = next((value.strip() for name, value in headers if name == "retry-after"), "")
    if text.isascii() and text.isdigit():
        # Ten digits are three hundred years; more is a way to make us count.
        return int(text[:10]) * _SECOND
    try:
        return max(0, int(parsedate_to_datetime(text).timestamp() * _SECOND) - now)
    except (ValueError, OverflowError):
        return 0
