"""Signatures of callbacks, against the verifiers that receivers use."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
import standardwebhooks
import svix.webhooks
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.core.signature import Signer, SigningSecret, new_key_pair, new_secret, parse, sign, verify

ID = "0190d3a0-0000-7000-8000-000000000001"
BODY = '{"type":"order.created","data":{"text":"größer"}}'.encode()
SECONDS = 1_700_000_000
NOW = SECONDS * 1000


def check(secrets: list[SigningSecret], signature: str, **changed: Any) -> None:  # noqa: ANN401 - arguments of verify
    arguments = {"message_id": ID, "timestamp": str(SECONDS), "body": BODY, "now": NOW, **changed}
    verify(secrets, signature=signature, **arguments)


@given(st.binary(min_size=24, max_size=64), st.text(st.characters(exclude_categories=["Cs"])))
def test_the_reference_verifiers_accept_our_signatures(key: bytes, text: str) -> None:
    secret = parse("whsec_" + base64.b64encode(key).decode())
    now = Clock().now() // 1000
    body = text.encode()
    headers = {
        "webhook-id": ID,
        "webhook-timestamp": str(now),
        "webhook-signature": sign([new_key_pair(), secret], ID, timestamp=now, body=body),
    }

    standardwebhooks.Webhook(secret.text).verify(body, headers, json_parse=False)
    svix.webhooks.Webhook(secret.text).verify(body, headers)


@given(st.binary(min_size=24, max_size=64), st.text(st.characters(exclude_categories=["Cs"])))
def test_we_accept_the_reference_libraries_signatures(key: bytes, text: str) -> None:
    secret = parse("whsec_" + base64.b64encode(key).decode())
    instant = datetime.fromtimestamp(SECONDS, tz=UTC)

    for library in (standardwebhooks.Webhook, svix.webhooks.Webhook):
        check([secret], library(secret.text).sign(ID, instant, text), body=text.encode())


def test_an_ed25519_signature_is_verified_with_the_public_key_alone() -> None:
    pair = new_key_pair()
    signature = sign([pair], ID, timestamp=SECONDS, body=BODY)

    check([parse(pair.public_text)], signature)
    check([pair], signature)
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(pair.public_text.removeprefix("whpk_")))
    public.verify(base64.b64decode(signature.removeprefix("v1a,")), f"{ID}.{SECONDS}.".encode() + BODY)


def test_during_a_rotation_both_secrets_sign_and_afterwards_only_the_new_one() -> None:
    new, old = new_secret(), SigningSecret(kind=new_secret().kind, key=b"o" * 32, until=NOW + 1000)
    signer = Signer([new, old])

    during, afterwards = signer.sign(ID, SECONDS, BODY), signer.sign(ID, SECONDS + 1, BODY)

    assert (
        during == f"{sign([new], ID, timestamp=SECONDS, body=BODY)} {Signer([parse(old.text)]).sign(ID, SECONDS, BODY)}"
    )
    check([parse(old.text)], during)
    check([new], during)
    assert afterwards == sign([new], ID, timestamp=SECONDS + 1, body=BODY)


def test_a_secret_that_has_ended_verifies_nothing() -> None:
    secret = new_secret()
    signature = sign([secret], ID, timestamp=SECONDS, body=BODY)

    check([parse(secret.text, until=NOW + 1)], signature)
    with pytest.raises(Invalid, match="no signature"):
        check([parse(secret.text, until=NOW)], signature)


@pytest.mark.parametrize("pair", [False, True])
def test_a_signature_is_for_one_id_time_body_and_secret(*, pair: bool) -> None:
    secret, other = (new_key_pair(), new_key_pair()) if pair else (new_secret(), new_secret())
    signature = sign([secret], ID, timestamp=SECONDS, body=BODY)

    check([other, secret], f"v1,AAAA v1a,AAAA v1a,%% v2,x ä {signature}")
    for secrets, header, changed in (
        ([other], signature, {}),
        ([], signature, {}),
        ([secret], signature, {"message_id": "another"}),
        ([secret], signature, {"timestamp": str(SECONDS + 1)}),
        ([secret], signature, {"body": BODY + b" "}),
        ([secret], signature.partition(",")[2], {}),
        ([secret], " ".join(["v1,AAAA"] * 16 + [signature]), {}),
    ):
        with pytest.raises(Invalid, match="no signature in the header webhook-signature was made with this secret"):
            check(secrets, header, **changed)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"message_id": ""}, "the header webhook-id is missing"),
        ({"timestamp": ""}, "the header webhook-timestamp is missing"),
        ({"signature": ""}, "the header webhook-signature is missing"),
        ({"message_id": "a.b"}, "the header webhook-id must be ASCII without a '.'"),
        ({"message_id": "ä"}, "the header webhook-id must be ASCII without a '.'"),
        ({"timestamp": "soon"}, "the header webhook-timestamp must be whole seconds since 1970"),
        ({"timestamp": "1e9"}, "must be whole seconds"),
        ({"timestamp": "1" * 5000}, "must be whole seconds"),
        ({"now": NOW + 300_001}, "too old: more than 300 seconds"),
        ({"now": NOW - 300_001}, "too far in the future: more than 300 seconds"),
    ],
)
def test_a_header_that_is_wrong_is_named(changed: dict[str, object], message: str) -> None:
    secret = new_secret()
    arguments: dict[str, Any] = {"signature": sign([secret], ID, timestamp=SECONDS, body=BODY), **changed}

    with pytest.raises(Invalid, match=message):
        check([secret], **arguments)


@pytest.mark.parametrize("now", [NOW - 300_000, NOW + 300_000])
def test_five_minutes_either_way_are_tolerated(now: int) -> None:
    secret = new_secret()

    check([secret], sign([secret], ID, timestamp=SECONDS, body=BODY), now=now)


def test_a_secret_is_read_as_it_is_written() -> None:
    for secret in (new_secret(), new_key_pair(), parse(new_key_pair().public_text)):
        assert parse(secret.text) == secret
        assert parse(secret.text.rstrip("=")) == secret


def test_new_secrets_differ_and_have_32_bytes() -> None:
    assert new_secret() != new_secret()
    assert len(new_secret().key) == len(new_key_pair().key) == 32


def test_a_private_key_is_written_with_its_public_half_and_read_without_it() -> None:
    pair = new_key_pair()
    octets = base64.b64decode(pair.text.removeprefix("whsk_"))

    assert octets == pair.key + pair.public_key
    assert parse("whsk_" + base64.b64encode(pair.key).decode()) == pair


def test_a_secret_does_not_show_its_key() -> None:
    secret = SigningSecret(kind=new_secret().kind, key=b"hunter2" * 4)

    assert "hunter2" not in repr(secret)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "begins with whsec_ .shared., whsk_"),
        ("hunter2hunter2hunter2hunter2", "begins with whsec_"),
        ("whsec_%%%%", "what follows whsec_ in a signing secret must be base64"),
        ("whsec_ä", "must be base64"),
        ("whsec_" + "A" * 31, "has 24 to 64 bytes; this one has 23"),
        ("whsec_" + "A" * 87, "has 24 to 64 bytes; this one has 65"),
        ("whsk_" + "A" * 44, r"an ed25519 key \(whsk_\) has 32 or 64 bytes; this one has 33"),
        ("whpk_" + "A" * 86, r"an ed25519 key \(whpk_\) has 32 bytes; this one has 64"),
        ("whpk_", "this one has 0"),
        ("whsk_", "this one has 0"),
        ("whsk_" + "A" * 86, "the public half of this ed25519 key .* is not that of its private half"),
    ],
)
def test_what_is_no_secret_is_refused_without_being_shown(text: str, message: str) -> None:
    with pytest.raises(Invalid, match=message) as caught:
        parse(text)

    assert len(text) <= len("whsec_") or text not in caught.value.message


def test_only_ed25519_has_a_public_key() -> None:
    with pytest.raises(Invalid, match="has no public key"):
        _ = new_secret().public_text


def test_a_public_key_cannot_sign() -> None:
    with pytest.raises(Invalid, match="verifies and cannot sign"):
        Signer([parse(new_key_pair().public_text)])


def test_a_signer_needs_a_secret_that_does_not_end() -> None:
    with pytest.raises(Invalid, match="needs a signing secret that does not end"):
        Signer([parse(new_secret().text, until=NOW)])
