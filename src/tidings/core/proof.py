"""Proof: how a receipt shows that it comes from who has the source's secret. All comparisons take constant time."""

import hashlib
import hmac
from urllib.parse import parse_qsl

from tidings.core.errors import Unauthenticated
from tidings.core.receipt import Receipt
from tidings.core.secret import Secret

_BEARER = "bearer "
_PARAMETERS = frozenset({"token", "key"})
# More have no place in a callback's URL.
_MOST_PARAMETERS = 100


def must_bear(receipt: Receipt, secret: Secret) -> None:
    """Raises Unauthenticated unless it brings the secret itself, in a header or in its URL."""
    given = [Secret(value) for name, value in _query(receipt) if name in _PARAMETERS]
    authorization = receipt.header("authorization")
    if authorization[: len(_BEARER)].lower() == _BEARER:
        given.append(Secret(authorization[len(_BEARER) :].strip()))
    if not secret or secret not in given:
        raise Unauthenticated(
            "expected this source's secret as `Authorization: Bearer …`, or in the URL as `?token=…` or `?key=…`"
        )


def signed(content: bytes, *, secret: Secret) -> Secret:
    """The HMAC-SHA256 in hexadecimal, in a form that compares in constant time."""
    return Secret(hmac.digest(secret.reveal().encode("utf-8", "surrogatepass"), content, hashlib.sha256).hex())


def _query(receipt: Receipt) -> list[tuple[str, str]]:
    try:
        return parse_qsl(receipt.query, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return []
