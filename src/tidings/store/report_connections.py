"""Data connections of reports: databases of somebody else's, how they are entered sealed."""

from collections.abc import Sequence

import msgspec

from tidings.core.errors import TidingsError
from tidings.core.report import Connection
from tidings.store.database import Database, Statement, Value

# As many as an administrator can look after.
MOST_CONNECTIONS = 200


class SealedConnection(Connection, frozen=True, kw_only=True):
    """A connection with its sealed URL."""

    url: str


def connection_added(connection: Connection, *, url: str, otherwise: TidingsError) -> Statement:
    """Add it, its URL sealed. `otherwise` is raised if there is one of that name, or too many of them."""
    values: dict[str, Value] = {**msgspec.structs.asdict(connection), "url": url, "most": MOST_CONNECTIONS}
    return Statement("report_connection_added", values, otherwise)


def connection_removed(name: str, *, otherwise: TidingsError) -> Statement:
    """Remove it; `otherwise` is raised if there is none of that name."""
    return Statement("report_connection_removed", {"name": name}, otherwise)


class ReportConnections:
    """Reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, name: str) -> SealedConnection | None:
        found = await self._database.read(SealedConnection, "report_connection", name=name)
        return found[0] if found else None

    async def list(self, *, after: str = "", most: int = MOST_CONNECTIONS) -> Sequence[Connection]:
        """So many connections by name, from `after` on, exclusive."""
        return await self._database.read(Connection, "report_connections", after=after, most=most)
