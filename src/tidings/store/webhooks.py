"""Webhooks as lists: which there are, how each fares, and what its subjects are called."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from tidings.core.circuit import Circuit
from tidings.core.delivery import State as DeliveryState
from tidings.core.event import Subject
from tidings.core.subscription import State
from tidings.store.cursor import read_cursor
from tidings.store.database import Database, Value
from tidings.store.event_row import json_text
from tidings.store.unopened import Unopened

# Webhooks that one page looks through: some fifteen milliseconds, whatever there is to find (measured on SQLite).
LOOK = 2_000
_STEP = 200
_LAST = 2**62
_ESCAPED = re.compile(r"[\\%_]")


class Standing(StrEnum):
    """How a webhook stands, in one word."""

    ACTIVE = "active"  # what is owed is sent, and the last attempt succeeded, if there was one
    FAILING = "failing"  # the last attempt failed
    DISABLED = "disabled"  # events are held until somebody makes it active
    HELD = "held"  # events are held: its owner may not hear them now, or its connector was revoked, or a key lacks
    ENDED = "ended"  # nothing is matched any more


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook in a list: nothing of it is secret. Instants are epoch milliseconds, 0 for never."""

    number: int
    id: str
    subject: Subject
    types: tuple[str, ...]
    url: str
    format: str
    state: State
    withheld: bool
    connector: str
    owner: str
    created_at: int
    expires_at: int
    delivered: int
    failed: int
    succeeded_at: int
    refused_at: int
    circuit: Circuit

    @property
    def standing(self) -> Standing:
        return standing_of(self.state, withheld=self.withheld, is_failing=self.refused_at > self.succeeded_at)


def standing_of(state: State, *, withheld: bool, is_failing: bool) -> Standing:
    if state is not State.ACTIVE:
        return Standing(state.value)
    if withheld:
        return Standing.HELD
    return Standing.FAILING if is_failing else Standing.ACTIVE


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt, without what was answered. `timings` as in `core.delivery.Attempt`."""

    event: int
    at: int
    outcome: str
    state: DeliveryState
    status: int
    timings: tuple[float, ...]
    is_probe: bool


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """An application's id, and the connector whose it is."""

    id: str
    connector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which webhooks a list is of; made by the functions below. `also` narrows it by what no index knows."""

    statement: str
    values: Mapping[str, Value] = field(default_factory=dict)
    also: Callable[[Webhook], bool] = field(default=lambda webhook: True)  # noqa: ARG005


ALL = Scope(statement="webhooks_newest")


def about(subject: Subject) -> Scope:
    """Those on one subject."""
    return Scope(statement="webhooks_about", values={"kind": subject.kind, "object": subject.id})


def of_connector(connector: str) -> Scope:
    """Those that a connector made."""
    return Scope(statement="webhooks_of_connector", values={"connector": connector})


def of_owner(owner: str) -> Scope:
    """Those that a person made."""
    return Scope(statement="webhooks_of_owner", values={"owner": owner})


def within_reach(person: str) -> Scope:
    """Those that a person made, and those on groups of which they are an admin."""
    return Scope(statement="webhooks_within_reach", values={"person": person})


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    id: str
    kind: str
    object: str
    types: str
    url: str
    format: str
    state: State
    withheld: int
    connector: str
    owner: str
    created_at: int
    expires_at: int
    delivered: int
    failed: int
    succeeded_at: int
    refused_at: int
    circuit: str


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    id: str
    name: str


class _Trial(msgspec.Struct, frozen=True, kw_only=True):
    event: int
    at: int
    outcome: str
    state: DeliveryState
    status: int
    timings: str
    is_probe: bool


_types = msgspec.json.Decoder(tuple[str, ...])
_circuit = msgspec.json.Decoder(Circuit)
_timings = msgspec.json.Decoder(tuple[float, ...])


class Webhooks:
    """Reads them; what of a webhook is secret is `store.subscriptions`' to tell."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        scope: Scope,
        *,
        limit: int,
        cursor: str = "",
        standing: Standing | None = None,
        part: str = "",
        kind: str = "",
    ) -> tuple[list[Webhook], str]:
        """Those of a scope, newest first, with that in their URL; and a cursor, empty at the end.

        Without a standing, all that have not ended. A call looks at no more than 2,000: it may find few or none, and
        still there is a cursor to go on with.
        """

        def is_wanted(one: Webhook) -> bool:
            return (
                (one.standing is standing if standing else one.state is not State.ENDED)
                and part.lower() in one.url.lower()
                and kind in {"", one.subject.kind}
                and scope.also(one)
            )

        before, found = read_cursor(cursor, start=_LAST), list[Webhook]()
        for _ in range(LOOK // _STEP):
            step = await self._step(scope, before=before)
            for one in filter(is_wanted, step):
                found.append(one)
                if len(found) == limit:
                    return found, str(one.number)
            if len(step) < _STEP:
                return found, ""
            before = step[-1].number
        return found, str(before)

    async def attempts(self, number: int, *, most: int) -> list[Trial]:
        """So many attempts for the newest events of a webhook, newest event first."""
        rows = await self._database.read(_Trial, "webhook_attempts", subscription=number, most=most)
        return [Trial(**(msgspec.structs.asdict(row) | {"timings": _timings.decode(row.timings)})) for row in rows]

    async def names(self, subjects: Sequence[Subject]) -> dict[Subject, str]:
        """What groups, actions and packages are called, of those that have a name."""
        lists = {
            f"{kind}s": json_text(sorted({one.id for one in subjects if one.kind == word}))
            for word, kind in (("Group", "group"), ("Action", "action"), ("ActionPackage", "package"))
        }
        rows = await self._database.read(_Named, "subjects_named", **lists)
        return {Subject(row.kind, row.id): row.name for row in rows if row.name}

    async def applications(self, *, part: str = "", after: str = "", most: int) -> list[Application]:
        """So many applications by id with that in it, from `after` on, exclusive."""
        escaped = _ESCAPED.sub(r"\\\g<0>", part)
        return await self._database.read(Application, "applications", like=f"%{escaped}%", after=after, most=most)

    async def _step(self, scope: Scope, *, before: int) -> list[Webhook]:
        numbers = await self._database.read(int, scope.statement, before=before, most=_STEP, **scope.values)
        if not numbers:
            return []
        # As texts: PostgreSQL reads them so out of a list.
        rows = await self._database.read(_Row, "webhooks_told", numbers=json_text([str(one) for one in numbers]))
        return [_webhook(row, unopened=self._database.unopened) for row in rows]


def _webhook(row: _Row, *, unopened: Unopened) -> Webhook:
    return Webhook(
        number=row.number,
        id=row.id,
        subject=Subject(row.kind, row.object),
        types=_types.decode(row.types),
        url=row.url,
        format=row.format,
        state=row.state,
        withheld=bool(row.withheld) or row.number in unopened,
        connector=row.connector,
        owner=row.owner,
        created_at=row.created_at,
        expires_at=row.expires_at,
        delivered=row.delivered,
        failed=row.failed,
        succeeded_at=row.succeeded_at,
        refused_at=row.refused_at,
        circuit=_circuit.decode(row.circuit) if row.circuit else Circuit(),
    )
