"""Connectors: the programs that may use the API, and the version of everybody's rights."""

from collections.abc import Sequence

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


class Listed(Connector, frozen=True, kw_only=True):
    """A connector with when one of its keys or refresh tokens was last used, exact to a minute; None for never."""

    used_at: int | None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A connector that reads the tables alone; `used_at` is exact to a minute, None for never."""

    id: str
    name: str
    created_at: int
    used_at: int | None


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
    return Statement("connector_revoked", {"id": identifier, "at": at}, _missing(identifier))


def connector_secret_changed(identifier: str, secret: str) -> Statement:
    """Give it the secret of that hash. Raises NotFound if there is none, or it was revoked."""
    return Statement("connector_secret_changed", {"id": identifier, "secret": secret}, _missing(identifier))


def _missing(identifier: str) -> NotFound:
    return NotFound(f"there is no connector {identifier} that is not revoked yet; see `tidings connector list`")


class Connectors:
    """Reads connectors."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, identifier: str) -> Connector | None:
        """One connector, revoked or not."""
        rows = await self._database.read(Connector, "connector", id=identifier)
        return rows[0] if rows else None

    async def living(self, identifier: str) -> Connector:
        """One connector that is not revoked. Raises NotFound."""
        connector = await self.get(identifier)
        if connector is None or connector.revoked_at is not None:
            raise _missing(identifier)
        return connector

    async def list(self, *, after: str = "", most: int = 100) -> list[Connector]:
        """So many connectors by id, from `after` on, exclusive."""
        return await self._database.read(Connector, "connectors", after=after, most=most)

    async def listed(self, *, after: str = "", most: int = 100) -> Sequence[Listed]:
        """So many connectors by id, from `after` on, exclusive, with when they were last used."""
        return await self._database.read(Listed, "connectors_listed", after=after, most=most)

    async def reading(self, *, after: str = "", most: int = 100) -> Sequence[Reading]:
        """So many connectors by id that read the tables and do nothing else, from `after` on, exclusive."""
        return await self._database.read(Reading, "connectors_reading", after=after, most=most)

    async def is_reading(self, identifier: str) -> bool:
        """Whether that connector reads the tables, does nothing else, and was not revoked."""
        found = await self.get(identifier)
        return found is not None and found.scopes == "tables.read" and found.revoked_at is None

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
