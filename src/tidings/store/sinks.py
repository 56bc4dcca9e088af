"""Sinks: where rows are sent on, and which receipts' rows still have to be."""

from collections.abc import Sequence

import msgspec

from tidings.core.errors import Conflict, NotFound
from tidings.core.secret import Secret
from tidings.core.vault import Drawer, Vault
from tidings.store.database import Database, Statement, Value

# A guess: whoever is that far behind is behind.
_COUNTED = 10_000


class Sink(msgspec.Struct, frozen=True, kw_only=True):
    """Where rows of a table (empty: of all) that come from a source (empty: from any) are sent.

    `webhook` is the number of the subscription by which they are delivered.
    """

    name: str
    table: str
    source: str
    webhook: int


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a sink has not got yet, in receipts and in deliveries, and how many of these it will never get."""

    name: str
    receipts: int
    deliveries: int
    failed: int


class Sinks:
    """Keeps sinks, and sealed how they are entered, until they end.

    What a receipt's rows are owed to is noted where it becomes understood, in `Receipts.done`.
    """

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def add(self, sink: Sink, *, settings: Secret, at: int, also: Sequence[Statement] = ()) -> None:
        """Raises Conflict if there is one of that name, or was. Without settings it is a webhook like others."""
        values: dict[str, Value] = {
            "name": sink.name,
            "table_name": sink.table,
            "source": sink.source,
            "webhook": sink.webhook,
            "settings": self._vault.seal(settings.reveal(), Drawer.SINK_SETTINGS) if settings else "",
            "at": at,
        }
        await self._database.write(Statement("sink_added", values, name_taken(sink.name)), *also)

    async def end(self, name: str, *, at: int, also: Sequence[Statement] = ()) -> None:
        """Raises NotFound."""
        ended = Statement("sink_ended", {"name": name, "at": at}, no_such_sink())
        await self._database.write(ended, Statement("sink_emptied", {"name": name}), *also)

    async def get(self, name: str, *, also_ended: bool = False) -> Sink | None:
        found = await self._database.read(Sink, "sink", name=name, ended=int(also_ended))
        return found[0] if found else None

    async def list(self, *, after: str = "", most: int = 100) -> Sequence[Sink]:
        """So many sinks by name, from `after` on, exclusive."""
        return await self._database.read(Sink, "sinks", after=after, most=most)

    async def of_source(self, source: str, *, after: str = "", most: int = 100) -> Sequence[Sink]:
        """So many sinks by name that rows of a source are sent to, from `after` on, exclusive."""
        return await self._database.read(Sink, "sinks_of_source", source=source, after=after, most=most)

    async def settings(self, name: str) -> Secret | None:
        """How a sink is entered, empty if it is a webhook; None if it has ended."""
        for sealed in await self._database.read(str, "sink_settings", name=name):
            return self._vault.secret(sealed, of=f"the sink {name}") if sealed else Secret("")
        return None

    async def standings(self, *, after: str = "", most: int = 100) -> Sequence[Standing]:
        """How so many sinks stand, by name, from `after` on, exclusive; nothing is counted above ten thousand."""
        return await self._database.read(Standing, "sinks_behind", after=after, page=most, most=_COUNTED)

    async def waiting(self, *, before: int, most: int = 100) -> Sequence[Sink]:
        """Sinks to which rows are owed that nobody began to send since that instant."""
        return await self._database.read(Sink, "sinks_waiting", before=before, most=most)

    async def claim(self, name: str, *, most: int, now: int, patience_ms: int) -> Sequence[int]:
        """Take so many receipts whose rows are owed and that nobody took within `patience_ms`, oldest first."""
        values: dict[str, Value] = {"name": name, "most": most, "now": now, "before": now - patience_ms}
        [rows] = await self._database.write(Statement("sink_claimed", values))
        return sorted(identifier for (identifier,) in rows if isinstance(identifier, int))

    async def passed(self, name: str, receipts: Sequence[int]) -> None:
        """There is nothing to send of these."""
        await self._database.write(passing(name, receipts))


def passing(name: str, receipts: Sequence[int]) -> Statement:
    """The rows of these receipts are sent. Conflict if somebody else sent them."""
    values: dict[str, Value] = {"name": name, "receipts": msgspec.json.encode(receipts).decode()}
    return Statement("sink_passed", values, Conflict("the rows were sent already, or the sink has ended"))


def name_taken(name: str) -> Conflict:
    return Conflict(f"there is or was a sink {name!r} already; use another name")


def no_such_sink() -> NotFound:
    return NotFound("there is no such sink; `tidings sink list` shows those that there are")
