"""Gates: webhooks that must answer `preReportTask` with 2xx before a run goes on."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from tidings.core.clock import MINUTE, SECOND
from tidings.core.delivery import State
from tidings.core.errors import Invalid, NotFound
from tidings.core.event import Event
from tidings.core.subscription import Subscription
from tidings.outbox.directory import Directory
from tidings.store.database import Database, Statement
from tidings.store.subscriptions import Subscriptions

# A run that waits holds nothing up but itself; who needs longer fires a trigger when ready (a guess).
LONGEST_WAIT_MS = 60 * MINUTE
SHORTEST_WAIT_MS = SECOND
_MOST = 1_000


class Otherwise(StrEnum):
    """What becomes of a run whose callback was not answered in time."""

    RUN = "run"  # it goes on
    SKIP = "skip"  # nothing is made
    FAIL = "fail"  # it fails, and that is told


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """That a webhook must answer, within so long."""

    subscription: str
    wait_ms: int
    otherwise: Otherwise


class Verdict(StrEnum):
    """How a run stands at its gates."""

    OPEN = "open"
    WAIT = "wait"
    SKIP = "skip"
    FAIL = "fail"


class Gates:
    """Keeps gates, by the ids of webhooks, and tells whether they are open."""

    def __init__(self, database: Database, *, subscriptions: Subscriptions, directory: Directory) -> None:
        self._database = database
        self._subscriptions = subscriptions
        self._directory = directory

    async def set(self, subscription_id: str, *, wait_ms: int, otherwise: str = Otherwise.RUN) -> Gate:
        """Runs wait for that webhook's answer from now on, so long. Raises Invalid and NotFound."""
        if not SHORTEST_WAIT_MS <= wait_ms <= LONGEST_WAIT_MS:
            raise Invalid(f"waitMs: use {SHORTEST_WAIT_MS} to {LONGEST_WAIT_MS}")
        if otherwise not in list(Otherwise):
            raise Invalid(f"otherwise: use one of {', '.join(Otherwise)}")
        if await self._subscriptions.get(subscription_id) is None:
            raise NotFound("there is no such webhook")
        gate = Gate(subscription=subscription_id, wait_ms=wait_ms, otherwise=Otherwise(otherwise))
        await self._database.write(Statement("report_gate_set", msgspec.structs.asdict(gate)))
        return gate

    async def get(self, subscription_id: str) -> Gate | None:
        """How a webhook must answer; None if it need not."""
        found = await self._database.read(Gate, "report_gate", subscription=subscription_id)
        return found[0] if found else None

    async def remove(self, subscription_id: str) -> None:
        """It need not answer any more."""
        await self._database.write(Statement("report_gate_removed", {"subscription": subscription_id}))

    async def any(self) -> bool:
        """Whether anybody must answer."""
        return bool(await self._database.read(Gate, "report_gates", most=1))

    async def verdict(self, event: Event, *, waited_ms: int) -> Verdict:
        """How a run stands whose event was told so long ago."""
        verdicts = {
            await self._of(gate, webhook.number, event=event.id, waited_ms=waited_ms)
            for gate, webhook in await self._at(event)
        }
        for one in (Verdict.FAIL, Verdict.SKIP, Verdict.WAIT):
            if one in verdicts:
                return one
        return Verdict.OPEN

    async def _at(self, event: Event) -> Sequence[tuple[Gate, Subscription]]:
        gates = {one.subscription: one for one in await self._database.read(Gate, "report_gates", most=_MOST)}
        if not gates:
            return []
        await self._directory.refresh()
        return [(gates[one.id], one) for one in self._directory.index.matches(event) if one.id in gates]

    async def _of(self, gate: Gate, webhook: int, *, event: int, waited_ms: int) -> Verdict:
        states = await self._database.read(str, "report_answers", subscription=webhook, event=event)
        if State.DELIVERED in states:
            return Verdict.OPEN
        if not states and waited_ms < gate.wait_ms:
            return Verdict.WAIT
        return {Otherwise.RUN: Verdict.OPEN, Otherwise.SKIP: Verdict.SKIP, Otherwise.FAIL: Verdict.FAIL}[gate.otherwise]
