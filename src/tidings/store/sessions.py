"""Sessions of the console, the roles of people in it, and the links that let somebody in once."""

import msgspec

from tidings.core.errors import Conflict, NotFound, TidingsError
from tidings.store.database import Database, Statement, Value


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, since when and from where; `role` is what the person may do in the console, empty for none.

    `expires_at` moves with use, up to `ends_at`.
    """

    hash: str
    id: str
    person: str
    phone: str
    name: str
    picture: str
    role: str
    created_at: int
    seen_at: int
    expires_at: int
    ends_at: int
    address: str
    agent: str


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A session as its person sees it."""

    id: str
    created_at: int
    seen_at: int
    expires_at: int
    address: str
    agent: str


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A role that a person has."""

    person: str
    role: str
    given_at: int
    name: str
    phone: str


def session_begun(session: Session) -> Statement:
    values: dict[str, Value] = {
        "hash": session.hash,
        "id": session.id,
        "person": session.person,
        "at": session.created_at,
        "expires_at": session.expires_at,
        "ends_at": session.ends_at,
        "address": session.address,
        "agent": session.agent,
    }
    return Statement("session_begun", values)


def session_ended(identifier: str, *, person: str) -> Statement:
    """Raises NotFound if it is not that person's."""
    otherwise = NotFound("there is no such session any more; load the list of your sessions again")
    return Statement("session_ended", {"id": identifier, "person": person}, otherwise)


def sessions_ended(person: str, *, besides: str = "") -> Statement:
    """All of a person's but the one of that hash."""
    return Statement("sessions_ended", {"person": person, "besides": besides})


def role_given(person: str, role: str, *, at: int) -> tuple[Statement, ...]:
    """Raises Conflict if that were the last owner, or there is no such person."""
    refusal = Conflict("the last owner stays one, and only people can have a role; make another person an owner first")
    return Statement("owners_locked"), Statement("role_given", {"person": person, "role": role, "at": at}, refusal)


def role_taken(person: str) -> tuple[Statement, ...]:
    """Raises Conflict if that were the last owner, or the person has no role."""
    refusal = Conflict("the last owner stays one; make another person an owner first")
    return Statement("owners_locked"), Statement("role_taken", {"person": person}, refusal)


def link_made(hash_: str, *, person: str, expires_at: int) -> Statement:
    return Statement("link_made", {"hash": hash_, "person": person, "expires_at": expires_at})


def link_used(hash_: str, *, now: int, otherwise: TidingsError) -> Statement:
    return Statement("link_used", {"hash": hash_, "now": now}, otherwise)


LINKS_OF_OWNERS_ENDED = Statement("links_of_owners_ended")


def swept(now: int) -> tuple[Statement, ...]:
    """What has run out is forgotten."""
    return Statement("sessions_swept", {"now": now}), Statement("links_swept", {"now": now})


class Sessions:
    """Reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, hash_: str, *, now: int) -> Session | None:
        """The session of a token by its hash, unless it has run out."""
        found = await self._database.read(Session, "session", hash=hash_, now=now)
        return found[0] if found else None

    async def used(self, hash_: str, *, now: int, expires_at: int) -> None:
        """Have a session live on until then, and its person be seen."""
        await self._database.write(
            Statement("session_used", {"hash": hash_, "now": now, "expires_at": expires_at}),
            Statement("person_seen", {"hash": hash_, "now": now}),
        )

    async def of(self, person: str, *, now: int, before: tuple[int, str] = (2**62, ""), most: int) -> list[Listed]:
        """So many of a person's sessions, the newest first; go on with the last one's beginning and id."""
        return await self._database.read(
            Listed,
            "sessions_of_person",
            person=person,
            now=now,
            before=before[0],
            before_id=before[1],
            most=most,
        )

    async def role(self, person: str) -> str:
        """What a person may do, empty for no role."""
        found = await self._database.read(str, "role_of", person=person)
        return found[0] if found else ""

    async def roles(self, *, after: str = "", most: int) -> list[Given]:
        """So many people with a role, by id, from `after` on, exclusive."""
        return await self._database.read(Given, "roles", after=after, most=most)

    async def have_owner(self) -> bool:
        [owners] = await self._database.read(int, "owners_counted")
        return owners > 0

    async def link(self, hash_: str, *, now: int) -> str | None:
        """Whom a link lets in, empty for a new owner; None if it is worth nothing."""
        found = await self._database.read(str, "link", hash=hash_, now=now)
        return found[0] if found else None
