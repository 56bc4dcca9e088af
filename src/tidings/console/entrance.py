"""Entrance: how people come into the console, and how long they stay."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from tidings.access.access import Access
from tidings.access.phone import normal_phone
from tidings.console.rights import Role
from tidings.core.clock import DAY, HOUR, MINUTE, Clock
from tidings.core.errors import NotFound, Unauthenticated
from tidings.core.event import Actor
from tidings.store.audit import audited
from tidings.store.database import Database, Statement
from tidings.store.people import People, signed_in
from tidings.store.sessions import (
    LINKS_OF_OWNERS_ENDED,
    Session,
    Sessions,
    link_made,
    link_used,
    role_given,
    role_taken,
    session_begun,
    session_ended,
    sessions_ended,
    swept,
)

# Under which name PINs for the console wait beside those for programs; it is no connector's, because of the space.
_PINS = "the console"
LINK_LIVES_MS = 24 * HOUR
# Where links lead to, below the public URL.
FIRST = "console/first/"
# A day's work without signing in again, and a month at most.
IDLE_MS, LONGEST_MS = 12 * HOUR, 30 * DAY
# So often at most the use of a session is written down: reading pages costs no writing.
_NOTED_EVERY_MS = 5 * MINUTE
_BYTES = 32
# 144 random bits for a day: short enough that the link fits a line of a terminal.
_LINK_BYTES = 18
_LONGEST_AGENT = 200
_LINK_IS_DEAD = "this link was used, or has run out; `tidings console link` on the server prints a new one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A session and the token in its browser's cookie."""

    token: str = field(repr=False)
    ends_at: int


