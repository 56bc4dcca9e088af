"""Secrecy: what of a payload or of headers readers do not see."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

HIDDEN = "•••"
# Names that hold secrets wherever they are seen. Failure policy: a secret under another name is shown.
_SECRET = re.compile(
    r"(?i)passw|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|authori[sz]ation|credential|cookie|signature"
    r"|^(pin|otp|cvv|cvc)$"
)
# Numbers stay as they were written.
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
# Said of everything that we send, and no secret.
_OPEN = frozenset({"webhook-signature"})


def is_secret(name: str) -> bool:
    return name.lower() not in _OPEN and _SECRET.search(name) is not None


def without_secrets(document: object) -> Any:  # noqa: ANN401 - any JSON
    """A JSON document with what its names call secret hidden."""
    if isinstance(document, dict):
        return {name: HIDDEN if is_secret(name) else without_secrets(value) for name, value in document.items()}
    return [without_secrets(one) for one in document] if isinstance(document, list) else document


def payload(body: bytes, *, is_whole: bool) -> bytes:
    """JSON laid out to be read; unless `is_whole`, without its secrets. What is no JSON comes back as it is."""
    try:
        if is_whole:
            return msgspec.json.format(body, indent=2)
        return msgspec.json.format(_encode(without_secrets(_decode(body))), indent=2)
    except msgspec.DecodeError:
        return body


def headers(sent: Sequence[tuple[str, str]], *, secret: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """Headers with secret values hidden: those of `secret` names, in lower case, and those that are called so."""
    return [(name, HIDDEN if name.lower() in secret or is_secret(name) else value) for name, value in sent]
