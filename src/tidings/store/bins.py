"""Bins: named places that keep whatever is sent to them, and what they caught."""

import msgspec

from tidings.core.errors import Conflict, NotFound
from tidings.store.database import Database, Statement, Value


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """A bin that is alive until `expires_at`. `viewer` is the hash of the token that shows what is in it."""

    name: str
    connector: str
    viewer: str
    expires_at: int


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came. `peer` is the connection's other end, `client` whom a trusted proxy names."""

    at: int
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    peer: str
    client: str


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """A request that a bin caught; `number` counts them from 1."""

    number: int
    request: Request


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    at: int
    method: str
    path: str
    query: str
    headers: str
    body: bytes
    peer: str
    client: str


def no_such_bin(name: str) -> NotFound:
    return NotFound(f"there is no bin {name!r}; make one with POST /v1/bins or `tidings listen`")


class Bins:
    """Keeps bins and what they catch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(self, bin_: Bin, *, now: int) -> None:
        """Make a bin, or prolong the connector's own one. Raises Conflict if the name is somebody else's."""
        taken = Conflict(f"the bin {bin_.name!r} belongs to somebody else; choose another name")
        values: dict[str, Value] = {"name": bin_.name, "connector": bin_.connector, "viewer": bin_.viewer, "now": now}
        await self._database.write(
            Statement("bin_cleared", {"name": bin_.name, "now": now}),
            Statement("bin_made", {**values, "expires_at": bin_.expires_at}, taken),
        )

    async def get(self, name: str, *, now: int) -> Bin:
        """A bin that is alive. Raises NotFound."""
        rows = await self._database.read(Bin, "bin", name=name, now=now)
        if not rows:
            raise no_such_bin(name)
        return rows[0]

    async def end(self, name: str, *, now: int) -> None:
        """End a bin and forget what it caught."""
        await self._database.write(
            Statement("bin_ended", {"name": name, "now": now}), Statement("bin_cleared", {"name": name, "now": now})
        )

    async def catch(self, name: str, request: Request, *, most: int) -> None:
        """Keep a request; of those before it, only the newest stay. Raises NotFound."""
        values: dict[str, Value] = {
            "name": name,
            "at": request.at,
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": msgspec.json.encode(request.headers).decode(),
            "body": request.body,
            "peer": request.peer,
            "client": request.client,
        }
        await self._database.write(
            Statement("bin_counted", {"name": name, "now": request.at}, no_such_bin(name)),
            Statement("capture_added", values),
            Statement("captures_trimmed", {"name": name, "most": most}),
        )

    async def caught(self, name: str, *, after: int, most: int) -> list[Capture]:
        """What a bin caught after that number, oldest first."""
        rows = await self._database.read(_Row, "captures", name=name, after=after, most=most)
        return [
            Capture(
                number=row.number,
                request=Request(
                    at=row.at,
                    method=row.method,
                    path=row.path,
                    query=row.query,
                    headers=msgspec.json.decode(row.headers, type=tuple[tuple[str, str], ...]),
                    body=row.body,
                    peer=row.peer,
                    client=row.client,
                ),
            )
            for row in rows
        ]

    async def forget(self, *, before: int, now: int, most: int) -> int:
        """Forget so many requests older than that, and bins that have run out; how many requests went."""
        gone, _ = await self._database.write(
            Statement("captures_forgotten", {"before": before, "most": most}),
            Statement("bins_forgotten", {"now": now}),
        )
        return len(gone)
