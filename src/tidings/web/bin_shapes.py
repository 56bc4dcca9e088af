"""Shapes of the inspector's API: what callers send, and what they are told."""

import base64
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tidings.core.difference import Difference, difference
from tidings.core.json_text import LARGEST_BODY
from tidings.core.reply import Replies
from tidings.core.row import Cell, Field, Row, Shape
from tidings.core.verdict import Scheme, Verdict
from tidings.dashboards.moment import moment_text
from tidings.inbox.inspector import MOST_REQUESTS
from tidings.inbox.promotion import Preview
from tidings.store.bins import Bin, Capture

# Characters; a PEM would not be a secret of any of the schemes.
_LONGEST_SECRET = 1_024
# Bytes of what was signed that a verdict shows.
_MOST_SIGNED = 64 * 1024

# Below it whole numbers are written as people do.
_EXACT = 2**53

_Secret = Annotated[str, Meta(max_length=_LONGEST_SECRET)]


class BinOrder(msgspec.Struct):
    """What bin to make; without a name it gets a random one."""

    name: str | None = None


class BinMade(msgspec.Struct, rename="camel"):
    """A bin, its address, and the token that shows what is in it, told this once."""

    name: str
    url: str
    view_token: str
    expires_at: int


class BinShown(msgspec.Struct, rename="camel"):
    """A bin: how much it keeps and until when, how many requests ever came, and what it answers."""

    name: str
    url: str
    expires_at: int
    captured: int
    most_requests: int
    largest_body: int
    replies: Replies


class BinsShown(msgspec.Struct, rename="camel", omit_defaults=True):
    """A connector's bins by name."""

    bins: list[BinShown]
    cursor: str = ""


class Shown(msgspec.Struct, rename="camel", omit_defaults=True):
    """A caught request. Its body stands in `body` if it is text in UTF-8, else in `bodyBase64`.

    Headers stand in the order and the case in which they came. `tookMs` is the time from its head to the end of its
    body, `status` what it was answered; `tlsVersion` and `tlsCipher` are there where TLS ended here.
    """

    number: int
    at: int
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    peer: str
    client: str
    took_ms: int
    http_version: str
    is_tls: bool
    status: int
    tls_version: str = ""
    tls_cipher: str = ""
    body: str | None = None
    body_base64: str | None = None


class ShownRequests(msgspec.Struct, rename="camel"):
    """Caught requests, oldest first; `next` is the `after` that continues, also where nothing was wanted so far."""

    requests: list[Shown]
    next: int


class Claim(msgspec.Struct):
    """By which scheme and with which secret a request should be signed. The secret is not kept."""

    scheme: Scheme
    secret: _Secret


class VerdictShown(msgspec.Struct, rename="camel", omit_defaults=True):
    """Whether a request is genuine, and if not, why.

    `expected` is the signature that this secret makes, `over` says in words what it is made over, and `signed` or
    `signedBase64` are those bytes, the first 65,536 of them. `ageMs` is how old the signature was on arrival.
    """

    is_genuine: bool
    why: str
    received: list[str]
    expected: str
    over: str
    signed_bytes: int
    signed: str | None = None
    signed_base64: str | None = None
    age_ms: int | None = None
    hints: list[str] = []


class HeaderDifference(msgspec.Struct):
    """A header whose values differ; none where it is not there."""

    name: str
    before: list[str]
    after: list[str]


class LineDifference(msgspec.Struct):
    """A part of the request line that differs: `method`, `path` or `query`."""

    part: str
    before: str
    after: str


class RequestsDifference(msgspec.Struct):
    """What differs between two requests."""

    line: list[LineDifference]
    headers: list[HeaderDifference]
    body: Difference


class PreviewOrder(msgspec.Struct):
    """By which dialect to understand a request, and as whose."""

    dialect: str
    source: str | None = None


class Column(msgspec.Struct, rename="camel"):
    """A value of a row, and the column that it would like to be in."""

    name: str
    shape: Shape
    value: Cell
    is_key: bool


class PreviewedRow(msgspec.Struct):
    """A row and the table that it would like to be in."""

    table: str
    columns: list[Column]


