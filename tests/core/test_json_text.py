"""JSON that comes from outside."""

import contextlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.core.errors import Invalid, TooLarge
from tidings.core.json_text import DEEPEST, guard, read, read_object, read_typed

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)
DOCUMENTS = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner))


class Order(msgspec.Struct):
    amount: int


ORDERS = msgspec.json.Decoder(list[Order])


def nested(levels: int, *, start: bytes = b"[", end: bytes = b"]") -> bytes:
    return start * levels + b"1" + end * levels


@given(document=DOCUMENTS, ensure_ascii=st.booleans())
def test_what_a_json_writer_wrote_is_read(*, document: object, ensure_ascii: bool) -> None:
    assert read(json.dumps(document, ensure_ascii=ensure_ascii).encode()) == document


@given(st.binary())
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(Invalid):
        read(body)


@given(st.text(alphabet='[]{}"\\:,au0d8c1'))
def test_whatever_is_let_in_can_be_kept(text: str) -> None:
    try:
        document = read(text.encode())
    except Invalid:
        return
    kept = json.dumps(document, ensure_ascii=False)
    assert "\\u0000" not in kept.replace("\\\\", "")
    kept.encode()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", r"^the body is empty; send JSON$"),
        (b" \n", r"^the body is empty; send JSON$"),
        (b'{"a": tru', r"the body is not JSON: .* \(byte 9\)"),
        (b'{"a": 1} x', r"the body is not JSON: trailing characters \(byte 10\)"),
        (b"\xef\xbb\xbf{}", r"the body is not JSON: .* \(byte 0\)"),
        (b'{"a": NaN}', r"the body is not JSON: .* \(byte 6\)"),
        (b"[-Infinity]", r"the body is not JSON: .* \(byte 2\)"),
        (b'"a\x00b"', r"the body is not JSON: .* \(byte 2\)"),
        (b"1e999", "the body: number out of range"),
        (b'{"a": "\xff"}', r"the body is not UTF-8: invalid start byte \(byte 7\)"),
        (b'"\xed\xa0\x80"', r"the body is not UTF-8: invalid continuation byte \(byte 1\)"),
    ],
)
def test_what_is_not_json_is_refused_with_the_byte(body: bytes, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        read(body)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (rb'"a\u0000"', "the body"),
        (rb'{"data": {"text": "a\u0000b"}}', "data.text"),
        (rb'{"data": {"lines": ["ok", "\ud800"]}}', r"data.lines\[1\]"),
        (rb'[{"a": 1}, {"a": "\uDC00"}]', r"\[1\].a"),
        (rb'{"a": [1, []], "b": "\u0000"}', "b"),
        (rb'{"a": "\ud83d\ud83d\ude00"}', "a"),
        (rb'{"a": "\ud83d\\\ude00"}', "a"),
        (rb'{"a": "\\\u0000"}', "a"),
        (rb'{"data": {"\u0000": 1}}', "a name in data"),
        (rb'{"\ud800": 1}', "a name in the body"),
        (rb'{"a": "\u0000", "a": "fine"}', "a"),
        (b'{"' + b"n" * 5000 + rb'": "\u0000"}', "n{200}"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_place(body: bytes, place: str) -> None:
    with pytest.raises(Invalid, match=f"^{place}: holds a NUL character or a lone surrogate"):
        guard(body)


@pytest.mark.parametrize("body", [rb'"\\u0000"', rb'"\\ud800"', rb'"\ud83d\ude00"', rb'"\u00e4\\"', rb'"\n\"[\""'])
def test_escapes_that_can_be_kept_are_read(body: bytes) -> None:
    assert read(body) == json.loads(body)


@pytest.mark.parametrize("body", [rb'{"a": "\u0000"', rb'"\ud8"', rb'{"a": "\u0000", "a" 1}'])
def test_an_escape_in_what_is_no_json_is_refused_as_no_json(body: bytes) -> None:
    guard(body)
    with pytest.raises(Invalid, match="the body is not JSON"):
        read(body)


@pytest.mark.parametrize(
    "body",
    [
        nested(DEEPEST + 1),
        nested(100_000),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        nested(50_000, start=b'[{"a":', end=b"}]"),
        b'["\\"",' + nested(DEEPEST) + b"]",
        b"[" + b",".join([b"[]"] * 100 + [nested(DEEPEST)]) + b"]",
    ],
)
def test_deep_json_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid, match="nested deeper than 64 levels"):
        read(body)


@pytest.mark.parametrize(
    "body",
    [
        nested(DEEPEST),
        b"[" + b",".join([b'{"a": [{}]}'] * 1000) + b"]",
        json.dumps(["[" * 100_000, '"{' * 1000, "\\", '\\"[']).encode(),
        json.dumps({"a": ["{", '"', "}", "]["] * 100}).encode(),
    ],
)
def test_json_that_is_wide_but_not_deep_is_read(body: bytes) -> None:
    assert read(body) == json.loads(body)


@pytest.mark.parametrize("body", [b"[" * 65 + b"]" * 64, b"[1," * 70, b"]" * 70 + b"{" * 70, b'"' + b"[" * 1000])
def test_unbalanced_json_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        read(body)


def test_a_body_over_the_limit_is_too_large() -> None:
    assert read(b'"' + b"x" * 8 + b'"', limit=10) == "x" * 8
    with pytest.raises(TooLarge, match="the body has 11 bytes; send at most 10"):
        read(b'"' + b"x" * 9 + b'"', limit=10)


def test_of_a_name_that_stands_twice_the_last_counts() -> None:
    assert read_object(b'{"a": 1, "a": 2}') == {"a": 2}


def test_an_object_is_asked_for_where_only_an_object_will_do() -> None:
    with pytest.raises(Invalid, match=r"^the body: expected an object, not a list$"):
        read_object(b"[]")


def test_a_typed_reader_names_the_field_that_is_wrong() -> None:
    assert read_typed(b'[{"amount": 5}]', ORDERS) == [Order(amount=5)]
    with pytest.raises(Invalid, match=r"^\[0\].amount: expected a whole number, not a text$"):
        read_typed(b'[{"amount": "five"}]', ORDERS)


def test_a_field_that_is_missing_is_named_with_its_place() -> None:
    with pytest.raises(Invalid, match=r"^amount: is missing; send it$"):
        read_typed(b"{}", msgspec.json.Decoder(Order))
    with pytest.raises(Invalid, match=r"^\[0\].amount: is missing; send it$"):
        read_typed(b"[{}]", ORDERS)


def test_what_a_typed_reader_skips_is_guarded_too() -> None:
    with pytest.raises(Invalid, match="is not UTF-8"):
        read_typed(b'[{"amount": 5, "more": "\xff"}]', ORDERS)
    with pytest.raises(Invalid, match=r"^\[0\].more: holds a NUL"):
        read_typed(rb'[{"amount": 5, "more": "\u0000"}]', ORDERS)
