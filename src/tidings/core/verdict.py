"""Verdict: why a signature is right or wrong, and what would have been right, for whoever builds a receiver or sender.

The judging itself is the readers': this tells what they do not. Secrets are looked at and forgotten.
"""

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tidings.core import json_text
from tidings.core.clock import SECOND
from tidings.core.errors import Invalid
from tidings.core.proof import signed
from tidings.core.receipt import Receipt
from tidings.core.secret import Secret
from tidings.core.signature import (
    MOST_SIGNATURES,
    SecretKind,
    SigningSecret,
    parse,
    sign,
    verify,
)

_LONGEST_TIME = 12
_URL_SAFE = str.maketrans("-_", "+/")


class Scheme(StrEnum):
    """How a callback is signed; the names are those of the readers that check it."""

    STANDARD = "standard"
    GITHUB = "github"
    STRIPE = "stripe"
    KAIZALA = "kaizala"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a request is genuine, and why not.

    `expected` is the signature that this secret makes, empty where nobody can tell; `signed` are the bytes that it is
    made over, `over` the same in words. `age_ms` is how old the signature was on arrival, None if it tells no time.
    """

    is_genuine: bool
    why: str
    received: Sequence[str]
    expected: str
    over: str
    signed: bytes
    age_ms: int | None
    hints: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """A scheme's view of one receipt. `fits` tells whether that secret made a signature over that body, at any time."""

    received: Sequence[str]
    over: str
    head: bytes
    seconds: str
    expect: Callable[[str, bytes], str]
    fits: Callable[[str, bytes], bool]


def scheme_of(receipt: Receipt) -> Scheme | None:
    """By which scheme a receipt seems to be signed."""
    return next((scheme for scheme, names in _TELLING.items() if any(map(receipt.header, names))), None)


def judge(receipt: Receipt, *, scheme: Scheme, secret: Secret, refusal: str) -> Verdict:
    """Explain what the scheme's reader said of a receipt: `refusal`, empty if it let it in."""
    if scheme is Scheme.KAIZALA:
        return _of_token(receipt, secret=secret, refusal=refusal)
    form = _FORMS[scheme](receipt)
    text = secret.reveal()
    return Verdict(
        is_genuine=not refusal,
        why=refusal or "a signature was made with this secret over exactly these bytes, in time",
        received=form.received,
        expected=_told(form, secret=text, body=receipt.body),
        over=form.over,
        signed=form.head + receipt.body,
        age_ms=receipt.at - int(form.seconds) * SECOND if form.seconds else None,
        hints=tuple(_hints(receipt, form, secret=text)) if refusal and form.received else (),
    )


def _of_token(receipt: Receipt, *, secret: Secret, refusal: str) -> Verdict:
    token = receipt.header("kz-callback-token")
    hints = []
    if refusal and token and Secret(token.strip()) == Secret(secret.reveal().strip()):
        hints.append("the token differs by spaces around it alone")
    if refusal and not token:
        hints.append("there is no header kz-callback-token: the webhook was made without a callBackToken")
    return Verdict(
        is_genuine=not refusal,
        why=refusal or "the request brings this token",
        received=(token,) if token else (),
        expected="",
        over="nothing: the header kz-callback-token brings the token itself, whatever the body is",
        signed=b"",
        age_ms=None,
        hints=hints,
    )


def _standard(receipt: Receipt) -> _Form:
    values = {
        name: receipt.header(f"webhook-{name}") or receipt.header(f"svix-{name}")
        for name in ("id", "timestamp", "signature")
    }
    seconds = _seconds(values["timestamp"])

    def expect(secret: str, body: bytes) -> str:
        return sign([_signing(secret)], values["id"], timestamp=int(seconds or "0"), body=body)

    def fits(secret: str, body: bytes) -> bool:
        try:
            verify(
                [_signing(secret)],
                message_id=values["id"],
                timestamp=seconds,
                signature=values["signature"],
                body=body,
                now=int(seconds or "0") * SECOND,
            )
        except Invalid:
            return False
        return True

    return _Form(
        received=values["signature"].split(" ")[:MOST_SIGNATURES] if values["signature"] else (),
        over="webhook-id, '.', webhook-timestamp, '.', the body as it was sent; HMAC-SHA256 in base64, or ed25519",
        head=f"{values['id']}.{values['timestamp']}.".encode(),
        seconds=seconds,
        expect=expect,
        fits=fits,
    )


def _github(receipt: Receipt) -> _Form:
    given = receipt.header("x-hub-signature-256")

    def expect(secret: str, body: bytes) -> str:
        return f"sha256={signed(body, secret=Secret(secret)).reveal()}"

    return _Form(
        received=(given,) if given else (),
        over="the body as it was sent; HMAC-SHA256 in hexadecimal",
        head=b"",
        seconds="",
        expect=expect,
        fits=lambda secret, body: Secret(expect(secret, body)) == Secret(given),
    )


