"""JSON from outside: guarded first, so that no body costs more than its size, then decoded."""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from tidings.core.errors import Invalid, TooLarge
from tidings.core.fault import worded

T = TypeVar("T")

# Bytes. An event is news, not a file; whoever sends files sends their address.
LARGEST_BODY = 1 << 20
# Levels. What the .NET readers take by default: a receiver written against Kaizala could not read more.
# It also keeps every recursive walk over a document far from Python's own limit.
DEEPEST = 64

_ANY: msgspec.json.Decoder[Any] = msgspec.json.Decoder()
_OBJECT = msgspec.json.Decoder(dict[str, Any])

_SAME_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NOT_STRUCTURE = bytes(octet for octet in range(256) if octet not in b'[]{}"')
_SURROGATE_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_UNKEEPABLE_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNKEEPABLE = re.compile(r"[\x00\ud800-\udfff]")
_BACKSLASH = ord("\\")
# A place is made of names that the sender chose; the answer need not repeat a megabyte of them.
_LONGEST_PLACE = 200


class Malformed(Invalid):
    """Not JSON, or nested too deep; `byte` is where it ceases to be JSON."""

    def __init__(self, what: str, *, byte: int | None = None) -> None:
        super().__init__(f"the body is {what}" if byte is None else f"the body is not JSON: {what} (byte {byte})")
        self.what = what
        self.byte = byte


def read(body: bytes, *, limit: int = LARGEST_BODY) -> Any:  # noqa: ANN401 - any JSON
    """Decode any JSON. Of a name that stands twice in an object, the last counts. Raises as `guard` does."""
    return read_typed(body, _ANY, limit=limit)


def read_object(body: bytes, *, limit: int = LARGEST_BODY) -> dict[str, Any]:
    """Decode a JSON object. Raises as `guard` does."""
    return read_typed(body, _OBJECT, limit=limit)


def read_typed(body: bytes, decoder: msgspec.json.Decoder[T], *, limit: int = LARGEST_BODY) -> T:
    """Decode to the decoder's type. Raises as `guard` does, and Invalid with the byte or the field that is wrong."""
    guard(body, limit=limit)
    return decode(body, decoder)


def decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """As `read_typed`, of what was guarded before, by itself or as a part of something."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Invalid(worded(str(error))) from error
    except msgspec.DecodeError as error:
        if not body.strip():
            raise Malformed("empty; send JSON") from error
        what, _, byte = str(error).removeprefix("JSON is malformed: ").removesuffix(")").partition(" (byte ")
        raise Malformed(what, byte=int(byte or len(body))) from error


def guard(body: bytes, *, limit: int = LARGEST_BODY) -> None:
    """Refuse what must not reach a decoder or the store; what is no JSON at all is left to the decoder to refuse.

    Raises TooLarge over `limit` bytes. Raises Invalid for bytes that are not UTF-8, for more than 64 levels, and, with
    the place, for NUL characters and lone surrogates: PostgreSQL's text cannot keep the first, UTF-8 not the second.
    """
    if len(body) > limit:
        raise TooLarge(f"the body has {len(body)} bytes; send at most {limit}")
    if not body.isascii():
        _refuse_other_than_utf8(body)
    has_escapes = _BACKSLASH in body
    if (objects := body.count(b"{")) > DEEPEST or objects + body.count(b"[") > DEEPEST:
        _refuse_depth(body, has_escapes=has_escapes)
    if has_escapes and b"\\u" in body:
        _refuse_unkeepable(body)


def _refuse_other_than_utf8(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"the body is not UTF-8: {error.reason} (byte {error.start})") from error


def _refuse_depth(body: bytes, *, has_escapes: bool) -> None:
    """Peel the levels off from the inside, all of one depth at a time, in a few passes that run in C.

    Up to the first mistake in a malformed body, brackets are seen as a decoder sees them; after it no decoder goes on.
    """
    if has_escapes:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    skeleton = body.translate(_SAME_BRACKETS, _NOT_STRUCTURE)
    # Strings without brackets are now pairs of quotes; what stands between the quotes that are left is text.
    skeleton = b"".join(skeleton.replace(b'""', b"").split(b'"')[::2])
    for _ in range(DEEPEST):
        skeleton = skeleton.replace(b"[]", b"")
    if b"[]" in skeleton or skeleton.count(b"[") > DEEPEST:
        raise Malformed(f"nested deeper than {DEEPEST} levels; send a flatter one")


def _refuse_unkeepable(body: bytes) -> None:
    escapes = _SURROGATE_PAIR.sub(b"_", body.replace(b"\\\\", b"_"))
    if not _UNKEEPABLE_ESCAPE.search(escapes):
        return
    try:
        # Objects as pairs: a name that stands twice must not hide what its first value holds.
        document = json.loads(body, object_pairs_hook=tuple)
    except ValueError:
        return
    place = next((place for place, text in _texts(document, "") if _UNKEEPABLE.search(text)), "")
    raise Invalid(
        f"{place[:_LONGEST_PLACE] or 'the body'}: holds a NUL character or a lone surrogate, which cannot be kept; "
        "leave it out"
    )


def _texts(value: object, place: str) -> Iterator[tuple[str, str]]:
    """Every text in a document, names included, with its place."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, tuple):
        for name, item in value:
            yield f"a name in {place or 'the body'}", name
            yield from _texts(item, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, f"{place}[{number}]")
