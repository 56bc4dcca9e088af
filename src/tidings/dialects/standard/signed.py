"""Signed: how receipts of these forms prove themselves."""

import re

from tidings.core.errors import Invalid, Unauthenticated
from tidings.core.proof import must_bear
from tidings.core.receipt import Receipt
from tidings.core.secret import Secret
from tidings.core.signature import SecretKind, SigningSecret, parse, verify

_URL_SAFE = str.maketrans("-_", "+/")
_SIGNS = re.compile("|".join(SecretKind))


def must_be_signed(receipt: Receipt, *, secret: Secret, now: int) -> None:
    """Raises Unauthenticated, saying which header is wrong, unless it is signed by Standard Webhooks, just now."""
    try:
        verify(
            [_signing(secret)],
            message_id=header(receipt, "id"),
            timestamp=header(receipt, "timestamp"),
            signature=header(receipt, "signature"),
            body=receipt.body,
            now=now,
        )
    except Invalid as error:
        raise Unauthenticated(error.message) from error


def must_be_signed_or_bear(receipt: Receipt, *, secret: Secret, now: int) -> None:
    """As `must_be_signed` if the source's secret is one that signs (`whsec_`, `whpk_`), else as `must_bear`."""
    if _SIGNS.match(secret.reveal()):
        must_be_signed(receipt, secret=secret, now=now)
    else:
        must_bear(receipt, secret)


def header(receipt: Receipt, name: str) -> str:
    """A header of Standard Webhooks, under its own name or that of the service which the specification grew out of."""
    return receipt.header(f"webhook-{name}") or receipt.header(f"svix-{name}")


def _signing(secret: Secret) -> SigningSecret:
    text = secret.reveal()
    # The specification's own libraries take a shared secret without its prefix; a random one is URL-safe base64.
    try:
        return parse(text if _SIGNS.match(text) else SecretKind.SHARED + text.translate(_URL_SAFE))
    except Invalid as error:
        raise Unauthenticated("this source cannot verify anything: its owner gave it a secret that is none") from error
