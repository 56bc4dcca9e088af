"""Database: what the rest of Tidings asks of a store, and the values that pass; two engines keep this contract."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from tidings.core.delivery import Attempt, Debt, Result
from tidings.core.errors import TidingsError
from tidings.core.event import Event
from tidings.store.unopened import Unopened

T = TypeVar("T")
Value = str | int | float | bytes | None


class Statement(msgspec.Struct, frozen=True):
    """A named statement of `store/sql/` with its values.

    `otherwise` is raised, and everything in the same transaction undone, if the statement touched no row.
    """

    name: str
    values: Mapping[str, Value] = {}
    otherwise: TidingsError | None = None


class Key(msgspec.Struct, frozen=True, gc=False):
    """What a caller calls a publication: unique per connector. The same key with another hash is a conflict."""

    text: str
    hash: bytes


class Owed(msgspec.Struct, frozen=True, gc=False):
    """A debt to make: to whom, in which order (None: in none), and whether the process that keeps it sends it at once.

    What is handed over is leased to that process in the same transaction; the rest waits in the table.
    """

    subscription: int
    order_key: str | None = None
    is_handed_over: bool = False


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """An event to keep, with all that must be true exactly if it is kept: its debts, keys, and other statements."""

    event: Event
    owed: Sequence[Owed] = ()
    keys: Sequence[Key] = ()
    also: Sequence[Statement] = ()


class Kept(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event that is on disk. For a duplicate, `id`, `wire_id` and `deliveries` are those of the first time."""

    id: int
    wire_id: str = ""
    deliveries: int = 0
    is_duplicate: bool = False


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A lane that has free slots. `is_ordered`: only debts with no older debt of the same order key are given.

    `rate` is deliveries a second, 0 for no limit; its state is kept in the store, so it holds over all processes.
    """

    subscription: int
    most: int
    is_ordered: bool = False
    rate: float = 0.0


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Debts that are now the owner's, oldest first per lane, and when each lane has something due (absent: never).

    A lane whose debts all wait behind one in flight is absent too: it must be asked again when that one is settled.
    """

    debts: list[Debt]
    again: dict[int, int]


class Settlement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was tried and what it made of the delivery; `first_at` as the debt must remember it from now on."""

    attempt: Attempt
    result: Result
    first_at: int


class LaneChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch of settlements means for a subscription's health; counts are added, instants replace (0: unchanged).

    `circuit` is JSON of `tidings.core.circuit.Circuit`, empty if unchanged.
    """

    subscription: int
    delivered: int = 0
    failed: int = 0
    succeeded_at: int = 0
    refused_at: int = 0
    circuit: str = ""


class Stale(Exception):
    """The subscriptions changed since the index that matched this batch; nothing was kept. Reload and match again."""


class Database(Protocol):
    """One behaviour, two engines. Every method is one transaction and either happens whole or not at all.

    Raises `core.errors.Unavailable` when the engine cannot keep anything just now (disk full, locked, lost).
    """

    engine: str
    unopened: Unopened
    parallel_batches: int  # how many `keep`s at once are worth while: 1 for SQLite's single writer

    async def migrate(self) -> list[str]:
        """Bring the schema up to date under a lock; the names of the migrations that were run."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of everything."""
        ...

    async def read(self, shape: type[T], name: str, /, **values: Value) -> list[T]:
        """Rows of a named statement, each converted to that msgspec struct by column names, or to a scalar type."""
        ...

    async def write(self, *statements: Statement) -> list[list[tuple[Value, ...]]]:
        """Run statements in one transaction; what each one RETURNs."""
        ...

    async def keep(self, publications: Sequence[Publication], *, version: int, owner: int) -> list[Kept | TidingsError]:
        """Keep a batch in one transaction, if the subscriptions are still at that version (`Stale` otherwise).

        One that cannot be kept (a conflicting key, an `otherwise`) gets its error and does not sink the others.
        """
        ...

    async def claim(self, wanted: Sequence[Wanted], *, owner: int, now: int) -> Claim:
        """Take due debts of those lanes for ourselves."""
        ...

    async def settle(
        self,
        settlements: Sequence[Settlement],
        lanes: Sequence[LaneChange],
        *,
        owner: int,
        also: Sequence[Statement] = (),
        is_awaited: bool = False,
    ) -> None:
        """Record attempts and what became of the debts, and run `also` before, in the same transaction.

        `is_awaited`: something waits for it to be on disk, so it does not wait for company itself.

        A success, and any final result of it, settles the debt whoever reports it; a failure changes the debt only
        while it is still `owner`'s. The attempt is kept in any case.
        """
        ...

    async def release(self, debts: Sequence[tuple[int, int]], *, owner: int) -> None:
        """Give back debts, as (subscription, event), that were not tried."""
        ...

    async def backlog(self, *, after: int, most: int) -> list[tuple[int, int]]:
        """Lanes with unclaimed debts as (subscription, earliest due), by subscription from `after` on, exclusive."""
        ...

    async def enrol(self) -> int:
        """Register this process as an owner of debts; its number, never used again."""
        ...

    async def beat(self, owner: int) -> list[int]:
        """Say that we live; take the debts of dead owners back into the table; the numbers of the dead.

        Raises `core.errors.Conflict` if we were declared dead ourselves: nothing may be sent under that number.
        """
        ...

    async def retire(self, owner: int) -> None:
        """End an owner in good order: whatever is still its own goes back into the table."""
        ...

    async def expire(self, *, before: int, most: int) -> int:
        """Forget events, attempts, keys and the debts to them older than that instant; how many events went.

        Called until it answers less than `most`. Debts that expire leave an attempt-less `cancelled` outcome.
        """
        ...

    async def ring(self, topic: str) -> None:
        """Tell the other processes that something is due or has changed (`owed`, `subscriptions`, `access`)."""
        ...

    async def heard(self) -> str:
        """Wait for another process to ring, or for the poll that replaces a lost ring; the topic, `poll` for that."""
        ...
