"""An installation of two programs and their people, in one process, of which every change is seen."""

import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import apsw
import psycopg
from psycopg import sql

from tests.security.asking import Answer, ask
from tests.security.cast import OURS, THEIRS, Cast, Stranger, Tokens
from tests.security.kinds import KINDS
from tests.security.things import BOUNDARY, MARK, Things
from tidings.access.scope import ALL
from tidings.app.compose import opened, running
from tidings.app.front import Front, front
from tidings.app.parts import Parts
from tidings.app.settings import Settings, load
from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import Clock
from tidings.core.vault import new_key
from tidings.testing.clock import ManualClock
from tidings.workspace.groups import NewGroup

# Whose token stands in a path is only known when it is sent.
_PARAMETER = re.compile(r"\{(?!token\})(\w+)(?::path)?\}")
_PEOPLE = {
    Cast.ADMIN: ("+910000000001", "Asha"),
    Cast.MEMBER: ("+910000000002", "Meera"),
    Cast.COLLEAGUE: ("+910000000003", "Dev"),
    Cast.FOREIGN_ADMIN: ("+910000000004", "Ravi"),
}


class Estate:
    """`front` is the whole HTTP door; nothing moves by itself, and no delivery is made."""

    def __init__(self, parts: Parts, url: str) -> None:
        self.parts = parts
        self.front: Front = front(parts)
        self.changes = Changes(url)
        self.things = Things(parts, ask=self.ask)
        self.tokens: Tokens
        self.other_group = ""

    async def settle(self) -> None:
        """Make everybody and everything."""
        access = self.parts.access
        for connector in (OURS, THEIRS):
            await access.create_connector(connector, identifier=connector, actor="test", scopes=ALL)
        people = {
            cast: await access.create_person(phone, actor="test", name=name) for cast, (phone, name) in _PEOPLE.items()
        }
        self.things.at |= {"asha": people[Cast.ADMIN].id}
        groups = {}
        for cast, admin, members in (
            (Cast.GROUP, Cast.ADMIN, [_PEOPLE[Cast.MEMBER][0]]),
            (Cast.FOREIGN_GROUP, Cast.FOREIGN_ADMIN, []),
        ):
            caller = Caller(connector=OURS, kind=TokenKind.USER, person=people[admin], scopes=frozenset())
            name = MARK if cast is Cast.GROUP else "Elsewhere"
            made = await self.parts.workspace.groups.create(caller, NewGroup(name=name, members=members))
            groups[cast] = made.id
        self.other_group = groups[Cast.FOREIGN_GROUP]
        self.tokens = Tokens(self.parts, people=people, groups=groups)
        await self.tokens.make()
        await self.things.make(groups[Cast.GROUP])

    async def ask(self, who: Cast | Stranger | str, method: str, url: str, *, body: object = None) -> Answer:
        """Ask as one of the cast, a stranger, or the bearer of a single scope."""
        token = self.tokens.of[who]
        headers = {}
        if who is Stranger.COOKIE:
            headers["cookie"] = f"tidings_session={token}; tidings_bin={token}; accessToken={token}"
            token = "none"
        elif token:
            headers["authorization"] = f"Bearer {token}"
        if isinstance(body, bytes):
            headers["content-type"] = f"multipart/form-data; boundary={BOUNDARY}"
        url = url.replace("{token}", quote(token) or "none")
        return await ask(self.front.application, method, url, headers=headers, body=body)

    def address(self, path: str, *, other: Mapping[str, str] | None = None) -> str:
        """A path with the things in it, `0` for what there is none of; `other` says what to take instead of which."""
        at, former = self.things.at | dict(other or {}), ""
        filled = []
        for part in path.split("/"):
            found = _PARAMETER.fullmatch(part)
            former = at.get(KINDS.get((former, found[1]), ""), "0") if found else part
            filled.append(former)
        return "/".join(filled)


class Changes:
    """Tells whether anything in a database is otherwise than at the last look, whoever changed it."""

    def __init__(self, url: str) -> None:
        engine, _, path = url.partition(":")
        self._look: _Look = _Sqlite(path) if engine == "sqlite" else _Postgresql(url)
        self._version, self._content = -1, b""

    def since(self) -> bool:
        version = self._look.version()
        if version == self._version:
            return False
        # A transaction that takes everything back counts as well, so the content decides.
        before, self._version, self._content = self._content, version, self._digest()
        return before != self._content

    def close(self) -> None:
        self._look.close()

    def _digest(self) -> bytes:
        digest = hashlib.sha256()
        for name, rows in self._look.tables():
            digest.update(name.encode())
            for row in rows:
                digest.update(repr(row).encode())
        return digest.digest()


class _Look(Protocol):
    def version(self) -> int: ...

    def tables(self) -> Iterator[tuple[str, list[tuple[object, ...]]]]: ...

    def close(self) -> None: ...


class _Sqlite:
    def __init__(self, path: str) -> None:
        # Not the standard library's: a second SQLite in the process would take away the locks of the first.
        self._connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)

    def version(self) -> int:
        return int(self._connection.pragma("data_version"))

    def tables(self) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
        names = self._connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1").fetchall()
        for (name,) in names:
            rows = self._connection.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - our own tables
            yield str(name), [tuple(row) for row in rows]

    def close(self) -> None:
        self._connection.close()


class _Postgresql:
    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def version(self) -> int:
        """The number of the next transaction that writes, of all on the server."""
        [(number,)] = self._connection.execute(
            "SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS BIGINT)"
        )
        return int(number)

    def tables(self) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
        names = self._connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
        ).fetchall()
        for (name,) in names:
            rows = self._connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(name))).fetchall()
            # What was changed and changed back may stand elsewhere in the table.
            yield name, sorted(rows, key=repr)

    def close(self) -> None:
        self._connection.close()


def settings_in(folder: Path, *, database: str = "", **more: str) -> Settings:
    """An installation without couriers: nothing is delivered, and nothing is written but what is asked for."""
    return load(
        {},
        folder=folder,
        database=database or f"sqlite:{folder / 'tidings.db'}",
        secret_key=new_key(),
        roles="api,receive",
        handshake="never",
        egress_allow="127.0.0.1/32",
        egress_http="on",
        **more,
    )


@contextlib.asynccontextmanager
async def opened_estate(folder: Path, *, database: str = "") -> AsyncIterator[Estate]:
    database = database or f"sqlite:{folder / 'tidings.db'}"
    settings = settings_in(folder, database=database, public_url="https://tidings.example.com/")
    async with opened(settings, clock=ManualClock(Clock().now()), is_serving=True) as parts, running(parts):
        estate = Estate(parts, database)
        try:
            await estate.settle()
            yield estate
        finally:
            estate.changes.close()
