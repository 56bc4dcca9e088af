"""Signatures, tokens, links and positions in lists: what was not made by us is never taken for it."""

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.effort import tries
from tidings.access.token import Purpose, hash_of, issue, looks_like_a_token, same_secret, successor
from tidings.core.caller import Caller, TokenKind
from tidings.core.errors import Forbidden, Invalid
from tidings.core.report import ReportFile, ReportFormat
from tidings.core.row import Shape
from tidings.core.secret import Secret
from tidings.core.signature import SigningSecret, new_key_pair, new_secret, parse, sign, verify
from tidings.dashboards.odata.continuation import read, written
from tidings.dialects.kaizala.pull.cursor import read_cursor
from tidings.reports.links import Links
from tidings.tables.selection import Cells, Column
from tidings.testing.clock import ManualClock

SECRETS = (new_secret(), new_key_pair())
NOW_S = 1_700_000_000
ANY_TEXT = st.text(max_size=120) | st.text("v1a,= ./+0123456789abcXYZ-_", max_size=120)
ANY_BYTES = st.binary(max_size=60)
SECRET = st.sampled_from(SECRETS)


def is_proven(secret: SigningSecret, **said: object) -> bool:
    try:
        verify([secret], now=NOW_S * 1_000, **said)  # type: ignore[arg-type]  # as given
    except Invalid:
        return False
    return True


@given(secret=SECRET, identifier=ANY_TEXT, timestamp=ANY_TEXT | st.just(str(NOW_S)), signature=ANY_TEXT, body=ANY_BYTES)
@tries(300)
def test_what_nobody_signed_is_not_proven(
    *, secret: SigningSecret, identifier: str, timestamp: str, signature: str, body: bytes
) -> None:
    assert not is_proven(secret, message_id=identifier, timestamp=timestamp, signature=signature, body=body)


@given(
    secret=SECRET,
    identifier=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="."), min_size=1),
    body=ANY_BYTES,
    bit=st.integers(0, 10_000),
)
@tries(300)
def test_a_signature_with_one_bit_changed_anywhere_proves_nothing(
    *, secret: SigningSecret, identifier: str, body: bytes, bit: int
) -> None:
    signature = sign([secret], identifier, timestamp=NOW_S, body=body)
    said = {"message_id": identifier, "timestamp": str(NOW_S), "signature": signature, "body": body}
    assert is_proven(secret, **said)
    assert is_proven(secret, **said | {"signature": f"v1,x v1a,=== {signature} v9,y"})

    version, _, encoded = signature.partition(",")
    octets = flipped(base64.b64decode(encoded), bit)
    assert not is_proven(secret, **said | {"signature": f"{version},{base64.b64encode(octets).decode()}"})
    assert not is_proven(secret, **said | {"body": flipped(body, bit) if body else b"x"})
    assert not is_proven(secret, **said | {"timestamp": str(NOW_S + 1 + bit % 200)})
    assert not is_proven(secret, **said | {"message_id": identifier + "x"})
    # The parts cannot change places.
    assert not is_proven(secret, **said | {"message_id": f"{identifier}.{NOW_S}", "body": body[:1]})


def flipped(data: bytes, bit: int) -> bytes:
    place = bit % (8 * len(data))
    return bytes(octet ^ (1 << place % 8 if number == place // 8 else 0) for number, octet in enumerate(data))


@given(text=ANY_TEXT | st.tuples(st.sampled_from(["whsec_", "whsk_", "whpk_"]), ANY_TEXT).map("".join))
@tries(300)
def test_any_text_is_a_secret_or_refused_without_being_shown(text: str) -> None:
    try:
        secret = parse(text)
    except Invalid as error:
        shown = text.partition("_")[2]
        assert len(shown) < 12 or shown not in error.message  # noqa: PT017 - of what it says
        return
    assert parse(secret.text).key == secret.key


@given(text=ANY_TEXT, purpose=st.sampled_from(list(Purpose)), bit=st.integers(0, 10_000))
@tries(200)
def test_a_token_is_known_by_all_of_its_letters(*, text: str, purpose: Purpose, bit: int) -> None:
    bearer = Caller(connector="c", kind=TokenKind.USER, scopes=frozenset())
    issued = issue(purpose, bearer, now=0)
    other = flipped(issued.text.encode(), bit).decode("latin-1")

    assert looks_like_a_token(issued.text)
    assert hash_of(issued.text) == issued.kept.hash != hash_of(other)
    assert issued.text not in repr(issued)
    assert looks_like_a_token(successor(text, text))
    assert not same_secret(issued.kept.hash, connector="c", secret=text)


@given(
    file=ANY_TEXT,
    expires=ANY_TEXT | st.integers(-(10**20), 10**20).map(str),
    signature=ANY_TEXT,
    bit=st.integers(0, 10_000),
)
@tries(200)
def test_a_link_opens_its_own_file_until_its_own_end(*, file: str, expires: str, signature: str, bit: int) -> None:
    links = Links(Secret("made-up"), clock=ManualClock(), public_url="https://example.com/")
    with pytest.raises(Forbidden):
        links.verify(file, expires=expires, signature=signature)

    made = ReportFile(id="0190d3a0", report="r", name="n", format=ReportFormat.CSV, size=1, made_at=0)
    address, until = links.signed(made)
    proof = address.rpartition("signature=")[2]
    links.verify(made.id, expires=until, signature=proof)
    for wrong in ({"expires": until + 1 + bit % 10_000}, {"signature": flipped(proof.encode(), bit).decode("latin-1")}):
        with pytest.raises(Forbidden):
            links.verify(made.id, **{"expires": until, "signature": proof} | wrong)  # type: ignore[arg-type]  # as given
    with pytest.raises(Forbidden):
        links.verify(made.id + "x", expires=until, signature=proof)


COLUMNS = tuple(
    Column(name=shape, shape=shape, is_key=shape is Shape.TEXT, comment="")
    for shape in (Shape.TEXT, Shape.NUMBER, Shape.WHOLE, Shape.TRUTH)
)
KEEPABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


@given(
    token=ANY_TEXT | st.binary(max_size=60).map(lambda octets: base64.urlsafe_b64encode(octets).decode()),
    position=st.tuples(
        KEEPABLE,
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.booleans(),
    ),
)
@tries(300)
def test_a_position_in_a_list_is_read_back_and_any_other_text_refused(token: str, position: Cells) -> None:
    assert read(written(position), columns=COLUMNS) == position
    with contextlib.suppress(Invalid):
        assert len(read(token, columns=COLUMNS)) == len(COLUMNS)
    with contextlib.suppress(Invalid):
        read_cursor(token)
