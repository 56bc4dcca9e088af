"""Packages of custom actions as they are kept; each version is a row."""

import msgspec

from tidings.core.errors import Conflict
from tidings.store.database import Database, Statement


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a package. `body` is JSON of `workspace.bodies.PackageBody`.

    `author` is the id of the person who made this version, empty for a program; `connector` is what they made it with.
    """

    id: str
    version: int
    name: str
    body: str
    author: str
    connector: str
    created_at: int


def package_added(package: Package) -> Statement:
    """Gives the version; version 0 becomes the next one. Raises Conflict if that version is there."""
    why = "leave the version out for the next" if package.version else "somebody made it just now; send it again"
    taken = Conflict(f"there is this version of the package {package.id} already; {why}")
    return msgspec.structs.replace(package_added_once(package), otherwise=taken)


def package_added_once(package: Package) -> Statement:
    """As `package_added`, but a version that is there stays as it is."""
    values = msgspec.structs.asdict(package)
    at = values.pop("created_at")
    return Statement("package_added", values | {"at": at})


class Packages:
    """Reads packages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, identifier: str, *, version: int = 0) -> Package | None:
        """A version of a package, by the id without version; 0 is the newest."""
        if version:
            rows = await self._database.read(Package, "package_version", id=identifier, version=version)
        else:
            rows = await self._database.read(Package, "package_newest", id=identifier)
        return rows[0] if rows else None

    async def oldest(self, identifier: str) -> Package | None:
        """The first version of a package, by the id without version: whoever made it, made the package."""
        rows = await self._database.read(Package, "package_oldest", id=identifier)
        return rows[0] if rows else None

    async def all(self, *, after: tuple[str, int], most: int) -> list[Package]:
        """So many versions of packages by id and version, from that one on, exclusive."""
        return await self._database.read(Package, "packages", id=after[0], version=after[1], most=most)
