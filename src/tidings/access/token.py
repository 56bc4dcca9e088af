"""Tokens as their bearers hold them: opaque, 256 random bits behind a prefix that tells the purpose.

Only SHA-256 of a token is kept: what has that many random bits needs neither salt nor a slow hash. The time that it
takes to look a hash up tells nothing about a token.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from enum import StrEnum

from tidings.access.scope import parse_scopes
from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import DAY
from tidings.store.tokens import Token

_BYTES = 32
_SHAPE = re.compile(r"td[ark]_[A-Za-z0-9_-]{43}")


class Purpose(StrEnum):
    """What a token is presented for."""

    REFRESH = "refresh"  # getting access tokens, with the connector's secret
    ACCESS = "access"  # calling the API, for a day
    STATIC = "static"  # calling the API, until revoked


_PREFIXES = {Purpose.REFRESH: "tdr_", Purpose.ACCESS: "tda_", Purpose.STATIC: "tdk_"}
# The tokens page of Kaizala's documentation.
LIVES_MS = {Purpose.REFRESH: 365 * DAY, Purpose.ACCESS: DAY, Purpose.STATIC: None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A token for its bearer, who alone gets `text`, and as it is kept."""

    text: str = field(repr=False)
    kept: Token


def issue(purpose: Purpose, bearer: Caller, *, now: int, text: str = "") -> Issued:
    """Make a token that lets its bearer act as that caller; a random one, or that one."""
    text = text or _PREFIXES[purpose] + _text(secrets.token_bytes(_BYTES))
    life = LIVES_MS[purpose]
    kept = Token(
        hash=hash_of(text),
        purpose=purpose.value,
        kind=bearer.kind.value,
        connector=bearer.connector,
        person=bearer.person,
        group=bearer.group,
        scopes=" ".join(parse_scopes(bearer.scopes)),
        seed=secrets.token_hex(_BYTES) if purpose is Purpose.REFRESH else "",
        created_at=now,
        expires_at=None if life is None else now + life,
    )
    return Issued(text=text, kept=kept)


def bearer_of(token: Token) -> Caller:
    return Caller(
        connector=token.connector,
        kind=TokenKind(token.kind),
        person=token.person,
        group=token.group,
        scopes=frozenset(token.scopes.split()),
    )


def is_current(token: Token, now: int) -> bool:
    return token.expires_at is None or now < token.expires_at


def successor(token: str, seed: str) -> str:
    """The one refresh token that follows another.

    Made of the token, which only its bearer has, and a seed, which only the store has: whoever asks again, from
    however many processes, gets the same one, and neither a leaked token nor a leaked store gives it away.
    """
    return _PREFIXES[Purpose.REFRESH] + _text(hmac.digest(seed.encode(), token.encode(), "sha256"))


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def looks_like_a_token(text: str) -> bool:
    """Whether it is worth looking up; anything may stand in a header."""
    return _SHAPE.fullmatch(text) is not None


def hash_of_secret(connector: str, secret: str) -> str:
    """A connector's secret as it is kept. Ours have 256 random bits; another is as good as its giver made it."""
    return hmac.digest(connector.encode(), secret.encode("utf-8", "surrogatepass"), "sha256").hex()


def same_secret(kept: str, *, connector: str, secret: str) -> bool:
    return hmac.compare_digest(kept, hash_of_secret(connector, secret))


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")