def _stripe(receipt: Receipt) -> _Form:
    parts = [part.strip().partition("=") for part in receipt.header("stripe-signature").split(",")]
    time = next((value for name, _, value in parts if name == "t"), "")
    given = [f"v1={value}" for name, _, value in parts if name == "v1"][:MOST_SIGNATURES]
    head = f"{time}.".encode()

    def expect(secret: str, body: bytes) -> str:
        return f"v1={signed(head + body, secret=Secret(secret)).reveal()}"

    return _Form(
        received=given,
        over="the t of Stripe-Signature, '.', the body as it was sent; HMAC-SHA256 in hexadecimal",
        head=head,
        seconds=_seconds(time),
        expect=expect,
        fits=lambda secret, body: Secret(expect(secret, body)) in [Secret(one) for one in given],
    )


_TELLING = {
    Scheme.STANDARD: ("webhook-signature", "svix-signature"),
    Scheme.GITHUB: ("x-hub-signature-256",),
    Scheme.STRIPE: ("stripe-signature",),
    Scheme.KAIZALA: ("kz-callback-token",),
}
_FORMS: dict[Scheme, Callable[[Receipt], _Form]] = {
    Scheme.STANDARD: _standard,
    Scheme.GITHUB: _github,
    Scheme.STRIPE: _stripe,
}


def _told(form: _Form, *, secret: str, body: bytes) -> str:
    try:
        return form.expect(secret, body)
    except Invalid:
        return ""


def _hints(receipt: Receipt, form: _Form, *, secret: str) -> Iterator[str]:
    if form.fits(secret, receipt.body):
        yield "the signature itself is right: only its time is not, so the sender's clock is off, or this was replayed"
        return
    for how, other in _bodies(receipt.body):
        if form.fits(secret, other):
            yield f"the signature is right for the body {how}: sign and verify the bytes that are sent, not JSON anew"
            return
    for how, one in _secrets(secret):
        if form.fits(one, receipt.body):
            yield f"the signature is right with {how}"
            return
    said = receipt.header("content-length")
    if said and said != str(len(receipt.body)):
        yield f"content-length says {said[:20]} and there are {len(receipt.body)} bytes: the body changed on its way"
    if receipt.header("content-encoding"):
        yield "the body came encoded (content-encoding): the sender may have signed it before it was"
    yield "neither another spelling of the body nor one of the secret fits: it is another secret, or another body"


def _bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The same document, as programs write it that parse a body before they verify it."""
    yield "with a line end after it", body + b"\n"
    yield "without the line end after it", body.rstrip(b"\r\n")
    yield "with other line ends", body.replace(b"\r\n", b"\n")
    yield "with other line ends", body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    try:
        document = json_text.read(body)
    except Invalid:
        return
    for how, options in _SPELLINGS:
        text = json.dumps(document, **options)
        yield f"written anew as JSON, {how}", text.encode()
        if "/" in text:
            yield f"written anew as JSON, {how}, with slashes escaped", text.replace("/", "\\/").encode()


_COMPACT = (",", ":")
_SPELLINGS: Sequence[tuple[str, dict[str, Any]]] = (
    ("compact", {"separators": _COMPACT, "ensure_ascii": False}),
    ("compact, other letters than ASCII escaped", {"separators": _COMPACT}),
    ("compact, names sorted", {"separators": _COMPACT, "ensure_ascii": False, "sort_keys": True}),
    ("with spaces", {"ensure_ascii": False}),
    ("with spaces, other letters than ASCII escaped", {}),
    ("indented by 2", {"indent": 2, "ensure_ascii": False}),
    ("indented by 4", {"indent": 4, "ensure_ascii": False}),
)


def _secrets(secret: str) -> Iterator[tuple[str, str]]:
    if secret.strip() != secret:
        yield "the secret without the spaces around it", secret.strip()
    yield "a line end after the secret: the sender read it from a file", secret + "\n"
    bare = secret.removeprefix(SecretKind.SHARED)
    if bare != secret:
        yield "the secret without its prefix whsec_", bare
    else:
        yield "whsec_ before the secret", SecretKind.SHARED + secret
    # The text itself as the key, which Standard Webhooks knows in base64 alone.
    as_key = SecretKind.SHARED + base64.b64encode(bare.encode("utf-8", "surrogatepass")).decode()
    yield "the secret's text as the key: the sender did not decode its base64", as_key


def _signing(text: str) -> SigningSecret:
    """As the reader of Standard Webhooks takes a secret: with its prefix, or without. Raises Invalid."""
    if text.startswith(tuple(SecretKind)):
        return parse(text)
    return parse(SecretKind.SHARED + text.translate(_URL_SAFE))


def _seconds(text: str) -> str:
    return text if text.isascii() and text.isdigit() and len(text) <= _LONGEST_TIME else ""
