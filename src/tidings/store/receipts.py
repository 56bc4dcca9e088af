"""Receipts as they are kept, and the sources that they come from."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from tidings.core.errors import Conflict, NotFound
from tidings.core.receipt import Receipt
from tidings.core.secret import Secret
from tidings.core.vault import Vault
from tidings.store.database import Database, Statement, Value

NEWEST = 2**62


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


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt says. Of equal ones (`once`) within `window_ms` the later are duplicates."""

    id: int
    type: str
    once: str
    window_ms: int = NEWEST


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
            "secret": self._vault.seal(source.secret.reveal()),
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
            secret=Secret(self._vault.open(row.secret)),
            addresses=row.addresses,
            created_at=row.created_at,
        )


class Receipts:
    """Keeps receipts to the byte, and what became of each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, receipts: Sequence[Receipt]) -> None:
        """Keep receipts in one commit."""
        rows = [
            {
                "source": one.source,
                "at": one.at,
                "query": one.query,
                "headers": msgspec.json.encode(one.headers).decode(),
                "body": one.body.hex(),
                "peer": one.peer,
            }
            for one in receipts
        ]
        await self._database.write(Statement("receipts_kept", {"receipts": msgspec.json.encode(rows).decode()}))

    async def claim(self, *, most: int, now: int, patience_ms: int) -> list[Receipt]:
        """Take so many that nobody has understood, or began to within `patience_ms`; oldest first."""
        values: dict[str, Value] = {"most": most, "now": now, "before": now - patience_ms}
        [rows] = await self._database.write(Statement("receipts_claimed", values))
        names = ("id", "source", "at", "query", "headers", "body", "peer")
        found = [_receipt(dict(zip(names, row, strict=True))) for row in rows]
        return sorted(found, key=lambda one: one.id)

    async def repetitions(self, said: Sequence[Said]) -> set[int]:
        """Remember what receipts say; the ids of those that are duplicates, which is all that becomes of them."""
        values: dict[str, Value] = {"told": msgspec.json.encode(said).decode()}
        _, rows = await self._database.write(Statement("receipts_told", values), Statement("receipts_repeated", values))
        return {identifier for (identifier,) in rows if isinstance(identifier, int)}

    async def done(self, results: Sequence[Done]) -> None:
        """Remember what became of receipts, and to which sinks their rows are owed now."""
        done: dict[str, Value] = {"done": msgspec.json.encode(results).decode()}
        await self._database.write(Statement("receipts_done", done), Statement("sinks_owed", done))

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


def _receipt(row: dict[str, object]) -> Receipt:
    headers = msgspec.json.decode(str(row.pop("headers")), type=tuple[tuple[str, str], ...])
    return msgspec.convert({**row, "headers": headers}, Receipt)


def _entry(row: _Row) -> Entry:
    receipt = Receipt(
        id=row.id,
        source=row.source,
        at=row.at,
        query=row.query,
        headers=msgspec.json.decode(row.headers, type=tuple[tuple[str, str], ...]),
        body=row.body,
        peer=row.peer,
    )
    return Entry(receipt=receipt, state=row.state, type=row.type, reason=row.reason)
