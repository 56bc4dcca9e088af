"""Reply: what a bin answers to a request, as whoever made the bin decided."""

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from tidings.core.clock import SECOND
from tidings.core.errors import Invalid

LONGEST_DELAY_MS = 30 * SECOND
# Bytes and numbers. Guesses: what a receiver answers is short, and nobody should host pages here.
LARGEST_REPLY = 64 * 1024
_MOST_HEADERS, _LONGEST_VALUE, _MOST_METHODS = 20, 1_024, 10
# Failure policy: refuse. Whatever is not known to be harmless could set cookies, send browsers elsewhere, or tell a
# proxy before us to serve a file of its own (X-Accel-Redirect).
_HARMLESS = frozenset(
    {
        "allow", "cache-control", "content-disposition", "content-language", "content-type", "deprecation", "etag",
        "expires", "last-modified", "ratelimit", "ratelimit-policy", "retry-after", "sunset",
    }
)  # fmt: skip
_HARMLESS_KINDS = ("x-ratelimit-", "x-request-", "x-correlation-", "x-bin-")
_NAME = re.compile(r"[a-z0-9-]{1,100}")
_VALUE = re.compile(r"[\x21-\x7e\xa0-\xff]([\x20-\x7e\xa0-\xff]*[\x21-\x7e\xa0-\xff])?")
_METHOD = re.compile(r"[A-Z]{1,20}")
# They have no body (RFC 9110), whatever one would like them to say.
_WITHOUT_BODY = frozenset({204, 205, 304})
_TYPE = "text/plain; charset=utf-8"


class Reply(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """An answer: sent after `delayMs` milliseconds; one in so many (`failureRate`, 0 to 1) fails with 500 instead."""

    status: Annotated[int, Meta(ge=200, le=599)] = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str = "kept\n"
    delay_ms: Annotated[int, Meta(ge=0, le=LONGEST_DELAY_MS)] = 0
    failure_rate: Annotated[float, Meta(ge=0, le=1)] = 0.0

    @property
    def content(self) -> bytes:
        """The body's bytes; a status that cannot have any has none."""
        return b"" if self.status in _WITHOUT_BODY else self.body.encode()

    @property
    def content_type(self) -> str:
        return next((value for name, value in self.headers if name.lower() == "content-type"), _TYPE)

    def drawn(self, chance: float) -> "Reply":
        """The reply itself, or with bad luck a failure; `chance` is from 0 up to 1."""
        return self if chance >= self.failure_rate else _failure(self.delay_ms)


class Replies(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True
):
    """What a bin answers: `byMethod` to requests of those methods, `reply` to all others."""

    reply: Reply = Reply()
    by_method: dict[str, Reply] = {}

    def to(self, method: str) -> Reply:
        return self.by_method.get(method, self.reply)


def must_be_harmless(replies: Replies) -> None:
    """Raises Invalid, naming the place, for what must not be answered in our name."""
    if len(replies.by_method) > _MOST_METHODS:
        raise Invalid(f"byMethod: has {len(replies.by_method)} methods; at most {_MOST_METHODS} can differ")
    _check(replies.reply, place="reply")
    for method, reply in replies.by_method.items():
        if not _METHOD.fullmatch(method):
            raise Invalid("byMethod: a method is written in capital letters, like POST")
        _check(reply, place=f"byMethod.{method}")


def _check(reply: Reply, *, place: str) -> None:
    if len(reply.body.encode()) > LARGEST_REPLY:
        raise Invalid(f"{place}.body: may have {LARGEST_REPLY} bytes")
    if len(reply.headers) > _MOST_HEADERS:
        raise Invalid(f"{place}.headers: at most {_MOST_HEADERS} can be set")
    for name, value in reply.headers:
        lower = name.lower()
        if not _NAME.fullmatch(lower) or not (lower in _HARMLESS or lower.startswith(_HARMLESS_KINDS)):
            kinds = ", ".join([*sorted(_HARMLESS), *(f"{kind}…" for kind in _HARMLESS_KINDS)])
            raise Invalid(f"{place}.headers: {name[:100]!r} cannot be set; those that can are {kinds}")
        if len(value) > _LONGEST_VALUE or not _VALUE.fullmatch(value):
            raise Invalid(f"{place}.headers: {lower} must be one line of 1 to {_LONGEST_VALUE} printable characters")


def _failure(delay_ms: int) -> Reply:
    return Reply(status=500, body="this bin fails at random, as it was told to\n", delay_ms=delay_ms)
