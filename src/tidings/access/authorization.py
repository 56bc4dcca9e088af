"""Authorization: what a browser brings back from a sign-in, the code flow of OAuth 2.0 (RFC 6749, section 4.1)."""

import re
import secrets
from collections.abc import Iterable
from urllib.parse import urlsplit

from tidings.access.token import hash_of
from tidings.core.clock import MINUTE
from tidings.core.errors import Invalid, Unauthenticated
from tidings.store.connectors import Connector
from tidings.store.database import Database, Statement
from tidings.store.tokens import Code, Tokens, code_given, code_used, codes_swept

# The program that gets a code trades it at once. RFC 6749 allows ten minutes; one outlasts a slow phone.
CODE_LIVES_MS = MINUTE
# Guesses: a program has some environments, and no browser takes addresses that are longer.
_MOST_URIS, _LONGEST_URI = 10, 2_000
# Whoever stands in one of these is an origin that a page may name in its security policy.
_PLAIN = re.compile(r"[!-~]+")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_REFUSAL = "the code is wrong, used, older than a minute or another program's; have the person sign in again"


def checked_redirect_uris(uris: Iterable[str]) -> tuple[str, ...]:
    """Addresses to which people may be sent back, each once. Raises Invalid."""
    checked = tuple(dict.fromkeys(uris))
    if len(checked) > _MOST_URIS:
        raise Invalid(f"redirect-uri: has {len(checked)} addresses; {_MOST_URIS} are allowed")
    for uri in checked:
        if not _is_address(uri):
            raise Invalid(f"redirect-uri: {uri[:200]!r} is no https:// address without user and fragment")
    return checked


def asked_for(connector: Connector | None, *, redirect_uri: str) -> Connector:
    """The connector that asks a person to sign in. Raises Invalid.

    Failure policy: refuse. Nobody is sent to an address that is not registered, not even to be told what is wrong.
    """
    if connector is None or connector.revoked_at is not None:
        raise Invalid("client_id: no program of that id may use this installation; ask whoever runs the program")
    if redirect_uri not in connector.redirect_uris.split():
        raise Invalid(
            f"redirect_uri: {connector.name} may not be answered at that address, which is not registered to the "
            "letter; ask whoever runs the program"
        )
    return connector


class Authorizations:
    """Codes: each good for a minute, once, for the connector and the address that it was made for."""

    def __init__(self, database: Database) -> None:
        self._tokens = Tokens(database)

    def give(self, *, connector: str, person: str, redirect_uri: str, now: int) -> tuple[str, tuple[Statement, ...]]:
        """A new code, and what keeps it."""
        text = secrets.token_urlsafe(32)
        code = Code(connector=connector, person=person, redirect_uri=redirect_uri, expires_at=now + CODE_LIVES_MS)
        return text, (codes_swept(now), code_given(hash_of(text), code))

    async def redeem(self, text: str, *, connector: str, redirect_uri: str | None, now: int) -> tuple[str, Statement]:
        """The person who signed in, and what uses the code up. The address is checked if it is given.

        Raises Unauthenticated alike for whatever is wrong.
        """
        code, refusal = await self._tokens.code(hash_of(text)), Unauthenticated(_REFUSAL)
        if (
            code is None
            or code.connector != connector
            or now >= code.expires_at
            or redirect_uri not in {None, code.redirect_uri}
        ):
            raise refusal
        return code.person, code_used(hash_of(text), otherwise=refusal)


def _is_address(uri: str) -> bool:
    if len(uri) > _LONGEST_URI or not _PLAIN.fullmatch(uri):
        return False
    try:
        parts = urlsplit(uri)
        is_here = parts.hostname in _LOOPBACK and parts.port is not None
    except ValueError:
        return False
    # A program on the person's own machine listens without a certificate (RFC 8252).
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_here)
    return is_safe and _HOST.fullmatch(parts.netloc) is not None and "#" not in uri
