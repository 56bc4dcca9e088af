"""A verdict says what was expected, what came, which bytes are signed, and why the two differ."""

import base64
import hashlib
import hmac
import json

import pytest

from tidings.core.receipt import Receipt
from tidings.core.secret import Secret
from tidings.core.signature import new_key_pair, new_secret, sign
from tidings.core.verdict import Scheme, Verdict, judge, scheme_of

AT = 1_773_640_800_000
SECONDS = AT // 1_000
REFUSAL = "it was not made with this secret over this body"
BODY = b'{"b": "caf\xc3\xa9", "a": [1, 2.50], "url": "https://example.com/"}'
SHARED = new_secret().text


def mac(content: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def github(body: bytes, *, signed: bytes, secret: str = "made up", **headers: str) -> Receipt:
    given = {"x-hub-signature-256": f"sha256={mac(signed, secret)}", **headers}
    return Receipt(source="bin", at=AT, headers=tuple(given.items()), body=body)


def standard(signature: str, *, body: bytes = BODY, seconds: int = SECONDS) -> Receipt:
    given = {"webhook-id": "msg_1", "webhook-timestamp": str(seconds), "webhook-signature": signature}
    return Receipt(source="bin", at=AT, headers=tuple(given.items()), body=body)


def judged(
    receipt: Receipt, *, scheme: Scheme = Scheme.GITHUB, secret: str = "made up", refusal: str = REFUSAL
) -> Verdict:
    return judge(receipt, scheme=scheme, secret=Secret(secret), refusal=refusal)


def test_what_is_genuine_is_told_with_what_was_signed_and_without_hints() -> None:
    verdict = judged(github(BODY, signed=BODY), refusal="")

    assert verdict.is_genuine
    assert (verdict.expected,) == verdict.received
    assert verdict.signed == BODY
    assert verdict.hints == ()


def test_the_bytes_of_each_scheme_are_shown_as_it_signs_them() -> None:
    of_stripe = Receipt(
        source="bin",
        at=AT,
        headers=(("Stripe-Signature", f"t={SECONDS - 60},v1={mac(b'%d.' % (SECONDS - 60) + BODY, 'made up')}"),),
        body=BODY,
    )
    stripe = judged(of_stripe, scheme=Scheme.STRIPE, refusal="")
    signature = sign([new_secret()], "msg_1", timestamp=SECONDS, body=BODY)
    others = judged(standard(signature), scheme=Scheme.STANDARD, secret=SHARED)

    assert (stripe.signed, stripe.age_ms) == (b"%d.%b" % (SECONDS - 60, BODY), 60_000)
    assert [stripe.expected] == stripe.received
    assert others.signed == b"msg_1.%d.%b" % (SECONDS, BODY)
    assert others.expected.startswith("v1,")
    assert others.expected not in others.received


@pytest.mark.parametrize(
    ("signed", "hint"),
    [
        (json.dumps(json.loads(BODY), separators=(",", ":")).encode(), "compact, other letters than ASCII escaped"),
        (json.dumps(json.loads(BODY), separators=(",", ":"), ensure_ascii=False).encode(), "JSON, compact:"),
        (json.dumps(json.loads(BODY), indent=2, ensure_ascii=False).encode(), "indented by 2"),
        (
            json.dumps(json.loads(BODY), separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode(),
            "names sorted",
        ),
        (
            json.dumps(json.loads(BODY), separators=(",", ":"), ensure_ascii=False).replace("/", "\\/").encode(),
            "slashes escaped",
        ),
        (BODY + b"\n", "with a line end after it"),
    ],
)
def test_a_body_that_was_written_anew_is_recognised_by_how(signed: bytes, hint: str) -> None:
    [told] = judged(github(BODY, signed=signed)).hints

    assert hint in told
    assert "sign and verify the bytes that are sent" in told


@pytest.mark.parametrize(
    ("secret", "hint"),
    [
        (" made up ", "without the spaces"),
        ("made u", "neither another spelling"),
        ("whsec_made up", "without its prefix"),
    ],
)
def test_a_secret_that_was_copied_wrongly_is_recognised_or_said_to_be_another(secret: str, hint: str) -> None:
    assert hint in judged(github(BODY, signed=BODY), secret=secret).hints[-1]


def test_a_sender_that_did_not_decode_its_secret_is_recognised() -> None:
    bare = SHARED.removeprefix("whsec_")
    digest = hmac.digest(bare.encode(), b"msg_1.%d.%b" % (SECONDS, BODY), hashlib.sha256)
    signature = "v1," + base64.b64encode(digest).decode()

    [told] = judged(standard(signature), scheme=Scheme.STANDARD, secret=SHARED).hints

    assert "did not decode its base64" in told


def test_a_stale_signature_that_is_right_is_told_from_a_wrong_one() -> None:
    old = SECONDS - 3_600
    made = new_secret()
    signature = sign([made], "msg_1", timestamp=old, body=BODY)

    verdict = judged(standard(signature, seconds=old), scheme=Scheme.STANDARD, secret=made.text)

    assert verdict.age_ms == 3_600_000
    assert "the signature itself is right: only its time is not" in verdict.hints[0]


def test_a_public_key_expects_nothing_but_recognises_a_body_that_was_written_anew() -> None:
    pair = new_key_pair()
    signature = sign([pair], "msg_1", timestamp=SECONDS, body=BODY + b"\n")

    verdict = judged(standard(signature), scheme=Scheme.STANDARD, secret=pair.public_text)

    assert verdict.expected == ""
    assert "with a line end after it" in verdict.hints[0]


def test_a_body_that_changed_its_length_on_the_way_is_told() -> None:
    receipt = github(BODY, signed=b"other", **{"content-length": "7", "content-encoding": "gzip"})

    hints = judged(receipt).hints

    assert "content-length says 7 and" in hints[0]
    assert "content-encoding" in hints[1]


def test_without_a_signature_there_is_nothing_to_guess() -> None:
    verdict = judged(Receipt(source="bin", at=AT, body=BODY), scheme=Scheme.STANDARD, secret="nonsense")

    assert (verdict.received, verdict.expected, verdict.age_ms, verdict.hints) == ((), "", None, ())


def test_a_token_is_compared_as_it_is_and_never_repeated_from_the_secret() -> None:
    receipt = Receipt(source="bin", at=AT, headers=(("Kz-Callback-Token", "tok"),), body=BODY)
    bare = judged(Receipt(source="bin", at=AT, body=BODY), scheme=Scheme.KAIZALA)

    assert judged(receipt, scheme=Scheme.KAIZALA, secret="tok", refusal="").is_genuine
    spaced = judged(receipt, scheme=Scheme.KAIZALA, secret="tok ")
    assert (spaced.received, spaced.expected) == (("tok",), "")
    assert "differs by spaces" in spaced.hints[0]
    assert "without a callBackToken" in bare.hints[0]


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[" * 100, b'"\\ud800"', b"", b"\x00", b"1e999"])
@pytest.mark.parametrize("scheme", list(Scheme))
def test_hostile_bodies_and_secrets_get_a_verdict_too(body: bytes, scheme: Scheme) -> None:
    headers = (
        ("webhook-id", "a.\xe9"),
        ("webhook-timestamp", "9" * 400),
        ("webhook-signature", "v1a,!!! v1,\xff"),
        ("stripe-signature", "t=²,v1=\xff"),
        ("x-hub-signature-256", "sha256=\xff"),
    )
    receipt = Receipt(source="bin", at=AT, headers=headers, body=body)

    for secret in ("", "\udcff", "whsec_!", "whpk_AAAA", "whsec_" + "A" * 44):
        assert not judge(receipt, scheme=scheme, secret=Secret(secret), refusal=REFUSAL).is_genuine


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("Webhook-Signature", Scheme.STANDARD),
        ("svix-signature", Scheme.STANDARD),
        ("X-Hub-Signature-256", Scheme.GITHUB),
        ("Stripe-Signature", Scheme.STRIPE),
        ("kz-callback-token", Scheme.KAIZALA),
        ("x-signature", None),
    ],
)
def test_the_scheme_of_a_receipt_is_known_by_its_header(name: str, scheme: Scheme | None) -> None:
    receipt = Receipt(source="bin", at=AT, headers=(("Host", "example.com"), (name, "a")), body=b"")

    assert scheme_of(receipt) is scheme
