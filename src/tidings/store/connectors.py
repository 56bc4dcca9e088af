"""Connectors: the programs that may use the API, and the version of everybody's rights."""

import msgspec

from tidings.core.errors import Conflict, NotFound
from tidings.store.database import Database, Statement, Value


class Connector(msgspec.Struct, frozen=True, kw_only=True):
    """`secret` is a hash; `scopes` and `redirect_uris` are separated by spaces."""

    id: str
    name: str
    secret: str
    scopes: str
    redirect_uris: str = ""
    created_at: int
    revoked_at: int | None = None


# Whatever takes a right away says so in the same transaction; see `Connectors.version`.
ACCESS_CHANGED = Statement("access_changed")


def connector_added(connector: Connector) -> Statement:
    """Raises Conflict if there is one of that id, revoked ones included."""
    values: dict[str, Value] = {
        "id": connector.id,
        "name": connector.name,
        "secret": connector.secret,
        "scopes": connector.scopes,
        "redirect_uris": connector.redirect_uris,
        "at": connector.created_at,
    }
    return Statement(
        "connector_added", values, Conflict(f"there is a connector {connector.id} already; use another id")
    )


def connector_revoked(identifier: str, *, at: int) -> Statement:
    """Raises NotFound if there is none, or it was revoked before."""
    missing = NotFound(f"there is no connector {identifier} that is not revoked yet; see `tidings connector list`")
    return Statement("connector_revoked", {"id": identifier, "at": at}, missing)


class Connectors:
    """Reads connectors."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, identifier: str) -> Connector | None:
        """One connector, revoked or not."""
        rows = await self._database.read(Connector, "connector", id=identifier)
        return rows[0] if rows else None

    async def list(self, *, after: str = "", most: int = 100) -> list[Connector]:
        """So many connectors by id, from `after` on, exclusive."""
        return await self._database.read(Connector, "connectors", after=after, most=most)

    async def version(self) -> int:
        """A number that moves whenever a right is taken away from anybody."""
        return (await self._database.read(int, "access_version"))[0]

    async def of_application(self, application: str) -> str | None:
        """The connector that named an application's id first; None if none has."""
        rows = await self._database.read(str, "application_connector", id=application)
        return rows[0] if rows else None

    async def name_application(self, application: str, *, connector: str, at: int) -> str:
        """Give an application's id to a connector unless it has one; the one that has it."""
        await self._database.write(
            Statement("application_named", {"id": application, "connector": connector, "at": at})
        )
        return await self.of_application(application) or connector
