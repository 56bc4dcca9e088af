"""Keyring: what programs hold, as owners look after it: listed, rolled, ended."""

import secrets
from collections.abc import Callable

import msgspec

from tidings.access.token import Issued, Purpose, bearer_of, hash_of_secret, issue
from tidings.core.clock import Clock
from tidings.core.errors import NotFound
from tidings.store.audit import audited
from tidings.store.connectors import ACCESS_CHANGED, Connectors, Listed, connector_secret_changed
from tidings.store.database import Database, Statement
from tidings.store.tokens import Held, Token, Tokens, token_added, token_revoked, token_shortened


class Keyring:
    """Tokens by their hashes, which whoever sees them cannot use. `forget` is called when a right was taken away.

    `actor` is who did it, for the record.
    """

    def __init__(self, database: Database, *, clock: Clock, forget: Callable[[], None]) -> None:
        self._database = database
        self._connectors = Connectors(database)
        self._tokens = Tokens(database)
        self._clock = clock
        self._forget = forget

    async def connectors(self, *, after: str = "", most: int) -> list[Listed]:
        """So many connectors by id, revoked ones too, with when they were last used."""
        return list(await self._connectors.listed(after=after, most=most))

    async def of_connector(
        self, connector: str, *, purpose: Purpose, before: tuple[int, str] = (2**62, ""), most: int
    ) -> list[Held]:
        """So many tokens of a connector, the newest first, revoked ones too."""
        return await self._tokens.of_connector(connector, purpose=purpose, before=before, most=most)

    async def of_person(self, person: str, *, most: int) -> list[Held]:
        """So many of the newest tokens by which programs may act for a person."""
        return await self._tokens.of_person(person, most=most)

    async def change_secret(self, connector: str, *, actor: str) -> str:
        """Give a connector a new secret; the former one is worth nothing, and tokens stay. Raises NotFound."""
        secret = secrets.token_urlsafe(32)
        changed = connector_secret_changed(connector, hash_of_secret(connector, secret))
        await self._write(changed, actor=actor, action="connector.secret_changed", about=connector)
        return secret

    async def roll(self, token_hash: str, *, overlap_ms: int, actor: str) -> str:
        """Make a key that is good for the same, as long again; the former one ends after the overlap.

        Raises NotFound.
        """
        former = await self._tokens.get(token_hash)
        if former is None or former.purpose != Purpose.STATIC:
            raise _no_token()
        now = self._clock.now()
        following = limited(
            issue(Purpose.STATIC, bearer_of(former), now=now),
            life_ms=None if former.expires_at is None else former.expires_at - former.created_at,
        )
        ends = token_shortened(token_hash, ends_at=now + overlap_ms, otherwise=_no_token())
        revoked = token_revoked(token_hash, at=now, otherwise=_no_token())
        await self._write(
            ends if overlap_ms else revoked,
            ACCESS_CHANGED,
            token_added(following.kept),
            actor=actor,
            action="key.rolled",
            about=token_hash,
        )
        self._forget()
        return following.text

    async def revoke(self, token_hash: str, *, actor: str) -> None:
        """End a token or key. Raises NotFound if it is none, or ended before."""
        revoked = token_revoked(token_hash, at=self._clock.now(), otherwise=_no_token())
        await self._write(revoked, ACCESS_CHANGED, actor=actor, action="token.revoked", about=token_hash)
        self._forget()

    async def _write(self, *statements: Statement, actor: str, action: str, about: str) -> None:
        entry = audited(actor=actor, action=action, about=about, at=self._clock.now())
        await self._database.write(*statements, entry)


def limited(issued: Issued, *, life_ms: int | None) -> Issued:
    """The same token, which ends so long after it was made; None for never."""
    kept: Token = issued.kept
    ends = None if life_ms is None else kept.created_at + life_ms
    return Issued(text=issued.text, kept=msgspec.structs.replace(kept, expires_at=ends))


def _no_token() -> NotFound:
    return NotFound("there is no such token any more; load the list again")
