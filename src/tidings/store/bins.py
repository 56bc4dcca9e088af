"""Bins: named places that keep whatever is sent to them, and what they caught."""

from collections.abc import Sequence

import msgspec

from tidings.core.errors import Conflict, NotFound
from tidings.core.reply import Replies
from tidings.store.database import Database, Statement, Value

NEWEST = 2**62


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """A bin that is alive until `expires_at`. `viewer` is the hash of the token that shows what is in it.

    `captured` counts every request that ever came. Where nobody logged in, `connector` is empty and `address` whose.
    """

    name: str
    connector: str
    viewer: str
    expires_at: int
    address: str = ""
    captured: int = 0
    replies: Replies = Replies()


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came. `peer` is the connection's other end, `client` whom a trusted proxy names.

    `tls_version` and `tls_cipher` are named as OpenSSL does; empty where TLS did not end here. `took_ms` is the time
    from its head to the end of its body.
    """

    at: int
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    peer: str
    client: str
    http_version: str = "1.1"
    is_tls: bool = False
    tls_version: str = ""
    tls_cipher: str = ""
    took_ms: int = 0

    def header(self, name: str) -> str:
        """The first header of that name, which is in lower case; empty if there is none."""
        return next((value for key, value in self.headers if key.lower() == name), "")


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """A request that a bin caught, and the status that it was answered; `number` counts them from 1."""

    number: int
    request: Request
    status: int = 200


class Glimpse(msgspec.Struct, frozen=True, kw_only=True):
    """A caught request without headers and body; `size` is the body's, in bytes."""

    number: int
    at: int
    method: str
    path: str
    query: str
    status: int
    size: int


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A bin among all others: whose it is, by the connector's name, and when its last request came, 0 for none."""

    name: str
    connector: str
    address: str
    captured: int
    created_at: int
    expires_at: int
    last_at: int


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many bins a connector has, in all and from one address."""

    in_all: int
    from_address: int


class _BinRow(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    connector: str
    address: str
    viewer: str
    captured: int
    replies: str
    expires_at: int


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
    http_version: str
    is_tls: int
    tls_version: str
    tls_cipher: str
    took_ms: int
    status: int


def no_such_bin(name: str) -> NotFound:
    return NotFound(f"there is no bin {name!r}; make one with POST /v1/bins or `tidings listen`")


class Bins:
    """Keeps bins and what they catch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(self, bin_: Bin, *, now: int) -> None:
        """Make a bin, or prolong the connector's own one. Raises Conflict if the name is somebody else's."""
        taken = Conflict(f"the bin {bin_.name!r} belongs to somebody else; choose another name")
        values: dict[str, Value] = {
            "name": bin_.name,
            "connector": bin_.connector,
            "address": bin_.address,
            "viewer": bin_.viewer,
            "now": now,
            "expires_at": bin_.expires_at,
        }
        await self._database.write(
            Statement("bin_cleared", {"name": bin_.name, "now": now}), Statement("bin_made", values, taken)
        )

    async def get(self, name: str, *, now: int) -> Bin:
        """A bin that is alive. Raises NotFound."""
        rows = await self._database.read(_BinRow, "bin", name=name, now=now)
        if not rows:
            raise no_such_bin(name)
        return _bin(rows[0])

    async def of(self, connector: str, *, after: str, most: int, now: int) -> Sequence[Bin]:
        """So many of a connector's bins by name, from `after` on, exclusive."""
        rows = await self._database.read(_BinRow, "bins_of", connector=connector, after=after, most=most, now=now)
        return [_bin(row) for row in rows]

    async def all(self, *, after: str, most: int, now: int) -> Sequence[Standing]:
        """So many of everybody's bins by name, from `after` on, exclusive."""
        return await self._database.read(Standing, "bins_standing", after=after, most=most, now=now)

    async def count(self, connector: str, *, address: str, besides: str, now: int) -> Count:
        """How many bins a connector has that are alive, besides the one of that name."""
        values: dict[str, Value] = {"connector": connector, "address": address, "name": besides, "now": now}
        return (await self._database.read(Count, "bins_counted", **values))[0]

    async def set_replies(self, name: str, replies: Replies, *, now: int) -> None:
        """Have a bin answer so from now on. Raises NotFound."""
        text = msgspec.json.encode(replies).decode()
        await self._database.write(
            Statement("bin_replies", {"name": name, "replies": text, "now": now}, no_such_bin(name))
        )

    async def end(self, name: str, *, now: int) -> None:
        """End a bin and forget what it caught."""
        await self._database.write(
            Statement("bin_ended", {"name": name, "now": now}), Statement("bin_cleared", {"name": name, "now": now})
        )

    async def empty(self, name: str) -> None:
        """Forget what a bin caught."""
        await self._database.write(Statement("captures_emptied", {"name": name}))

    async def catch(self, name: str, request: Request, *, status: int, most: int) -> None:
        """Keep a request and what it is answered; of those before it, only the newest stay. Raises NotFound."""
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
            "http_version": request.http_version,
            "is_tls": int(request.is_tls),
            "tls_version": request.tls_version,
            "tls_cipher": request.tls_cipher,
            "took_ms": request.took_ms,
            "status": status,
        }
        await self._database.write(
            Statement("bin_counted", {"name": name, "now": request.at}, no_such_bin(name)),
            Statement("capture_added", values),
            Statement("captures_trimmed", {"name": name, "most": most}),
        )

    async def caught(self, name: str, *, after: int, most: int) -> list[Capture]:
        """What a bin caught after that number, oldest first."""
        return [_capture(row) for row in await self._database.read(_Row, "captures", name=name, after=after, most=most)]

    async def newest(self, name: str, *, before: int, most: int) -> list[Capture]:
        """What a bin caught before that number, newest first."""
        rows = await self._database.read(_Row, "captures_newest", name=name, before=before, most=most)
        return [_capture(row) for row in rows]

    async def one(self, name: str, number: int) -> Capture:
        """One request that a bin caught. Raises NotFound."""
        rows = await self._database.read(_Row, "capture", name=name, number=number)
        if not rows:
            raise NotFound(f"the bin {name!r} has no request {number}, or has it no more")
        return _capture(rows[0])

    async def glimpses(self, name: str, *, after: int, most: int) -> list[Glimpse]:
        """What a bin caught after that number, oldest first."""
        return await self._database.read(Glimpse, "glimpses", name=name, after=after, most=most)

    async def newest_glimpses(self, name: str, *, before: int, most: int) -> list[Glimpse]:
        """What a bin caught before that number, newest first."""
        return await self._database.read(Glimpse, "glimpses_newest", name=name, before=before, most=most)

    async def forget(self, *, before: int, now: int, most: int) -> int:
        """Forget so many requests older than that, and bins that have run out; how many requests went."""
        gone, _ = await self._database.write(
            Statement("captures_forgotten", {"before": before, "most": most}),
            Statement("bins_forgotten", {"now": now}),
        )
        return len(gone)


def _bin(row: _BinRow) -> Bin:
    return Bin(
        name=row.name,
        connector=row.connector,
        address=row.address,
        viewer=row.viewer,
        captured=row.captured,
        replies=msgspec.json.decode(row.replies, type=Replies) if row.replies else Replies(),
        expires_at=row.expires_at,
    )


def _capture(row: _Row) -> Capture:
    return Capture(
        number=row.number,
        status=row.status,
        request=Request(
            at=row.at,
            method=row.method,
            path=row.path,
            query=row.query,
            headers=msgspec.json.decode(row.headers, type=tuple[tuple[str, str], ...]),
            body=row.body,
            peer=row.peer,
            client=row.client,
            http_version=row.http_version,
            is_tls=bool(row.is_tls),
            tls_version=row.tls_version,
            tls_cipher=row.tls_cipher,
            took_ms=row.took_ms,
        ),
    )
