"""Tokens and PINs as they are kept, and the throttle on those who try them."""

import msgspec

from tidings.core.errors import Throttled, TidingsError, Unauthenticated
from tidings.core.event import NOBODY, Actor
from tidings.store.database import Database, Statement, Value


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token that is valid until `expires_at` (None: until revoked). The token itself is kept as a hash only.

    `purpose` is refresh, access or static; `scopes` are separated by spaces; `person` and `group` may be empty.
    """

    hash: str
    purpose: str
    kind: str
    connector: str
    person: Actor = NOBODY
    group: str = ""
    scopes: str
    seed: str = ""
    created_at: int
    expires_at: int | None


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is listed: nobody can act by what stands here. `used_at` is exact to a minute, None for never."""

    hash: str
    person: str
    scopes: str
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    used_at: int | None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is looked after: nobody can act by what stands here.

    `name` is that of its person, or in a list of a person's of its connector; `used_at` is exact to a minute.
    """

    hash: str
    purpose: str
    kind: str
    connector: str
    person: str
    group: str
    scopes: str
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    used_at: int | None
    name: str


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    purpose: str
    kind: str
    connector: str
    person: str
    group_id: str
    scopes: str
    seed: str
    created_at: int
    expires_at: int | None
    phone: str
    name: str
    picture: str
    is_bot: bool


class WaitingPin(msgspec.Struct, frozen=True, kw_only=True):
    """A PIN, sealed, that was not used yet."""

    sealed: str
    expires_at: int


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """What a code was given for: to whom, through which connector, and to which address it was sent."""

    connector: str
    person: str
    redirect_uri: str
    expires_at: int


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """So many tries at once, and one more each time `interval_ms` has passed."""

    at_once: int
    interval_ms: int


def token_added(token: Token) -> Statement:
    values: dict[str, Value] = {
        "hash": token.hash,
        "purpose": token.purpose,
        "kind": token.kind,
        "connector": token.connector,
        "person": token.person.id,
        "group_id": token.group,
        "scopes": token.scopes,
        "seed": token.seed,
        "at": token.created_at,
        "expires_at": token.expires_at,
    }
    return Statement("token_added", values)


def former_refresh_tokens_ended(token: Token) -> Statement:
    """What a new refresh token does to those of the same connector, bearer and kind."""
    values: dict[str, Value] = {
        "connector": token.connector,
        "person": token.person.id,
        "kind": token.kind,
        "group_id": token.group,
        "at": token.created_at,
    }
    return Statement("refresh_tokens_replaced", values)


def token_revoked(token_hash: str, *, at: int, otherwise: TidingsError) -> Statement:
    return Statement("token_revoked", {"hash": token_hash, "at": at}, otherwise)


def token_shortened(token_hash: str, *, ends_at: int, otherwise: TidingsError) -> Statement:
    """Have a token end then, unless it ends earlier."""
    return Statement("token_shortened", {"hash": token_hash, "at": ends_at}, otherwise)


def token_used(token_hash: str, *, at: int) -> Statement:
    return Statement("token_used", {"hash": token_hash, "at": at})


def key_used(token_hash: str, *, at: int) -> Statement:
    """What else than a key has that hash is left as it is."""
    return Statement("key_used", {"hash": token_hash, "at": at})


def unthrottled(key: str) -> Statement:
    return Statement("throttle_forgotten", {"key": key})


def throttled(key: str, rate: Rate, *, now: int) -> Statement:
    """Count a try. Raises Throttled, without counting it, if there were too many."""
    values: dict[str, Value] = {
        "key": key,
        "now": now,
        "fresh": now + rate.interval_ms,
        "interval": rate.interval_ms,
        "latest": now + (rate.at_once - 1) * rate.interval_ms,
    }
    # After a refusal one try more is allowed when at most an interval has passed.
    wait = -(-rate.interval_ms // 1000)
    return Statement("throttled", values, Throttled(f"too many tries; wait for {wait} seconds", retry_after=wait))


def pin_made(*, phone: str, connector: str, sealed: str, expires_at: int) -> Statement:
    return Statement("pin_made", {"phone": phone, "connector": connector, "sealed": sealed, "expires_at": expires_at})


def pin_tried(*, phone: str, connector: str, most: int, now: int) -> Statement:
    """Count a try at a PIN; gives (the sealed PIN, the person's id or an empty text) as long as tries are left."""
    return Statement("pin_tried", {"phone": phone, "connector": connector, "most": most, "now": now})


def pin_used(*, phone: str, connector: str, sealed: str, otherwise: Unauthenticated) -> Statement:
    """Use up exactly that PIN; of two who use it at the same time, one gets the error."""
    return Statement("pin_used", {"phone": phone, "connector": connector, "sealed": sealed}, otherwise)


def code_given(code_hash: str, code: Code) -> Statement:
    return Statement("code_given", {"hash": code_hash, **msgspec.structs.asdict(code)})


def code_used(code_hash: str, *, otherwise: Unauthenticated) -> Statement:
    """Use up a code; of two who use it at the same time, one gets the error."""
    return Statement("code_used", {"hash": code_hash}, otherwise)


def codes_swept(now: int) -> Statement:
    """Forget codes that have run out."""
    return Statement("codes_swept", {"now": now})


def swept(now: int) -> tuple[Statement, ...]:
    """Forget PINs and tries whose time is over; so few that it needs no steps."""
    return Statement("pins_swept", {"now": now}), Statement("throttles_swept", {"now": now})


class Tokens:
    """Reads tokens and PINs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, token_hash: str) -> Token | None:
        """A token that was not revoked, nor its connector, nor its person erased. It may have run out."""
        rows = await self._database.read(_Row, "token", hash=token_hash)
        if not rows:
            return None
        row = rows[0]
        person = Actor(id=row.person, phone=row.phone, name=row.name, picture=row.picture, is_bot=row.is_bot)
        return Token(
            hash=token_hash,
            purpose=row.purpose,
            kind=row.kind,
            connector=row.connector,
            person=person,
            group=row.group_id,
            scopes=row.scopes,
            seed=row.seed,
            created_at=row.created_at,
            expires_at=row.expires_at,
        )

    async def keys(self, connector: str, *, after: Key | None = None, most: int = 100) -> list[Key]:
        """So many keys of a connector, oldest first, from `after` on, exclusive; revoked ones too."""
        since, last = (after.created_at, after.hash) if after else (0, "")
        return await self._database.read(Key, "keys", connector=connector, since=since, after=last, most=most)

    async def of_connector(
        self, connector: str, *, purpose: str, before: tuple[int, str] = (2**62, ""), most: int
    ) -> list[Held]:
        """So many tokens of a connector, the newest first; go on with the last one's `created_at` and `hash`."""
        return await self._database.read(
            Held,
            "tokens_of_connector",
            connector=connector,
            purpose=purpose,
            before=before[0],
            before_hash=before[1],
            most=most,
        )

    async def of_person(self, person: str, *, most: int) -> list[Held]:
        """So many of the newest tokens by which programs may act for a person."""
        return await self._database.read(Held, "tokens_of_person", person=person, most=most)

    async def waiting_pin(self, phone: str, *, most_tries: int, now: int) -> WaitingPin | None:
        """The newest PIN that waits for a person."""
        rows = await self._database.read(WaitingPin, "pin_waiting", phone=phone, most=most_tries, now=now)
        return rows[0] if rows else None

    async def code(self, code_hash: str) -> Code | None:
        """A code that was not used. It may have run out."""
        rows = await self._database.read(Code, "code", hash=code_hash)
        return rows[0] if rows else None

    async def sweep(self, *, before: int, most: int) -> int:
        """Forget so many tokens that ran out before that instant; how many there were, less than `most` at the end."""
        return len((await self._database.write(Statement("tokens_swept", {"before": before, "most": most})))[0])
