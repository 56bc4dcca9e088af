"""Receipts as they are kept, and the sources that they come from."""

from collections.abc import Sequence
from enum import StrEnum
from typing import cast

import msgspec

from tidings.core.errors import Conflict, NotFound
from tidings.core.receipt import Receipt
from tidings.core.secret import Secret
from tidings.core.vault import Drawer, Vault
from tidings.store.database import Database, Statement, Value
from tidings.store.underway import Said, Underway

NEWEST = 2**62
# Of bodies that are taken at once: they are in memory several times, on their way to the tables.
_MOST_BYTES = 8 << 20


class State(StrEnum):
    """How far a receipt has come."""

    KEPT = "kept"  # on disk, not looked at yet
    UNDERSTOOD = "understood"  # its rows are in the tables
    DUPLICATE = "duplicate"  # an earlier one said the same
    UNREADABLE = "unreadable"  # nobody could say what it means; `reason` says why


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where receipts come from. `addresses` are blocks separated by commas, empty for any."""

    name: str
    dialect: str
    secret: Secret
    addresses: str
    created_at: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt and what became of it."""

    receipt: Receipt
    state: State
    type: str
    reason: str


class Glimpse(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt without what it holds; `size` is its body's, in bytes."""

    id: int
    at: int
    peer: str
    state: State
    type: str
    reason: str
    size: int


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a receipt."""

    id: int
    state: State
    type: str = ""
    reason: str = ""


class _SourceRow(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    dialect: str
    secret: str
    addresses: str
    created_at: int


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    source: str
    at: int
    query: str
    headers: str
    body: bytes
    peer: str
    state: State
    type: str
    reason: str


# Its id, source and instant, then query, headers, body and peer.
_Claimed = tuple[int, str, int, str, str, bytes, str]


class Sources:
    """Keeps sources, their secrets sealed. None is ever deleted: its receipts stay explainable."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def add(self, source: Source, *, also: Sequence[Statement] = ()) -> None:
        """Raises Conflict if there is one of that name, or was."""
        values: dict[str, Value] = {
            "name": source.name,
            "dialect": source.dialect,
            "secret": self._vault.seal(source.secret.reveal(), Drawer.SOURCE_SECRET),
            "addresses": source.addresses,
            "at": source.created_at,
        }
        taken = Conflict(f"there is or was a source {source.name!r} already; use another name")
        await self._database.write(Statement("source_added", values, taken), *also)

    async def end(self, name: str, *, at: int, also: Sequence[Statement] = ()) -> None:
        """Raises NotFound."""
        await self._database.write(Statement("source_ended", {"name": name, "at": at}, no_such_source()), *also)

    async def get(self, name: str, *, also_ended: bool = False) -> Source | None:
        """A source that takes something, or did."""
        rows = await self._database.read(_SourceRow, "source", name=name, ended=int(also_ended))
        return self._opened(rows[0]) if rows else None

    async def list(self, *, after: str = "", most: int = 100) -> Sequence[Source]:
        """So many sources by name, from `after` on, exclusive."""
        rows = await self._database.read(_SourceRow, "sources", after=after, most=most)
        return [self._opened(row) for row in rows]

    def _opened(self, row: _SourceRow) -> Source:
        return Source(
            name=row.name,
            dialect=row.dialect,
            secret=self._vault.secret(row.secret, of=f"the source {row.name}"),
            addresses=row.addresses,
            created_at=row.created_at,
        )


class Receipts:
    """Keeps receipts to the byte, and what became of each.

    A receipt is written when it comes and when it is done, and not twice more between; with its body that is a page of
    the file each time. What is under way is kept in mind; on PostgreSQL, where others claim too, a small table says
    which receipts somebody has taken.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._underway = Underway()

    async def keep(self, receipts: Sequence[Receipt]) -> None:
        """Keep receipts in one commit."""
        rows, end = [], 0
        for one in receipts:
            begin, end = end, end + len(one.body)
            rows.append(
                {
                    "source": one.source,
                    "at": one.at,
                    "query": one.query,
                    "headers": one.headers,
                    "peer": one.peer,
                    "first": begin + 1,
                    "size": len(one.body),
                }
            )
        # The bodies as they are, one behind the other: in JSON they would be twice as long, and written twice.
        values: dict[str, Value] = {
            "receipts": msgspec.json.encode(rows).decode(),
            "bodies": b"".join([one.body for one in receipts]),
        }
        await self._database.write(Statement("receipts_kept", values))

    async def claim(self, *, most: int, now: int, patience_ms: int) -> list[Receipt]:
        """Take so many that nobody has understood, or began to within `patience_ms`; oldest first.

        The last is the one with which their bodies have more than 8 MB.
        """
        before = now - patience_ms
        taken = msgspec.json.encode(self._underway.taken(since=before)).decode()
        values: dict[str, Value] = {"most": most, "now": now, "before": before, "taken": taken, "bytes": _MOST_BYTES}
        [rows] = await self._database.write(Statement("receipts_claimed", values))
        found = [
            Receipt(id=id_, source=source, at=at, query=query, headers=_headers(headers), body=body, peer=peer)
            for id_, source, at, query, headers, body, peer in cast("list[_Claimed]", rows)
        ]
        found.sort(key=lambda one: one.id)
        self._underway.take([one.id for one in found], at=now)
        return found

    async def repetitions(self, said: Sequence[Said]) -> set[int]:
        """Remember what receipts say; the ids of those that are duplicates, which is all that becomes of them.

        Other processes know what was said once it is done.
        """
        self._underway.hear(said)
        told = [
            {
                "id": one.id,
                "type": one.type,
                "once": one.once,
                "window_ms": one.window_ms,
                "again": self._underway.was_told(one),
            }
            for one in said
        ]
        values: dict[str, Value] = {"told": msgspec.json.encode(told).decode()}
        [rows] = await self._database.write(Statement("receipts_repeated", values))
        repeated = {identifier for (identifier,) in rows if isinstance(identifier, int)}
        self._underway.forget(repeated)
        return repeated

    async def done(self, results: Sequence[Done]) -> None:
        """Remember what became of receipts, and to which sinks their rows are owed now."""
        found = [msgspec.structs.asdict(one) | {"once": self._underway.once(one.id)} for one in results]
        done: dict[str, Value] = {"done": msgspec.json.encode(found).decode()}
        await self._database.write(Statement("receipts_done", done), Statement("sinks_owed", done))
        self._underway.forget(one.id for one in results)

    async def of_source(self, source: str, *, unreadable: bool = False, before: int = NEWEST, most: int) -> list[Entry]:
        """So many receipts of a source, newest first, below that id; all, or those that were not understood."""
        name = "receipts_unreadable" if unreadable else "receipts"
        rows = await self._database.read(_Row, name, source=source, before=before, most=most)
        return [_entry(row) for row in rows]

    async def glimpses(
        self, source: str, *, unreadable: bool = False, before: int = NEWEST, most: int
    ) -> list[Glimpse]:
        """As `of_source`, without headers and bodies."""
        name = "receipts_glimpsed_unreadable" if unreadable else "receipts_glimpsed"
        return await self._database.read(Glimpse, name, source=source, before=before, most=most)

    async def one(self, source: str, identifier: int) -> Entry:
        """One receipt of a source. Raises NotFound."""
        for row in await self._database.read(_Row, "receipt_of_source", source=source, id=identifier):
            return _entry(row)
        raise NotFound("there is no such receipt of this source, or it is kept no more")

    async def after(self, identifier: int, *, most: int) -> list[Receipt]:
        """So many receipts of all sources above that id, oldest first, duplicates left out."""
        rows = await self._database.read(_Row, "receipts_from", after=identifier, most=most)
        return [_entry(row).receipt for row in rows]

    async def these(self, identifiers: Sequence[int]) -> list[Receipt]:
        """Those of these receipts that are kept still, oldest first."""
        ids = msgspec.json.encode(identifiers).decode()
        return [_entry(row).receipt for row in await self._database.read(_Row, "receipts_these", ids=ids)]

    async def count(self) -> int:
        """How many receipts there are, duplicates left out."""
        return (await self._database.read(int, "receipts_counted"))[0]

    async def forget(self, *, before: int, most: int) -> int:
        """Forget so many receipts from before that instant; how many there were."""
        [rows] = await self._database.write(Statement("receipts_forgotten", {"before": before, "most": most}))
        return len(rows)


def no_such_source() -> NotFound:
    return NotFound("there is no such source; make one with `tidings source create`")


def _entry(row: _Row) -> Entry:
    receipt = Receipt(
        id=row.id,
        source=row.source,
        at=row.at,
        query=row.query,
        headers=_headers(row.headers),
        body=row.body,
        peer=row.peer,
    )
    return Entry(receipt=receipt, state=row.state, type=row.type, reason=row.reason)


_headers = msgspec.json.Decoder(tuple[tuple[str, str], ...]).decode
