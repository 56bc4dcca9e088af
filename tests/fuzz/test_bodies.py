"""Bodies from outside: JSON written by hand, forms with files, and what dialects make of them."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.requests import Request

from tests.fuzz.effort import tries
from tidings.core.errors import Invalid, TooLarge, UnsupportedMedia
from tidings.core.json_text import DEEPEST, Malformed, read
from tidings.core.lenient_json import read_typed
from tidings.web.upload import uploads_in

ANY: msgspec.json.Decoder[Any] = msgspec.json.Decoder()
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)
DAMAGE = ["'", '"', "\\", "{", "}", "[", "]", ",", ":", "True", "None", "\\u", "\\U0001f35a", "\\x41", "\ufeff", "\xa0",
          "é", "🍚", "/*", "\n", "\x00", "-", "1e999", "NaN", "\ud83c"]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """JSON, or what Python prints, with pieces in it that do not belong there."""
    document = draw(DOCUMENTS)
    text = draw(st.sampled_from([json.dumps(document), json.dumps(document, ensure_ascii=False), str(document)]))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(DAMAGE)) + text[at + draw(st.integers(0, 2)) :]
    return text


@given(text=damaged())
@tries(400)
@example("{'é🍚': [1, 2 3]}")
@example("[" * (DEEPEST + 1))
def test_what_is_refused_is_refused_at_a_character_of_the_body(text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    for is_lenient in (False, True):
        try:
            found = read_typed(body, ANY) if is_lenient else read(body)
        except Invalid as error:
            byte = error.byte if isinstance(error, Malformed) else None
            assert byte is None or 0 <= byte <= len(body)
        else:
            # Whatever was understood can be said strictly, and means the same then.
            assert read(msgspec.json.encode(found)) == found


@given(text=damaged())
@tries(200)
def test_what_is_strict_means_the_same_to_the_tolerant_reader(text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    with contextlib.suppress(Invalid):
        strict = read(body)
        assert read_typed(body, ANY) == strict


HEADS = st.sampled_from(
    [
        *('content-disposition: form-data; name="a"', 'content-disposition: form-data; name="a"; filename="b.png"'),
        *("content-disposition: form-data", "content-disposition: attachment; filename=x", "content-disposition:"),
        *("content-disposition: form-data; name=\"a\"; filename*=utf-8''%ff", "content-type: image/png", "x: y"),
        *('content-disposition: form-data; name="\\"', "content-transfer-encoding: base64", "no colon", ": x", ""),
    ]
).map(str.encode)
PARTS = st.tuples(st.lists(HEADS, max_size=4), st.binary(max_size=40)).map(
    lambda part: b"--edge\r\n" + b"".join(head + b"\r\n" for head in part[0]) + b"\r\n" + part[1] + b"\r\n"
)
FORMS = st.tuples(
    st.lists(PARTS, max_size=3).map(b"".join), st.sampled_from([b"--edge--\r\n", b"--edge", b"", b"\r\n"])
)
TYPES = st.sampled_from(
    [
        *("multipart/form-data; boundary=edge", 'Multipart/Form-Data; boundary="edge"; charset=utf-8'),
        *("multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=é", "text/plain"),
        *("multipart/form-data; boundary=" + "e" * 300, "multipart/form-data; charset=nonsense; boundary=edge"),
    ]
)


def form(content_type: str, pieces: Sequence[bytes]) -> Request:
    """A request whose body comes in those pieces."""

    async def receive() -> dict[str, Any]:
        piece = await anext(coming, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def all_pieces() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    coming = all_pieces()
    headers = [(b"content-type", content_type.encode("latin-1"))]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": b""}, receive)


@given(
    content_type=TYPES,
    body=FORMS.map(b"".join) | st.binary(max_size=100),
    places=st.lists(st.integers(0, 400), max_size=5),
)
@tries(300)
def test_a_form_is_taken_or_refused_however_it_is_cut(*, content_type: str, body: bytes, places: list[int]) -> None:
    edges = [0, *sorted({place % (len(body) + 1) for place in places}), len(body)]
    pieces = [body[start:end] for start, end in itertools.pairwise(edges)]

    async def taken(pieces: Sequence[bytes]) -> list[tuple[str, bytes]] | type[Exception]:
        try:
            async with uploads_in(form(content_type, pieces), limit=1_000) as uploads:
                return [(upload.name, upload.file.read()) for upload in uploads]
        except (Invalid, TooLarge, UnsupportedMedia) as error:
            return type(error)

    assert asyncio.run(taken(pieces)) == asyncio.run(taken([body]))


WHOLE = b'--edge\r\ncontent-disposition: form-data; name=a; filename="b.png"\r\n\r\nfile\r\n--edge--\r\n'


@pytest.mark.parametrize("end", range(len(WHOLE) - 2))
def test_a_form_that_ends_too_early_is_refused(end: int) -> None:
    async def take() -> None:
        async with uploads_in(form("multipart/form-data; boundary=edge", [WHOLE[:end]]), limit=1_000):
            raise AssertionError("it was taken")

    with pytest.raises(Invalid, match="ends before its last boundary"):
        asyncio.run(take())


def test_a_form_that_is_too_large_is_refused_before_it_is_all_there() -> None:
    read_pieces: list[bytes] = []

    async def take() -> None:
        endless = b"--edge\r\ncontent-disposition: form-data; name=a; filename=b\r\n\r\n" + b"x" * 200_000

        async def pieces() -> AsyncIterator[bytes]:
            for at in range(0, len(endless), 1_000):
                read_pieces.append(endless[at : at + 1_000])
                yield read_pieces[-1]

        coming = pieces()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": await anext(coming), "more_body": True}

        headers = [(b"content-type", b"multipart/form-data; boundary=edge")]
        request = Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)
        async with uploads_in(request, limit=1_000):
            raise AssertionError("it was taken")

    with pytest.raises(TooLarge):
        asyncio.run(take())
    assert len(read_pieces) < 100
