"""Cast: everybody who asks, by what they are to the things that the matrix asks for."""

from enum import StrEnum

from tidings.access.scope import ALL, BY_NAME_ALONE, GRANTED, REPORTS_READ, REPORTS_WRITE
from tidings.access.token import Purpose, issue
from tidings.app.parts import Parts
from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import DAY
from tidings.core.event import NOBODY, Actor
from tidings.store.tokens import token_added

OURS, THEIRS = "shop", "rival"


class Cast(StrEnum):
    """Those with good tokens. The things are Asha's and the connector's `shop`; whoever is foreign is of `rival`."""

    ADMIN = "Asha, who made the things and is the group's Admin"
    MEMBER = "a Member of the group"
    COLLEAGUE = "a person of the same program who is in no group"
    TENANT = "the program's tenant token"
    GROUP = "a token of the group"
    PROGRAM = "a key with all that is given unasked"
    RULER = "a key with the scope admin, too"
    AUTHOR = "a key that writes reports; those here are its own"
    VIEWER = "a key that reads reports"
    FOREIGN_ADMIN = "an Admin of another group, of another program"
    FOREIGN_TENANT = "a tenant token of another program"
    FOREIGN_GROUP = "a token of another group, of another program"
    FOREIGN_PROGRAM = "a key of another program"
    FOREIGN_RULER = "a key of another program with the scope admin"
    FOREIGN_AUTHOR = "a key of another program that writes reports"


class Stranger(StrEnum):
    """Those who are nobody, whatever they send."""

    NOBODY = "nobody, without any token"
    GARBAGE = "somebody who guesses"
    FORGED = "a token that looks like one of ours"
    EXPIRED = "an access token of Asha's that has run out"
    REVOKED = "a key that was revoked"
    OF_REVOKED = "a key whose connector was revoked"
    REFRESH = "a refresh token, which is good for getting others alone"
    COOKIE = "a good token, sent as a cookie"


ALL_CASTS = frozenset(Cast)
USERS = frozenset({Cast.ADMIN, Cast.MEMBER, Cast.COLLEAGUE, Cast.FOREIGN_ADMIN})
RULERS = frozenset({Cast.TENANT, Cast.RULER, Cast.FOREIGN_TENANT, Cast.FOREIGN_RULER})
IN_CHARGE = RULERS | {Cast.ADMIN, Cast.GROUP}
IN_GROUP = IN_CHARGE | {Cast.MEMBER}
OF_PROGRAM = frozenset(
    {Cast.ADMIN, Cast.MEMBER, Cast.COLLEAGUE, Cast.TENANT, Cast.GROUP, Cast.PROGRAM, Cast.RULER, Cast.AUTHOR}
)

_UNASKED = frozenset(GRANTED) - BY_NAME_ALONE
_SCOPES = {
    Cast.PROGRAM: frozenset(GRANTED),
    Cast.FOREIGN_PROGRAM: frozenset(GRANTED),
    Cast.RULER: frozenset(ALL),
    Cast.FOREIGN_RULER: frozenset(ALL),
    Cast.AUTHOR: frozenset({REPORTS_READ, REPORTS_WRITE}),
    Cast.FOREIGN_AUTHOR: frozenset({REPORTS_READ, REPORTS_WRITE}),
    Cast.VIEWER: frozenset({REPORTS_READ}),
}
_KINDS = {
    **dict.fromkeys(USERS, TokenKind.USER),
    Cast.TENANT: TokenKind.TENANT,
    Cast.FOREIGN_TENANT: TokenKind.TENANT,
    Cast.GROUP: TokenKind.GROUP,
    Cast.FOREIGN_GROUP: TokenKind.GROUP,
}


def scopes_of(cast: Cast) -> frozenset[str]:
    return _SCOPES.get(cast, _UNASKED)


class Tokens:
    """Gives each of the cast its token. `people` are those of the users, `groups` those of the group tokens."""

    def __init__(self, parts: Parts, *, people: dict[Cast, Actor], groups: dict[Cast, str]) -> None:
        self._parts = parts
        self._people = people
        self._groups = groups
        self.of: dict[Cast | Stranger | str, str] = {}

    async def make(self) -> None:
        """All of them; those of a single scope go by its name."""
        for cast in Cast:
            self.of[cast] = await self.issued(self.caller(cast))
        program = self.caller(Cast.PROGRAM)
        for scope in ALL:
            self.of[scope] = await self.issued(_with(program, scope))
        admin, now = self.caller(Cast.ADMIN), self._parts.clock.now()
        self.of[Stranger.NOBODY] = ""
        self.of[Stranger.GARBAGE] = "' OR 1=1 --"
        self.of[Stranger.FORGED] = f"tda_{'A' * 43}"
        self.of[Stranger.EXPIRED] = await self.issued(admin, Purpose.ACCESS, now=now - 2 * DAY)
        self.of[Stranger.REFRESH] = await self.issued(admin, Purpose.REFRESH)
        self.of[Stranger.COOKIE] = self.of[Cast.RULER]
        access = self._parts.access
        await access.create_connector("Gone", identifier="gone", actor="test")
        self.of[Stranger.OF_REVOKED] = await access.create_key("gone", actor="test", scopes=["publish", "bin"])
        self.of[Stranger.REVOKED] = await access.create_key(OURS, actor="test", scopes=GRANTED)
        await access.revoke_token(self.of[Stranger.REVOKED], actor="test")
        await access.revoke_connector("gone", actor="test")

    def caller(self, cast: Cast) -> Caller:
        return Caller(
            connector=THEIRS if cast.name.startswith("FOREIGN") else OURS,
            kind=_KINDS.get(cast, TokenKind.KEY),
            person=self._people.get(cast, NOBODY),
            group=self._groups.get(cast, ""),
            scopes=scopes_of(cast),
        )

    async def issued(self, caller: Caller, purpose: Purpose = Purpose.STATIC, *, now: int | None = None) -> str:
        made = issue(purpose, caller, now=self._parts.clock.now() if now is None else now)
        await self._parts.database.write(token_added(made.kept))
        return made.text


def _with(caller: Caller, scope: str) -> Caller:
    return Caller(connector=caller.connector, kind=caller.kind, scopes=frozenset({scope}))