class Entrance:
    """Signs people in to the console, by a PIN or by a link, and out again."""

    def __init__(self, database: Database, *, access: Access, clock: Clock) -> None:
        self._database = database
        self._access = access
        self._clock = clock
        self._people = People(database)
        self.sessions = Sessions(database)

    # Links

    async def link(self, *, actor: str, phone: str | None = None) -> str:
        """The token of a link, good once within a day: it makes an owner, or signs that person in.

        Raises NotFound if nobody has that number.
        """
        person = (await self._access.person(phone)).id if phone else ""
        token, now = secrets.token_urlsafe(_LINK_BYTES), self._clock.now()
        await self._database.write(
            link_made(_hash(token), person=person, expires_at=now + LINK_LIVES_MS),
            audited(actor=actor, action="console.link_made", about=person, at=now),
        )
        return token

    async def first_link(self, *, actor: str) -> str | None:
        """The token of a link that makes the first owner; None if there is an owner."""
        return None if await self.sessions.have_owner() else await self.link(actor=actor)

    async def makes_owner(self, token: str) -> bool:
        """Whether that link makes an owner. Raises NotFound if it is worth nothing."""
        person = await self.sessions.link(_hash(token), now=self._clock.now())
        if person is None:
            raise NotFound(_LINK_IS_DEAD)
        return person == ""

    async def become_owner(self, token: str, *, phone: str, name: str, address: str, agent: str) -> Begun:
        """Make an owner of whoever has the link, and sign them in. Raises NotFound, Invalid and Conflict."""
        if not await self.makes_owner(token):
            raise NotFound(_LINK_IS_DEAD)
        person = await self._person(phone, name=name)
        now = self._clock.now()
        used = link_used(_hash(token), now=now, otherwise=NotFound(_LINK_IS_DEAD))
        given = role_given(person.id, Role.OWNER, at=now)
        return await self._begin(
            person.id, used, *given, LINKS_OF_OWNERS_ENDED, address=address, agent=agent, action="console.owner_made"
        )

    async def follow(self, token: str, *, address: str, agent: str) -> Begun:
        """Sign in whom the link is for. Raises NotFound."""
        now = self._clock.now()
        person = await self.sessions.link(_hash(token), now=now)
        if not person:
            raise NotFound(_LINK_IS_DEAD)
        used = link_used(_hash(token), now=now, otherwise=NotFound(_LINK_IS_DEAD))
        return await self._begin(person, used, address=address, agent=agent, action="console.signed_in")

    # PINs

    async def send_pin(self, phone: str, *, address: str) -> None:
        """Send a PIN to the person of that number, if there is one: the answer is the same. Raises Throttled."""
        await self._access.pins.make(normal_phone(phone, field="phone"), connector=_PINS, address=address)

    async def sign_in(self, phone: str, *, pin: str, address: str, agent: str) -> Begun:
        """Take a PIN for a session. Raises Unauthenticated, Invalid and Throttled."""
        number = normal_phone(phone, field="phone")
        try:
            person, used = await self._access.pins.redeem(pin, phone=number, connector=_PINS, address=address)
            return await self._begin(person, used, address=address, agent=agent, action="console.signed_in")
        except Unauthenticated as error:
            refusal = "pin: is wrong, used or older than ten minutes; try again, or have a new one sent"
            raise Unauthenticated(refusal) from error

    # Sessions

    async def session(self, token: str) -> Session | None:
        """Whose session that is; None if it is worth nothing. It lives on with use."""
        now = self._clock.now()
        found = await self.sessions.get(_hash(token), now=now)
        if found is not None and now - found.seen_at >= _NOTED_EVERY_MS:
            await self.sessions.used(found.hash, now=now, expires_at=min(now + IDLE_MS, found.ends_at))
        return found

    async def role_of(self, token: str) -> Role:
        """What whoever has that session may do at this moment; asking does not prolong it."""
        found = await self.sessions.get(_hash(token), now=self._clock.now())
        return Role.STRANGER if found is None else Role(found.role)

    async def sign_out(self, session: Session) -> None:
        await self.end(session.id, person=session.person)

    async def end(self, identifier: str, *, person: str) -> None:
        """End a session of a person. Raises NotFound."""
        entry = audited(actor=person, action="console.session_ended", about=identifier, at=self._clock.now())
        await self._database.write(session_ended(identifier, person=person), entry)

    async def end_others(self, session: Session) -> None:
        """Leave a person signed in here alone."""
        entry = audited(
            actor=session.person, action="console.sessions_ended", about=session.person, at=self._clock.now()
        )
        await self._database.write(sessions_ended(session.person, besides=session.hash), entry)

    async def end_all(self, person: str, *, actor: str) -> None:
        """Sign a person out everywhere."""
        entry = audited(actor=actor, action="console.sessions_ended", about=person, at=self._clock.now())
        await self._database.write(sessions_ended(person), entry)

    # Roles

    async def give_role(self, person: str, role: Role, *, actor: str) -> None:
        """Let a person do that from now on; `Role.MEMBER` takes the role away. Raises Conflict for the last owner."""
        now = self._clock.now()
        change = role_taken(person) if role is Role.MEMBER else role_given(person, role, at=now)
        action = f"console.role_{role or 'none'}"
        await self._database.write(*change, audited(actor=actor, action=action, about=person, at=now))

    async def _person(self, phone: str, *, name: str) -> Actor:
        known = await self._people.by_phone(normal_phone(phone, field="phone"))
        if known is not None and known.name:
            return known
        return await self._access.create_person(phone, actor="console", name=name)

    async def _begin(self, person: str, *with_it: Statement, address: str, agent: str, action: str) -> Begun:
        token, now = secrets.token_urlsafe(_BYTES), self._clock.now()
        session = Session(
            hash=_hash(token),
            id=secrets.token_hex(8),
            person=person,
            phone="",
            name="",
            picture="",
            role="",
            created_at=now,
            seen_at=now,
            expires_at=now + IDLE_MS,
            ends_at=now + LONGEST_MS,
            address=address,
            agent=agent[:_LONGEST_AGENT].replace("\0", ""),
        )
        entry = audited(actor=person, action=action, about=session.id, at=now)
        await self._database.write(*with_it, *swept(now), session_begun(session), signed_in(person, at=now), entry)
        return Begun(token=token, ends_at=session.ends_at)


def csrf_of(token: str) -> str:
    """What forms of a session send along; only its own pages know it."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
