"""Callers: whose a token is, from memory; and how a revocation reaches every process within a second."""

import asyncio
import contextlib

from tidings.access.token import Purpose, bearer_of, hash_of, is_current, looks_like_a_token
from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import Clock
from tidings.core.errors import InvalidToken, TidingsError, Unavailable
from tidings.store.connectors import Connectors
from tidings.store.database import Database
from tidings.store.tokens import Tokens, key_used

# Two looks within the second that DESIGN section 6 allows; one indexed row each.
_LOOK_EVERY_S = 0.5
# A look that takes longer than this is worth nothing: together with the wait it still ends within the second.
_LOOK_LIMIT_S = 0.4
# Seconds. As exactly as anybody asks when a key was last used; each costs a write.
_RECORD_EVERY_S = 60.0
# 10,000 callers take 8 MB; whoever falls out is read again.
_MOST_REMEMBERED = 10_000
# Kaizala's clients look for the first two sentences.
INVALID_TOKEN = (
    "Invalid token. Failure reason:Token validation failed due to unknown reason! "  # noqa: S105 - a sentence
    "It is wrong, revoked or has run out; get a new one from accessToken"
)


class Callers:
    """Remembers whose tokens are.

    Failure policy: refuse. When the store cannot say whether a right was taken away, nothing is remembered.
    """

    def __init__(self, database: Database, *, clock: Clock, most: int = _MOST_REMEMBERED) -> None:
        self._database = database
        self._generation = 0
        self._most = most
        self._connectors = Connectors(database)
        self._tokens = Tokens(database)
        self._clock = clock
        self._version = -1
        self._remembered: dict[str, tuple[Caller, int | None]] = {}
        self._used: set[str] = set()

    def known(self, token: str) -> Caller | None:
        """Whose a token is, if that is remembered and the token has not run out."""
        found = self._remembered.get(token)
        if found is None:
            return None
        caller, expires_at = found
        if caller.kind is TokenKind.KEY:
            self._used.add(token)
        return caller if expires_at is None or self._clock.now() < expires_at else None

    async def authenticate(self, token: str) -> Caller:
        """Whose a token is, from memory or the store. Raises Unauthenticated."""
        caller = self.known(token)
        if caller is not None:
            return caller
        generation = self._generation
        found = await self._tokens.get(hash_of(token)) if looks_like_a_token(token) else None
        if found is None or found.purpose == Purpose.REFRESH or not is_current(found, self._clock.now()):
            raise InvalidToken(INVALID_TOKEN)
        caller = bearer_of(found)
        if caller.kind is TokenKind.KEY:
            self._used.add(token)
        # What was read before a revocation must not be remembered after it.
        if generation == self._generation:
            if len(self._remembered) >= self._most:
                del self._remembered[next(iter(self._remembered))]
            self._remembered[token] = (caller, found.expires_at)
        return caller

    def forget(self) -> None:
        """Read every caller again."""
        self._generation += 1
        self._remembered.clear()

    async def run(self) -> None:
        """Look whether a right was taken away, by whatever process, until cancelled."""
        while True:
            await self._look()
            await self._clock.sleep(_LOOK_EVERY_S)

    async def record_use(self) -> None:
        """Record every minute which keys were used in it, until cancelled."""
        while True:
            await self._clock.sleep(_RECORD_EVERY_S)
            used, self._used = self._used, set()
            if used:
                # If this fails, a later minute's use tells as much.
                with contextlib.suppress(Unavailable):
                    await self._database.write(*(key_used(hash_of(key), at=self._clock.now()) for key in sorted(used)))

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_LIMIT_S):
                version = await self._connectors.version()
        except (TidingsError, TimeoutError):
            version = -1
        if version != self._version or version == -1:
            self._version = version
            self.forget()
