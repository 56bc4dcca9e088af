"""Bin view: a caught request prepared for people: facts, and its body as text, JSON, fields, parts and hexadecimal."""

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from tidings.core import json_text
from tidings.core.errors import Invalid
from tidings.store.bins import Capture, Request
from tidings.web.bin_export import fields_of

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

# Bytes that a page shows of a body, and of it in hexadecimal; the rest is in the file.
_MOST_SHOWN, _MOST_IN_HEX = 64 * 1024, 2 * 1024
_HEX_LINE = 16
_MOST_FIELDS, _MOST_PARTS, _MOST_IN_PART = 200, 50, 4 * 1024
# Controls, and what changes the direction or is not seen; the joiners of Indian scripts and emoji are seen.
_UNSHOWABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a multipart body."""

    head: str
    text: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyView:
    """A body; what it is not is empty."""

    size: int
    is_cut: bool
    pretty: str
    text: str
    fields: Sequence[tuple[str, str]]
    parts: Sequence[Part]
    hexadecimal: str

    @property
    def views(self) -> dict[str, str]:
        """The ways in which it can be shown, best first, with their names."""
        return {
            **({"json": "JSON"} if self.pretty else {}),
            **({"form": "Form"} if self.fields else {}),
            **({"parts": "Parts"} if self.parts else {}),
            "text": "As it came",
            "hex": "Hexadecimal",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """A request."""

    number: int
    at: int
    status: int
    method: str
    target: str
    facts: Sequence[tuple[str, str]]
    headers: Sequence[tuple[str, str]]
    query: Sequence[tuple[str, str]]
    body: BodyView


def view_of(capture: Capture) -> RequestView:
    request = capture.request
    return RequestView(
        number=capture.number,
        at=request.at,
        status=capture.status,
        method=request.method,
        target=showable(request.path + (request.query and f"?{request.query}")),
        facts=(
            ("Head to end of body", f"{request.took_ms} ms"),
            ("Protocol", f"HTTP/{request.http_version}"),
            ("Encryption", _encryption(request)),
            ("From", request.peer),
            *((("For, as the proxy says", request.client),) if request.client != request.peer else ()),
        ),
        headers=[(name, showable(value)) for name, value in request.headers],
        query=[(showable(name), showable(value)) for name, value in fields_of(request.query)[:_MOST_FIELDS]],
        body=_body(request),
    )


def _encryption(request: Request) -> str:
    return f"{request.tls_version or 'TLS'} {request.tls_cipher}".strip() if request.is_tls else "none up to here"


def showable(text: str) -> str:
    """Text without what would hide, reorder or fake what stands beside it."""
    return _UNSHOWABLE.sub("\ufffd", text.replace("\r\n", "\n"))


def _body(request: Request) -> BodyView:
    body = request.body
    kind, options = parse_options_header(request.header("content-type").encode("latin-1"))
    pretty = _pretty(body)
    return BodyView(
        size=len(body),
        is_cut=len(body) > _MOST_SHOWN,
        pretty=showable(pretty)[:_MOST_SHOWN],
        text=showable(body[:_MOST_SHOWN].decode("utf-8", "replace")),
        fields=_fields(body) if kind == b"application/x-www-form-urlencoded" else (),
        parts=_parts(body, options.get(b"boundary", b"")) if kind.startswith(b"multipart/") else (),
        hexadecimal=_hexadecimal(body[:_MOST_IN_HEX]),
    )


def _pretty(body: bytes) -> str:
    """JSON, indented; empty for what is none."""
    try:
        json_text.read(body)
    except Invalid:
        return ""
    return msgspec.json.format(body, indent=2).decode()


def _fields(body: bytes) -> Sequence[tuple[str, str]]:
    found = fields_of(body.decode("utf-8", "replace"))
    return [(showable(name), showable(value)) for name, value in found[:_MOST_FIELDS]]


def _parts(body: bytes, boundary: bytes) -> Sequence[Part]:
    """The first parts, up to one that is malformed."""
    parts = _Parts()
    with contextlib.suppress(FormParserError):
        MultipartParser(boundary, parts.callbacks()).write(body)
    return [
        Part(
            head=showable(bytes(head).decode("utf-8", "replace").strip()),
            text=showable(bytes(content[:_MOST_IN_PART]).decode("utf-8", "replace")),
            size=len(content),
        )
        for head, content in parts.found
    ]


class _Parts:
    def __init__(self) -> None:
        self.found: list[tuple[bytearray, bytearray]] = []

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self.found[-1][0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self.found[-1][0].extend(b": " + data[start:end]),
            "on_header_end": lambda: self.found[-1][0].extend(b"\n"),
            "on_part_data": lambda data, start, end: self.found[-1][1].extend(data[start:end]),
        }

    def _begin(self) -> None:
        if len(self.found) == _MOST_PARTS:
            raise FormParserError
        self.found.append((bytearray(), bytearray()))


def _hexadecimal(octets: bytes) -> str:
    lines = []
    for start in range(0, len(octets), _HEX_LINE):
        line = octets[start : start + _HEX_LINE]
        printed = "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in line)  # noqa: PLR2004 - ASCII
        lines.append(f"{start:08x}  {line.hex(' '):<{3 * _HEX_LINE}} {printed}")
    return "\n".join(lines)
