"""Pulse: how much happened in each minute, and what happened last."""

import msgspec

from tidings.core.circuit import Circuit
from tidings.core.delivery import State
from tidings.core.event import Subject
from tidings.store.database import Database, Statement


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many events were kept, attempts succeeded and failed, and callbacks of sources received."""

    kept: int = 0
    delivered: int = 0
    failed: int = 0
    received: int = 0


class Step(Counts, frozen=True, kw_only=True):
    """What happened in a step of time that began `at`."""

    at: int


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """An event, without what it carries."""

    id: int
    type: str
    at: int
    source: str
    subjects: tuple[Subject, ...]


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt, without what was answered. `webhook` is the id outside."""

    id: int
    event: int
    subscription: int
    at: int
    outcome: str
    state: State
    status: int
    webhook: str
    url: str


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook whose last attempt failed."""

    webhook: str
    url: str
    state: str
    delivered: int
    failed: int
    succeeded_at: int
    refused_at: int
    circuit: Circuit


class _Happened(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    type: str
    at: int
    source: str
    subjects: str


class _Trouble(msgspec.Struct, frozen=True, kw_only=True):
    webhook: str
    url: str
    state: str
    delivered: int
    failed: int
    succeeded_at: int
    refused_at: int
    circuit: str


_subjects = msgspec.json.Decoder(tuple[Subject, ...])
_circuit = msgspec.json.Decoder(Circuit)


class Pulse:
    """Writes and reads minutes, and reads what is newest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, minute: int, counts: Counts) -> None:
        """Add what one process did in the minute that began then."""
        await self._database.write(Statement("minute_added", {"minute": minute, **msgspec.structs.asdict(counts)}))

    async def forget(self, *, before: int) -> None:
        await self._database.write(Statement("minutes_swept", {"before": before}))

    async def steps(self, *, since: int, until: int, step_ms: int, most: int) -> list[Step]:
        """What happened from `since` to `until`, by steps that have something, oldest first."""
        return await self._database.read(Step, "minutes_added_up", since=since, until=until, step=step_ms, most=most)

    async def events(self, *, after: int, most: int) -> list[Happened]:
        """So many of the newest events after that id, newest first."""
        rows = await self._database.read(_Happened, "events_newest", after=after, most=most)
        return [
            Happened(id=row.id, type=row.type, at=row.at, source=row.source, subjects=_subjects.decode(row.subjects))
            for row in rows
        ]

    async def attempts(self, *, after: int, most: int) -> list[Tried]:
        """So many of the newest attempts after that id, newest first."""
        return await self._database.read(Tried, "attempts_newest", after=after, most=most)

    async def troubles(self, *, since: int, most: int) -> list[Trouble]:
        """Webhooks whose last attempt failed, the latest first; looks at every lane, so ask it seldom."""
        rows = await self._database.read(_Trouble, "lanes_in_trouble", since=since, most=most)
        return [
            Trouble(**(msgspec.structs.asdict(row) | {"circuit": _circuit.decode(row.circuit or "{}")})) for row in rows
        ]
