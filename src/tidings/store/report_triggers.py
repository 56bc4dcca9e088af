"""Triggers of report tasks, as they are kept: which there are, and what event fires them."""

from collections.abc import Sequence

import msgspec

from tidings.core.errors import Conflict, NotFound
from tidings.core.event import Subject
from tidings.store.database import Database, Statement, Value
from tidings.store.event_row import json_text

_types = msgspec.json.Decoder(tuple[str, ...])


class Hearing(msgspec.Struct, frozen=True, kw_only=True):
    """Which events fire a trigger. `webhook` is the number of the subscription that hears them, None before it is."""

    name: str
    subject: Subject
    types: tuple[str, ...]
    webhook: int | None = None


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """A trigger, how many tasks it has, and what fires it besides people and programs."""

    name: str
    tasks: int
    hears: Hearing | None


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: str
    subject: str
    types: str
    webhook: int | None
    tasks: int = 0


def trigger_hears(hearing: Hearing, *, by: str, at: int) -> Statement:
    """Raises Conflict if an event fires it already."""
    values: dict[str, Value] = {
        "name": hearing.name,
        "kind": hearing.subject.kind,
        "subject": hearing.subject.id,
        "types": json_text(hearing.types),
        "by": by,
        "at": at,
    }
    taken = Conflict(f"an event fires the trigger {hearing.name!r} already; end that first")
    return Statement("report_trigger_hears", values, taken)


def trigger_subscribed(name: str, *, webhook: int) -> Statement:
    """That subscription hears the events of a trigger. Raises Conflict if another one does, or none need."""
    other = Conflict("the events of this trigger are heard already, or need not be any more")
    return Statement("report_trigger_subscribed", {"name": name, "webhook": webhook}, other)


def trigger_deaf(hearing: Hearing) -> Statement:
    """No event fires it any more. Raises Conflict if it has another subscription now, or none of this name is left."""
    other = Conflict("the events of this trigger were just subscribed to, or are heard no more; load it again")
    return Statement("report_trigger_deaf", {"name": hearing.name, "webhook": hearing.webhook or 0}, other)


def not_heard(name: str) -> NotFound:
    return NotFound(f"no event fires a trigger {name[:40]!r}; only what one does can be ended")


class ReportTriggers:
    """Reads triggers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, *, after: str, most: int) -> Sequence[Trigger]:
        """So many triggers by name, from `after` on, exclusive."""
        rows = await self._database.read(_Row, "report_triggers", after=after, most=most)
        return [Trigger(name=row.name, tasks=row.tasks, hears=_hearing(row) if row.kind else None) for row in rows]

    async def hearing(self, name: str) -> Hearing | None:
        """What fires a trigger; None for no event."""
        rows = await self._database.read(_Row, "report_trigger", name=name)
        return _hearing(rows[0]) if rows else None

    async def unheard(self, *, after: str = "", most: int) -> Sequence[Hearing]:
        """So many whose events nobody subscribed to yet, by name, from `after` on, exclusive."""
        rows = await self._database.read(_Row, "report_triggers_unheard", after=after, most=most)
        return [_hearing(row) for row in rows]


def _hearing(row: _Row) -> Hearing:
    return Hearing(
        name=row.name, subject=Subject(row.kind, row.subject), types=_types.decode(row.types), webhook=row.webhook
    )
