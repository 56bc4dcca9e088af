"""Pulls: what is fetched at intervals, with which secrets, how far it has come, and which process is at it."""

from collections.abc import Collection, Sequence

import msgspec

from tidings.core.errors import Conflict, NotFound
from tidings.core.secret import Secret
from tidings.core.vault import Drawer, Vault
from tidings.store.database import Database, Statement, Value

_EVER = 2**62


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """By which a pull is let in: `access` is good until that instant, and `refresh` for the next one."""

    access: Secret = Secret("")
    access_until: int = 0
    refresh: Secret


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """What is fetched from whom. `remote` is a URL that ends in `/`; `cursor` says how far it has come.

    `pulled` counts receipts, `failures` those in a row. Instants are epoch milliseconds, 0 for never.
    """

    name: str
    source: str
    remote: str
    application: str
    secret: Secret
    tokens: Tokens
    group: str
    every_ms: int
    cursor: str = ""
    next_at: int
    succeeded_at: int = 0
    failures: int = 0
    error: str = ""
    pulled: int = 0


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a pull fares, without its secrets; the fields are those of `Pull`."""

    name: str
    created_at: int
    succeeded_at: int
    failures: int
    pulled: int


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """That a process, and no other, fetches a pull."""

    name: str
    holder: str


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    source: str
    remote: str
    application: str
    secret: str
    refresh_token: str
    access_token: str
    access_until: int
    group_id: str
    every_ms: int
    cursor: str
    next_at: int
    succeeded_at: int
    failures: int
    error: str
    pulled: int


class Pulls:
    """Keeps pulls, their secrets sealed. One that has ended keeps none."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def add(self, pull: Pull, *, also: Sequence[Statement] = ()) -> None:
        """Raises Conflict if there is one of that name, or was. Its first time is `next_at`."""
        values: dict[str, Value] = {
            "name": pull.name,
            "source": pull.source,
            "remote": pull.remote,
            "application": pull.application,
            "secret": self._vault.seal(pull.secret.reveal(), Drawer.PULL_SECRET),
            "refresh_token": self._vault.seal(pull.tokens.refresh.reveal(), Drawer.PULL_REFRESH_TOKEN),
            "group_id": pull.group,
            "every_ms": pull.every_ms,
            "at": pull.next_at,
        }
        taken = Conflict(f"there is or was a pull {pull.name!r} already; use another name")
        await self._database.write(Statement("pull_added", values, taken), *also)

    async def end(self, name: str, *, at: int, also: Sequence[Statement] = ()) -> None:
        """Raises NotFound."""
        await self._database.write(Statement("pull_ended", {"name": name, "at": at}, no_such_pull()), *also)

    async def get(self, name: str) -> Pull | None:
        rows = await self._database.read(_Row, "pull", name=name)
        return self._opened(rows[0]) if rows else None

    async def list(self, *, after: str = "", most: int = 100) -> Sequence[Pull]:
        """So many pulls by name, from `after` on, exclusive."""
        return [self._opened(row) for row in await self._database.read(_Row, "pulls", after=after, most=most)]

    async def of_source(self, source: str, *, after: str = "", most: int = 100) -> Sequence[Pull]:
        """So many pulls of a source by name, from `after` on, exclusive."""
        rows = await self._database.read(_Row, "pulls_of_source", source=source, after=after, most=most)
        return [self._opened(row) for row in rows]

    async def standings(self, *, after: str = "", most: int = 100) -> Sequence[Standing]:
        """How so many pulls fare, by name, from `after` on, exclusive."""
        return await self._database.read(Standing, "pulls_standing", after=after, most=most)

    async def due(self, *, now: int, most: int) -> Sequence[str]:
        """Names of pulls whose time has come and that nobody holds, longest due first."""
        return await self._database.read(str, "pulls_due", now=now, most=most)

    async def claim(self, hold: Hold, *, now: int, until: int, is_due: bool = True) -> Pull | None:
        """Take a pull until that instant; None if somebody has it, or if it is not due and must be."""
        values: dict[str, Value] = {
            "name": hold.name,
            "holder": hold.holder,
            "now": now,
            "until": until,
            "due": now if is_due else _EVER,
        }
        [rows] = await self._database.write(Statement("pull_claimed", values))
        return await self.get(hold.name) if rows else None

    async def advance(self, hold: Hold, *, cursor: str, more: int, until: int) -> None:
        """Remember how far it has come, and hold it on. Raises Conflict if it is ours no more."""
        values: dict[str, Value] = {"cursor": cursor, "more": more, "until": until}
        await self._database.write(Statement("pull_advanced", values | _named(hold), _lost()))

    async def renew(self, hold: Hold, tokens: Tokens) -> None:
        """Remember new tokens. Raises Conflict as `advance` does."""
        values: dict[str, Value] = {
            "access_token": self._vault.seal(tokens.access.reveal(), Drawer.PULL_ACCESS_TOKEN),
            "access_until": tokens.access_until,
            "refresh_token": self._vault.seal(tokens.refresh.reveal(), Drawer.PULL_REFRESH_TOKEN),
        }
        await self._database.write(Statement("pull_renewed", values | _named(hold), _lost()))

    async def succeeded(self, hold: Hold, *, at: int, next_at: int) -> None:
        """Let go of it until the next time."""
        values: dict[str, Value] = {"at": at, "next_at": next_at}
        await self._database.write(Statement("pull_succeeded", values | _named(hold)))

    async def failed(self, hold: Hold, *, error: str, next_at: int) -> None:
        """Let go of it until another try."""
        values: dict[str, Value] = {"error": error, "next_at": next_at}
        await self._database.write(Statement("pull_failed", values | _named(hold)))

    async def said_before(self, source: str, onces: Collection[str]) -> frozenset[str]:
        """Which of these (`Reading.once`) are in receipts of a source that were understood."""
        asked = msgspec.json.encode(sorted(onces)).decode()
        return frozenset(await self._database.read(str, "receipts_known", source=source, onces=asked))

    async def lags(self, *, before: int) -> bool:
        """Whether the receipt that is to be laid flat next is from before that instant."""
        return any(at < before for at in await self._database.read(int, "receipt_waiting"))

    def _opened(self, row: _Row) -> Pull:
        of = f"the pull {row.name}"
        return Pull(
            name=row.name,
            source=row.source,
            remote=row.remote,
            application=row.application,
            secret=self._vault.secret(row.secret, of=of),
            tokens=Tokens(
                access=self._vault.secret(row.access_token, of=of) if row.access_token else Secret(""),
                access_until=row.access_until,
                refresh=self._vault.secret(row.refresh_token, of=of),
            ),
            group=row.group_id,
            every_ms=row.every_ms,
            cursor=row.cursor,
            next_at=row.next_at,
            succeeded_at=row.succeeded_at,
            failures=row.failures,
            error=row.error,
            pulled=row.pulled,
        )


def no_such_pull() -> NotFound:
    return NotFound("there is no such pull; `tidings pull list` shows those that there are")


def _named(hold: Hold) -> dict[str, Value]:
    return {"name": hold.name, "holder": hold.holder}


def _lost() -> Conflict:
    return Conflict("the pull has ended, or another process has taken it over")
