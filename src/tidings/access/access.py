"""Access: who may use the API, and the tokens by which they do."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tidings.access.authorization import Authorizations, asked_for, checked_redirect_uris
from tidings.access.callers import INVALID_TOKEN, Callers
from tidings.access.erasure import Erasure
from tidings.access.keyring import Keyring, limited
from tidings.access.naming import checked_identifier, checked_name
from tidings.access.phone import normal_phone
from tidings.access.pin_sender import PinSender
from tidings.access.pins import Pins
from tidings.access.scope import BY_NAME_ALONE, GRANTED, parse_scopes
from tidings.access.token import (
    Issued,
    Purpose,
    bearer_of,
    hash_of,
    hash_of_secret,
    is_current,
    issue,
    same_secret,
    successor,
)
from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import DAY, Clock
from tidings.core.errors import Invalid, InvalidToken, NotFound, Unauthenticated, Unavailable
from tidings.core.event import NOBODY, Actor
from tidings.core.vault import Vault
from tidings.store.audit import NEWEST, Audit, Entry, audited
from tidings.store.connectors import ACCESS_CHANGED, Connector, Connectors, connector_added, connector_revoked
from tidings.store.database import Database, Statement
from tidings.store.people import People, person_created, signed_in
from tidings.store.subscriptions import withholding
from tidings.store.tokens import Key, Tokens, former_refresh_tokens_ended, token_added, token_revoked, token_used

# From 90 % of a refresh token's life on, every accessToken call answers its successor (Kaizala's tokens page).
_ROTATE_AFTER_MS = 328 * DAY
_SWEEP_EVERY_S = 3_600
_SWEEP_AT_ONCE = 1_000
# Kaizala's own sentence, misspelt as it was.
_WRONG_SECRET = "Dont have correct applicationId and secret in header!"  # noqa: S105 - a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """Good for access tokens until `expires_at`, of those scopes, in their own order."""

    token: str = field(repr=False)
    expires_at: int
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """Good for calls until `expires_at`. `refresh_token` is the one to use from now on, empty for the same."""

    token: str = field(repr=False)
    expires_at: int
    refresh_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConnector:
    """A connector and its secret, which is shown this once."""

    id: str
    secret: str = field(repr=False)


class Access:
    """Signs people in, gives tokens and takes them away. Phone numbers come as people write them.

    What takes a right away holds at once in this process, and within a second in every other (`run`).
    `actor` is who did it, for the record: a person's id, or what the command line calls itself.
    """

    def __init__(self, database: Database, *, vault: Vault, clock: Clock, pin_sender: PinSender) -> None:
        self._database = database
        self._clock = clock
        self._connectors = Connectors(database)
        self._people = People(database)
        self._tokens = Tokens(database)
        self._callers = Callers(database, clock=clock)
        self._pins = Pins(database, vault=vault, clock=clock, sender=pin_sender)
        self._authorizations = Authorizations(database)
        self._erasure = Erasure(database, clock=clock)
        self._audit = Audit(database)
        self.keyring = Keyring(database, clock=clock, forget=self._callers.forget)

    @property
    def pins(self) -> Pins:
        """PINs alone, for a sign-in that is not a program's."""
        return self._pins

    async def run(self) -> None:
        """Hear of revocations, send PINs and forget what has run out, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._callers.run())
            group.create_task(self._callers.record_use())
            group.create_task(self._pins.run())
            group.create_task(self._sweep())

    # Whose a token is

    def known(self, token: str) -> Caller | None:
        """Whose a token is, if that is in memory."""
        return self._callers.known(token)

    async def authenticate(self, token: str) -> Caller:
        """Whose a token is. Raises Unauthenticated."""
        return await self._callers.authenticate(token)

    # Signing in

    async def generate_pin(self, phone: str, *, application_id: str, address: str) -> None:
        """Send a PIN to the person of that number, if there is one: the answer is the same. Raises Throttled."""
        number = normal_phone(phone, field="mobileNumber")
        connector = await self._connector(application_id)
        await self._pins.make(number, connector=connector.id, address=address)

    async def login(
        self, phone: str, *, application_id: str, pin: str, application_secret: str | None = None, address: str
    ) -> RefreshToken:
        """Take a PIN for a refresh token. The former one of this person and connector ends.

        The documented body has no secret, real clients send one: it must be right if it is given.
        Raises Unauthenticated, and Throttled.
        """
        number = normal_phone(phone, field="mobileNumber")
        connector = await self._connector(application_id, secret=application_secret)
        person, used = await self._pins.redeem(pin, phone=number, connector=connector.id, address=address)
        bearer = _bearer(connector, TokenKind.USER, person=Actor(id=person))
        return await self._give_refresh_token(
            bearer, used, signed_in(person, at=self._clock.now()), actor=person, action="person.signed_in"
        )

    async def access_token(self, *, application_id: str, application_secret: str, refresh_token: str) -> AccessToken:
        """Give an access token, and from day 328 of the refresh token's life on its successor.

        Every call answers the same successor. The earlier token stays valid until its own end, because clients lose
        answers and run as several processes. Raises Unauthenticated.
        """
        connector = await self._connector(application_id, secret=application_secret)
        now = self._clock.now()
        refresh = await self._tokens.get(hash_of(refresh_token))
        if (
            refresh is None
            or refresh.purpose != Purpose.REFRESH
            or refresh.connector != connector.id
            or not is_current(refresh, now)
        ):
            raise InvalidToken(INVALID_TOKEN)
        bearer = bearer_of(refresh)
        access = issue(Purpose.ACCESS, bearer, now=now)
        issued, following = [access], ""
        if now >= refresh.created_at + _ROTATE_AFTER_MS:
            following = successor(refresh_token, refresh.seed)
            issued.append(issue(Purpose.REFRESH, bearer, now=now, text=following))
        used = token_used(refresh.hash, at=now)
        await self._database.write(used, *(token_added(one.kept) for one in issued))
        return AccessToken(token=access.text, expires_at=_end(access), refresh_token=following)

    # Signing in through a browser

    async def asked_by(self, application_id: str, *, redirect_uri: str) -> Connector:
        """The connector for which a browser brings a person to us. Raises Invalid if it may not be answered there."""
        return asked_for(await self._connectors.get(application_id), redirect_uri=redirect_uri)

    async def authorize(self, phone: str, *, application_id: str, redirect_uri: str, pin: str, address: str) -> str:
        """Take a PIN for a code, which the connector trades for tokens within a minute.

        Raises Invalid, Unauthenticated, and Throttled.
        """
        number = normal_phone(phone, field="mobileNumber")
        connector = await self.asked_by(application_id, redirect_uri=redirect_uri)
        person, used = await self._pins.redeem(pin, phone=number, connector=connector.id, address=address)
        code, given = self._authorizations.give(
            connector=connector.id, person=person, redirect_uri=redirect_uri, now=self._clock.now()
        )
        await self._write(used, *given, actor=person, action="person.authorized", about=connector.id)
        return code

    async def trade_code(
        self, code: str, *, application_id: str, application_secret: str, redirect_uri: str | None = None
    ) -> AccessToken:
        """Give an access token and a refresh token for a code; the former one of this person and connector ends.

        The address may be left out, as in Kaizala's documentation. Raises Unauthenticated.
        """
        connector = await self._connector(application_id, secret=application_secret)
        now = self._clock.now()
        person, used = await self._authorizations.redeem(
            code, connector=connector.id, redirect_uri=redirect_uri, now=now
        )
        bearer = _bearer(connector, TokenKind.USER, person=Actor(id=person))
        access = issue(Purpose.ACCESS, bearer, now=now)
        refresh = await self._give_refresh_token(
            bearer, used, signed_in(person, at=now), token_added(access.kept), actor=person, action="person.signed_in"
        )
        return AccessToken(token=access.text, expires_at=_end(access), refresh_token=refresh.token)

    # Connectors

    async def create_connector(
        self,
        name: str,
        *,
        actor: str,
        identifier: str | None = None,
        secret: str | None = None,
        scopes: Iterable[str] = GRANTED,
        redirect_uris: Iterable[str] = (),
    ) -> NewConnector:
        """Let a program use the API. Raises Invalid, and Conflict if there is one of that id, revoked or not.

        People who sign in through a browser are sent back to one of `redirect_uris`, and nowhere else.
        """
        connector = NewConnector(id=checked_identifier(identifier), secret=secret or secrets.token_urlsafe(32))
        row = Connector(
            id=connector.id,
            name=checked_name(name),
            secret=hash_of_secret(connector.id, connector.secret),
            scopes=" ".join(parse_scopes(scopes)),
            redirect_uris=" ".join(checked_redirect_uris(redirect_uris)),
            created_at=self._clock.now(),
        )
        await self._write(connector_added(row), actor=actor, action="connector.created", about=row.id)
        return connector

    async def connectors(self, *, after: str = "", most: int = 100) -> list[Connector]:
        """So many connectors by id, revoked ones too."""
        return await self._connectors.list(after=after, most=most)

    async def revoke_connector(self, identifier: str, *, actor: str) -> None:
        """End a connector and its tokens; what its webhooks are owed is held. Raises NotFound."""
        await self._write(
            connector_revoked(identifier, at=self._clock.now()),
            withholding(connector=identifier),
            ACCESS_CHANGED,
            actor=actor,
            action="connector.revoked",
            about=identifier,
        )
        await self._database.ring("subscriptions")
        self._callers.forget()

    # People

    async def create_person(
        self, phone: str, *, actor: str, name: str, picture: str = "", identifier: str | None = None
    ) -> Actor:
        """Let a person sign in. One who was only named as a member gets the name; Conflict if there is another name."""
        number = normal_phone(phone, field="phone")
        person = Actor(id=checked_identifier(identifier), phone=number, name=checked_name(name), picture=picture)
        at = self._clock.now()
        await self._write(person_created(person, at=at), actor=actor, action="person.created", about=person.id)
        return await self.person(number)

    async def person(self, phone: str) -> Actor:
        """The person of that number. Raises NotFound."""
        number = normal_phone(phone, field="phone")
        person = await self._people.by_phone(number)
        if person is None:
            raise NotFound(f"nobody has the number {number}; make that person with `tidings user create`")
        return person

    async def waiting_pin(self, phone: str) -> str:
        """The PIN that waits for a person. Raises NotFound."""
        person = await self.person(phone)
        pin = await self._pins.waiting(person.phone)
        if pin is None:
            raise NotFound(f"no PIN waits for {person.phone}; ask for one with generatePin, it is good for ten minutes")
        return pin

    async def erase(
        self, phone: str, *, actor: str, progress: Callable[[int], None] = lambda _: None
    ) -> Mapping[str, int]:
        """Blank a person everywhere, in a second or more; how much of what was changed. Raises NotFound.

        May be repeated when it was interrupted.
        """
        changed = await self._erasure.erase(await self.person(phone), actor=actor, progress=progress)
        self._callers.forget()
        return changed

    # Tokens by hand

    async def create_refresh_token(
        self, connector: str, *, actor: str, kind: TokenKind, phone: str | None = None, group: str = ""
    ) -> RefreshToken:
        """Make a refresh token. The former one of this connector, bearer and kind ends. Raises NotFound and Invalid.

        A user token needs a person, a group token a group (the caller looks that it is there).
        """
        needs = {TokenKind.USER: bool(phone) and not group, TokenKind.GROUP: bool(group), TokenKind.TENANT: not group}
        if not needs.get(kind):
            raise Invalid("a user token needs a person, a group token a group, a tenant token neither")
        person = await self.person(phone) if phone else NOBODY
        bearer = _bearer(await self._connectors.living(connector), kind, person=person, group=group)
        return await self._give_refresh_token(bearer, actor=actor, action="token.created")

    async def create_key(
        self,
        connector: str,
        *,
        actor: str,
        scopes: Iterable[str] = (),
        phone: str | None = None,
        life_ms: int | None = None,
    ) -> str:
        """Make a key that is good until it ends or is revoked; without scopes it has those that are given unasked."""
        owner = await self._connectors.living(connector)
        person = await self.person(phone) if phone else NOBODY
        bearer = _bearer(owner, TokenKind.KEY, person=person, scopes=parse_scopes(scopes))
        issued = limited(issue(Purpose.STATIC, bearer, now=self._clock.now()), life_ms=life_ms)
        await self._write(token_added(issued.kept), actor=actor, action="key.created", about=issued.kept.hash)
        return issued.text

    async def keys(self, connector: str, *, after: Key | None = None, most: int = 100) -> list[Key]:
        """So many keys of a connector, oldest first, revoked ones too, with when they were last used."""
        return await self._tokens.keys(connector, after=after, most=most)

    async def revoke_token(self, token: str, *, actor: str) -> None:
        """End a token or key. Raises Unauthenticated if it is none, or ended before."""
        kept = hash_of(token)
        revoked = token_revoked(kept, at=self._clock.now(), otherwise=InvalidToken(INVALID_TOKEN))
        await self._write(revoked, ACCESS_CHANGED, actor=actor, action="token.revoked", about=kept)
        self._callers.forget()

    # The record

    async def audit(self, actor: str, action: str, *, about: str) -> None:
        """Record who did what to whom: ids, never names or numbers."""
        await self._write(actor=actor, action=action, about=about)

    async def audit_entries(self, *, before: int = NEWEST, most: int = 100) -> list[Entry]:
        """So many entries of the record, newest first; go on with the last one's `id` as `before`."""
        return await self._audit.entries(before=before, most=most)

    async def _connector(self, identifier: str, *, secret: str | None = None) -> Connector:
        connector = await self._connectors.get(identifier)
        if (
            connector is None
            or connector.revoked_at is not None
            or (secret is not None and not same_secret(connector.secret, connector=identifier, secret=secret))
        ):
            raise Unauthenticated(_WRONG_SECRET)
        return connector

    async def _give_refresh_token(self, bearer: Caller, *with_it: Statement, actor: str, action: str) -> RefreshToken:
        issued = issue(Purpose.REFRESH, bearer, now=self._clock.now())
        await self._write(
            *with_it,
            former_refresh_tokens_ended(issued.kept),
            token_added(issued.kept),
            actor=actor,
            action=action,
            about=bearer.connector,
        )
        return RefreshToken(token=issued.text, expires_at=_end(issued), scopes=parse_scopes(bearer.scopes))

    async def _write(self, *statements: Statement, actor: str, action: str, about: str) -> None:
        entry = audited(actor=actor, action=action, about=about, at=self._clock.now())
        await self._database.write(*statements, entry)

    async def _sweep(self) -> None:
        while True:
            # What is not forgotten now is forgotten an hour later.
            with contextlib.suppress(Unavailable):
                while await self._tokens.sweep(before=self._clock.now(), most=_SWEEP_AT_ONCE) == _SWEEP_AT_ONCE:
                    pass
            await self._clock.sleep(_SWEEP_EVERY_S)


def _bearer(
    connector: Connector,
    kind: TokenKind,
    *,
    person: Actor = NOBODY,
    group: str = "",
    scopes: Iterable[str] = (),
) -> Caller:
    """Who may act within those scopes, at most with what the connector has; without any, with what is given unasked."""
    has = frozenset(connector.scopes.split())
    wanted = frozenset(scopes) or has - BY_NAME_ALONE
    if kind is TokenKind.KEY and not wanted:
        raise Invalid(f"scope: say what the key may do; nothing of what connector {connector.id} has is given unasked")
    if not wanted <= has:
        raise Invalid(f"scope: connector {connector.id} was not given {', '.join(sorted(wanted - has))}")
    return Caller(connector=connector.id, kind=kind, person=person, group=group, scopes=wanted)


def _end(issued: Issued) -> int:
    return issued.kept.expires_at or 0