class PreviewShown(msgspec.Struct):
    """The first 200 rows that would be laid, of `count`. The tables may find other names where these are taken."""

    type: str
    rows: list[PreviewedRow]
    count: int


class Promotion(msgspec.Struct):
    """The source to make of a bin; without a secret a random one, which nothing in the bin will have proved."""

    source: str
    dialect: str
    secret: _Secret | None = None


class RefusedRequest(msgspec.Struct):
    """A request that did not pass the checks."""

    number: int
    why: str


class Promoted(msgspec.Struct):
    """A new source, its address and secret, how many requests it took, and the first 20 that it refused."""

    source: str
    url: str
    secret: str
    kept: int
    refused: int
    reasons: list[RefusedRequest]


class Done(msgspec.Struct):
    """Nothing more to say: it is done."""


def bin_shown(bin_: Bin, *, url: str) -> BinShown:
    return BinShown(
        name=bin_.name,
        url=url,
        expires_at=bin_.expires_at,
        captured=bin_.captured,
        most_requests=MOST_REQUESTS,
        largest_body=LARGEST_BODY,
        replies=bin_.replies,
    )


def shown(capture: Capture) -> Shown:
    request = capture.request
    body, encoded = text_or_base64(request.body)
    return Shown(
        number=capture.number,
        at=request.at,
        method=request.method,
        path=request.path,
        query=request.query,
        headers=request.headers,
        peer=request.peer,
        client=request.client,
        took_ms=request.took_ms,
        http_version=request.http_version,
        is_tls=request.is_tls,
        status=capture.status,
        tls_version=request.tls_version,
        tls_cipher=request.tls_cipher,
        body=body,
        body_base64=encoded,
    )


def verdict_shown(verdict: Verdict) -> VerdictShown:
    text, encoded = text_or_base64(verdict.signed[:_MOST_SIGNED])
    return VerdictShown(
        is_genuine=verdict.is_genuine,
        why=verdict.why,
        received=list(verdict.received),
        expected=verdict.expected,
        over=verdict.over,
        signed_bytes=len(verdict.signed),
        signed=text,
        signed_base64=encoded,
        age_ms=verdict.age_ms,
        hints=list(verdict.hints),
    )


def requests_difference(before: Capture, after: Capture) -> RequestsDifference:
    """What differs between two requests. Takes time: call it in a thread."""
    one, other = before.request, after.request
    lines = (("method", one.method, other.method), ("path", one.path, other.path), ("query", one.query, other.query))
    old, new = _by_name(one.headers), _by_name(other.headers)
    return RequestsDifference(
        line=[LineDifference(part=part, before=was, after=is_) for part, was, is_ in lines if was != is_],
        headers=[
            HeaderDifference(name=name, before=old.get(name, []), after=new.get(name, []))
            for name in dict.fromkeys([*old, *new])
            if old.get(name) != new.get(name)
        ],
        body=difference(one.body, other.body),
    )


def preview_shown(preview: Preview) -> PreviewShown:
    return PreviewShown(type=preview.reading.type, rows=[_row(row) for row in preview.rows], count=preview.count)


def text_or_base64(octets: bytes) -> tuple[str | None, str | None]:
    """Bytes as text, if they are UTF-8, else in base64."""
    try:
        return octets.decode(), None
    except UnicodeDecodeError:
        return None, base64.b64encode(octets).decode()


def cell_text(shape: Shape, value: Any) -> str:  # noqa: ANN401 - a Cell, as its shape says
    """A value as people read it."""
    if shape is Shape.INSTANT and isinstance(value, int):
        return moment_text(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return "" if value is None else str(value)


def _row(row: Row) -> PreviewedRow:
    keyed: Sequence[tuple[Field, bool]] = [*((one, True) for one in row.key), *((one, False) for one in row.fields)]
    return PreviewedRow(
        table=row.place.name,
        columns=[Column(name=one.name, shape=one.shape, value=one.value, is_key=is_key) for one, is_key in keyed],
    )


def _by_name(headers: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    return found
