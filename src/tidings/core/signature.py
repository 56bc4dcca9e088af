"""Signatures of callbacks, by the Standard Webhooks specification.

What is signed is `{id}.{timestamp}.{body}`, with HMAC-SHA256 (`v1`) or ed25519 (`v1a`). Several secrets give several
signatures in one header, so that a receiver can change from one to the next without missing anything.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets as randomness
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tidings.core.clock import MINUTE, SECOND
from tidings.core.errors import Invalid

# Standard Webhooks: a shared secret has 24 to 64 bytes. New ones have 32, as many as SHA-256 gives.
SHORTEST_SHARED, LONGEST_SHARED, NEW_SHARED = 24, 64, 32
# What the specification's own verifiers allow, both ways.
TOLERANCE_MS = 5 * MINUTE
# A rotation has two. The rest of a longer header is not looked at: an ed25519 check takes a tenth of a millisecond.
MOST_SIGNATURES = 16

_ED25519_BYTES = 32
_SHA256_BLOCK = 64
_INNER_PAD = bytes(octet ^ 0x36 for octet in range(256))
_OUTER_PAD = bytes(octet ^ 0x5C for octet in range(256))
_SECONDS = re.compile(r"[0-9]{1,12}")

Sign = Callable[[bytes], str]


class SecretKind(StrEnum):
    """What a secret is, by the prefix of its text."""

    SHARED = "whsec_"  # HMAC-SHA256: the receiver has the same secret
    PRIVATE = "whsk_"  # ed25519: the receiver has the public key
    PUBLIC = "whpk_"  # ed25519: verifies only


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningSecret:
    """A secret, and until when it counts (epoch milliseconds; None: without end).

    Made by `new_secret`, `new_key_pair` and `parse`. `key` is the shared secret, the seed of the private key, or the
    public key.
    """

    kind: SecretKind
    key: bytes = field(repr=False)
    until: int | None = None

    @property
    def text(self) -> str:
        """As `parse` reads it, and as users are shown it once. A private key is followed by its public one."""
        tail = self.public_key if self.kind is SecretKind.PRIVATE else b""
        return self.kind + base64.b64encode(self.key + tail).decode()

    @property
    def public_key(self) -> bytes:
        """The ed25519 public key. A shared secret has none, and raises Invalid."""
        if self.kind is SecretKind.SHARED:
            raise Invalid("a shared secret (whsec_) has no public key; make an ed25519 one (whsk_)")
        if self.kind is SecretKind.PUBLIC:
            return self.key
        return Ed25519PrivateKey.from_private_bytes(self.key).public_key().public_bytes_raw()

    @property
    def public_text(self) -> str:
        """The public key for receivers, `whpk_…`."""
        return SecretKind.PUBLIC + base64.b64encode(self.public_key).decode()

    def counts_at(self, now: int) -> bool:
        return self.until is None or now < self.until


def new_secret() -> SigningSecret:
    """Make a shared secret."""
    return SigningSecret(kind=SecretKind.SHARED, key=randomness.token_bytes(NEW_SHARED))


def new_key_pair() -> SigningSecret:
    """Make an ed25519 private key; receivers get its `public_text`."""
    return SigningSecret(kind=SecretKind.PRIVATE, key=randomness.token_bytes(_ED25519_BYTES))


def parse(text: str, *, until: int | None = None) -> SigningSecret:
    """Read `whsec_…`, `whsk_…` or `whpk_…`; base64 with or without its padding. Never repeats the text in an error."""
    kind = next((kind for kind in SecretKind if text.startswith(kind)), None)
    if kind is None:
        raise Invalid("a signing secret begins with whsec_ (shared), whsk_ (ed25519 private) or whpk_ (ed25519 public)")
    encoded = text.removeprefix(kind).rstrip("=")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError as error:
        raise Invalid(f"what follows {kind} in a signing secret must be base64") from error
    if kind is SecretKind.SHARED:
        if not SHORTEST_SHARED <= len(key) <= LONGEST_SHARED:
            raise Invalid(f"a shared secret has {SHORTEST_SHARED} to {LONGEST_SHARED} bytes; this one has {len(key)}")
        return SigningSecret(kind=kind, key=key, until=until)
    secret = SigningSecret(kind=kind, key=key[:_ED25519_BYTES], until=until)
    lengths = (_ED25519_BYTES,) if kind is SecretKind.PUBLIC else (_ED25519_BYTES, 2 * _ED25519_BYTES)
    if len(key) not in lengths:
        raise Invalid(f"an ed25519 key ({kind}) has {' or '.join(map(str, lengths))} bytes; this one has {len(key)}")
    if key[_ED25519_BYTES:] not in (b"", secret.public_key):
        raise Invalid("the public half of this ed25519 key (whsk_) is not that of its private half; copy it again")
    return secret


class Signer:
    """Signs for one subscription: keys are prepared once, not at every message."""

    __slots__ = ("_alone", "_lasting", "_passing")

    def __init__(self, secrets: Sequence[SigningSecret]) -> None:
        """Raises Invalid unless one of the secrets has no end, so that a signature never runs out."""
        self._lasting = [_sign_with(secret) for secret in secrets if secret.until is None]
        self._passing = [(secret.until, _sign_with(secret)) for secret in secrets if secret.until is not None]
        self._alone = self._lasting[0] if len(secrets) == len(self._lasting) == 1 else None
        if not self._lasting:
            raise Invalid("a webhook needs a signing secret that does not end; rotate it to get one")

    def sign(self, message_id: str, timestamp: int, body: bytes) -> str:  # noqa: PLR0917 - the order of what is signed
        """The value of `webhook-signature`; `timestamp` is in seconds, as in `webhook-timestamp`."""
        content = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
        if self._alone is not None:
            return self._alone(content)
        signatures = [sign(content) for sign in self._lasting]
        if self._passing:
            now = timestamp * SECOND
            signatures += [sign(content) for until, sign in self._passing if now < until]
        return " ".join(signatures)


def sign(secrets: Sequence[SigningSecret], message_id: str, *, timestamp: int, body: bytes) -> str:
    """As `Signer.sign`, for a single message."""
    return Signer(secrets).sign(message_id, timestamp, body)


def verify(
    secrets: Sequence[SigningSecret],
    *,
    message_id: str,
    timestamp: str,
    signature: str,
    body: bytes,
    now: int,
    tolerance_ms: int = TOLERANCE_MS,
) -> None:
    """Raise Invalid with the reason unless one of the secrets made one of the signatures, at about this time.

    `message_id`, `timestamp` and `signature` are the values of the headers, empty when they are missing.
    """
    for name, value in (("id", message_id), ("timestamp", timestamp), ("signature", signature)):
        if not value:
            raise Invalid(f"the header webhook-{name} is missing")
    # The specification forbids the dot: with one, parts of the signed content could change places.
    if "." in message_id or not message_id.isascii():
        raise Invalid("the header webhook-id must be ASCII without a '.'")
    if not _SECONDS.fullmatch(timestamp):
        raise Invalid("the header webhook-timestamp must be whole seconds since 1970")
    age_ms = now - int(timestamp) * SECOND
    if abs(age_ms) > tolerance_ms:
        way = "old" if age_ms > 0 else "far in the future"
        raise Invalid(f"the header webhook-timestamp is too {way}: more than {tolerance_ms // SECOND} seconds")
    content = f"{message_id}.{timestamp}.".encode() + body
    given = signature.split(" ")[:MOST_SIGNATURES]
    if not any(_made_by(secret, content=content, given=given) for secret in secrets if secret.counts_at(now)):
        raise Invalid("no signature in the header webhook-signature was made with this secret over this body")


def _made_by(secret: SigningSecret, *, content: bytes, given: Sequence[str]) -> bool:
    if secret.kind is SecretKind.SHARED:
        expected = _sign_with(secret)(content)
        return any(one.isascii() and hmac.compare_digest(expected, one) for one in given)
    key = Ed25519PublicKey.from_public_bytes(secret.public_key)
    for version, _, encoded in (one.partition(",") for one in given):
        if version == "v1a":
            try:
                key.verify(base64.b64decode(encoded), content)
            except (ValueError, InvalidSignature):
                continue
            return True
    return False


def _sign_with(secret: SigningSecret) -> Sign:
    if secret.kind is SecretKind.PUBLIC:
        raise Invalid("a public key (whpk_) verifies and cannot sign; give the private one (whsk_)")
    if secret.kind is SecretKind.PRIVATE:
        private = Ed25519PrivateKey.from_private_bytes(secret.key)
        return lambda content: "v1a," + _base64(private.sign(content))
    # HMAC (RFC 2104) with both padded keys hashed beforehand: for 1 kB it takes 1.4 microseconds, hmac.digest 2.5, a
    # copied hmac 1.8. The longest shared secret is one block of SHA-256, so it never has to be hashed first.
    padded = secret.key.ljust(_SHA256_BLOCK, b"\0")
    inner, outer = hashlib.sha256(padded.translate(_INNER_PAD)), hashlib.sha256(padded.translate(_OUTER_PAD))

    def sign_shared(content: bytes) -> str:
        inside, outside = inner.copy(), outer.copy()
        inside.update(content)
        outside.update(inside.digest())
        return "v1," + _base64(outside.digest())

    return sign_shared


def _base64(octets: bytes) -> str:
    return binascii.b2a_base64(octets, newline=False).decode()
