"""Connections: databases of somebody else's that templates may read; administrators alone say which."""

import re
from collections.abc import Collection, Mapping, Sequence

from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.core.report import Connection, ReportAuthor, ReportRole
from tidings.core.secret import Secret
from tidings.core.vault import Drawer, Vault
from tidings.reports.reading import Clerk, Reach
from tidings.reports.roles import must_be
from tidings.store.audit import audited
from tidings.store.database import Database
from tidings.store.report_connections import ReportConnections, connection_added, connection_removed

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,59}")
# More than a query of a template takes at most by itself is no limit.
_MOST_ROWS, _LONGEST_MS = 10_000_000, 3_600_000


class Connections:
    """Keeps them, their URLs sealed. Each change is one with its entry in the audit."""

    def __init__(self, database: Database, vault: Vault, *, clerk: Clerk, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._kept = ReportConnections(database)
        self._clerk = clerk
        self._clock = clock

    async def add(
        self, name: str, url: Secret, *, author: ReportAuthor, most_rows: int = 1_000_000, longest_ms: int = 300_000
    ) -> Connection:
        """Add a database that can be read now. Raises Forbidden, Conflict, Invalid and Unavailable."""
        must_be(author, ReportRole.ADMINISTRATOR)
        if not _NAME.fullmatch(name):
            raise Invalid("name: use up to 60 small letters, digits, - and _, a letter first")
        if not 1 <= most_rows <= _MOST_ROWS:
            raise Invalid(f"mostRows: use 1 to {_MOST_ROWS}")
        if not 1 <= longest_ms <= _LONGEST_MS:
            raise Invalid(f"longestMs: use 1 to {_LONGEST_MS}")
        kind = await self._clerk.kind(url)
        now = self._clock.now()
        made = Connection(name=name, kind=kind, most_rows=most_rows, longest_ms=longest_ms, made_at=now)
        taken = Conflict(f"there is a data connection {name!r} already; remove it first, or use another name")
        await self._database.write(
            connection_added(made, url=self._vault.seal(url.reveal(), Drawer.REPORT_CONNECTION_URL), otherwise=taken),
            audited(actor=author.id, action="report_connection.added", about=name, at=now),
        )
        return made

    async def list(self) -> Sequence[Connection]:
        """All of them, by name."""
        return await self._kept.list()

    async def remove(self, name: str, *, author: ReportAuthor) -> None:
        """Forget it. Templates that read it will say so. Raises Forbidden, NotFound."""
        must_be(author, ReportRole.ADMINISTRATOR)
        await self._database.write(
            connection_removed(name, otherwise=_none(name)),
            audited(actor=author.id, action="report_connection.removed", about=name, at=self._clock.now()),
        )

    async def urls(self, names: Collection[str]) -> Mapping[str, Reach]:
        """How these are entered, for `Reading.urls`. Raises Invalid, naming one that is not there."""
        found: dict[str, Reach] = {}
        for name in sorted({*names} - {""}):
            kept = await self._kept.get(name)
            if kept is None:
                raise Invalid(f"there is no data connection {name!r}; an administrator can add one")
            url = self._vault.secret(kept.url, of=f"the data connection {name}")
            found[name] = Reach(url=url, most_rows=kept.most_rows, longest_ms=kept.longest_ms)
        return found

    async def test(self, name: str) -> str:
        """Connect to it now; of what kind it is. Raises NotFound, Invalid and Unavailable."""
        kept = await self._kept.get(name)
        if kept is None:
            raise _none(name)
        return await self._clerk.kind(self._vault.secret(kept.url, of=f"the data connection {name}"))


def _none(name: str) -> NotFound:
    return NotFound(f"there is no data connection {name!r}; the list of them shows those that there are")
