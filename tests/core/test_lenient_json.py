"""What Json.NET read is read, what strict JSON means it means the same, and nothing costs more than its size."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tidings.core.errors import Invalid, TooLarge
from tidings.core.json_text import LARGEST_BODY, Malformed, read
from tidings.core.lenient_json import LARGEST_LENIENT, read_typed

ANY: msgspec.json.Decoder[Any] = msgspec.json.Decoder()

# What can be kept: no NUL characters and no lone surrogates.
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)
# Documents are made of these; put together at random, they come near to being one.
PIECES = [*"{}[]:,\"'\\a1 \n\xa0", "True", "null", "-1.5", "\\x41", "\\u00"]


def lenient(text: str | bytes) -> Any:  # noqa: ANN401 - any JSON
    return read_typed(text.encode() if isinstance(text, str) else text, ANY)


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ('{mobileNumber:"+910000000001", applicationId:"a"}', {"mobileNumber": "+910000000001", "applicationId": "a"}),
        ("{$a_1: 1, 2: 3, été: null}", {"$a_1": 1, "2": 3, "été": None}),
        ("{true: true, None: None}", {"true": True, "None": None}),
        ("{'a': 'b'}", {"a": "b"}),
        ("""{'message': "it's", "more": '"so"'}""", {"message": "it's", "more": '"so"'}),
        ("{'a': True, 'b': False, 'c': None}", {"a": True, "b": False, "c": None}),
        ("[1, 2, ]", [1, 2]),
        ('{"a": {"b": [1,],\r\n},\r\n}', {"a": {"b": [1]}}),
        ("[{},[],]", [{}, []]),
        ('\xa0{\u202f"a"\xa0:\u2003"b\xa0"\u202f}\u3000', {"a": "b\xa0"}),
        ('\ufeff{"a": 1}', {"a": 1}),
        ('{"a": "first\r\nsecond\tthird"}', {"a": "first\r\nsecond\tthird"}),
        (r"""{'a': 'it\'s \"so\" \\ \n \x41 \u0041 \U0001f600'}""", {"a": 'it\'s "so" \\ \n A A \U0001f600'}),
        ("{'a': '}, ] : {'}", {"a": "}, ] : {"}),
        ("{'a': '" + "[" * 100 + "'}", {"a": "[" * 100}),
        ("[-0.5e3, 'x']", [-500.0, "x"]),
    ],
)
def test_what_callers_of_kaizala_send_is_read(sent: str, meant: object) -> None:
    assert lenient(sent) == meant


@pytest.mark.parametrize(
    ("sent", "byte"),
    [
        ("{a: hello}", 4),
        ("{été: 1, a: hello}", 14),
        ("{'a': 1 'b': 2}", 8),
        ("{'a' 1}", 5),
        ("[,]", 1),
        ("[1,,]", 4),
        ("{,}", 1),
        ("{a:}", 3),
        ("{a-b: 1}", 1),
        ("{'a': NaN}", 6),
        ("{'a': Infinity}", 6),
        ("{'a': 0x10}", 6),
        ("{'a': .5}", 6),
        ("{'a': TRUE}", 6),
        ("{'a': 'b", 6),
        ("{'a': 'b}", 6),
        ("{'a\": 1}", 1),
        (r"{'a': '\q'}", 6),
        (r"{'a': '\x4'}", 6),
        (r"{'a': '\U00110000'}", 6),
        ("{a: 1} // so", 7),
        ("{a: 1", 5),
        ("{(: 1}", 1),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_byte_of_it(sent: str, byte: int) -> None:
    with pytest.raises(Malformed, match=r"^the body is not JSON: ") as refused:
        lenient(sent)

    assert refused.value.byte == byte
    assert refused.value.message.endswith(f"(byte {byte})")


@pytest.mark.parametrize("sent", ["{a: 'b\x00'}", r"{a: 'b\x00'}", r"{a: '\ud800'}", r"{a: '\U0000d800'}"])
def test_what_cannot_be_kept_is_refused_with_its_place(sent: str) -> None:
    with pytest.raises(Invalid, match=r"^a: holds a NUL character or a lone surrogate"):
        lenient(sent)


def test_depth_and_encoding_are_guarded() -> None:
    with pytest.raises(Invalid, match="nested deeper than 64 levels"):
        lenient("{a:" * 65 + "1" + "}" * 65)
    with pytest.raises(Invalid, match=r"not UTF-8: invalid start byte \(byte 5\)"):
        lenient(b"{a: '\xff'}")


def test_a_field_of_a_wrong_type_is_named_and_never_read_again() -> None:
    decoder = msgspec.json.Decoder(dict[str, int])

    with pytest.raises(Invalid, match=r"expected a whole number, not a text"):
        read_typed(b"{a: 'b'}", decoder)


def test_only_strict_json_may_be_large() -> None:
    text = "x" * LARGEST_LENIENT

    assert lenient(f'"{text}"') == text
    with pytest.raises(Malformed, match=r"\(byte 0\)"):
        lenient(f"'{text}'")
    with pytest.raises(TooLarge):
        lenient("x" * (LARGEST_BODY + 1))
    assert lenient("'\\n" + "\n" * (LARGEST_LENIENT - 4) + "'") == "\n" * (LARGEST_LENIENT - 3)


@given(document=DOCUMENTS, indent=st.sampled_from([None, 2]), ascii_only=st.booleans())
def test_strict_json_means_what_it_means_also_where_it_is_rewritten(
    document: object, indent: int | None, *, ascii_only: bool
) -> None:
    strict = json.dumps(document, indent=indent, ensure_ascii=ascii_only)

    assert lenient(strict) == read(strict.encode())
    # A no-break space sends it the long way round.
    assert lenient(f"\xa0{strict}") == read(strict.encode())


@given(st.dictionaries(TEXTS, DOCUMENTS, max_size=5))
@example({"it's": 'it\'s "so"', '"': "\\", "\x7f\x85\xad\u2028": "\U000e0001\u200b"})
def test_what_python_makes_of_a_dictionary_is_read_back(document: dict[str, Any]) -> None:
    assert lenient(str(document)) == document


@given(st.binary(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_nothing_but_its_own_error_is_raised(sent: bytes | str) -> None:
    try:
        lenient(sent)
    except Invalid as error:
        assert error.message  # noqa: PT017 - it may also be read


HOSTILE = [*PIECES, "[,", "'\\", "a ", ", ", "{a:", "{'a':", "''", "1,", "True,", "a:"]


@pytest.mark.parametrize("piece", HOSTILE)
def test_the_longest_body_of_anything_is_refused_as_fast_as_it_is_read(piece: str) -> None:
    # Whatever backtracks would take minutes here, and the test's time limit ends it.
    body = ("[" + piece * LARGEST_LENIENT).encode()[:LARGEST_LENIENT].decode(errors="ignore")

    with pytest.raises(Invalid):
        lenient(body + "x" * (LARGEST_LENIENT - len(body.encode())))
